/* SPDX-License-Identifier: Apache-2.0 */
/** Payments: intents, captures, events, settlements and refunds. One round trip each; amounts in minor units. */
#ifndef ORDERS_STORE_PAYMENT_H
#define ORDERS_STORE_PAYMENT_H

#include "store/order.h"

typedef struct orders_record_intent_t {
    int64_t payment_id;
    const char *intent_id, *pay_url, *reference;
} orders_record_intent_t;

/** Records the intent that a provider has created, and completes the idempotency record of the writer's key. May be repeated. */
orders_problem_t *orders_payment_record_intent(const orders_writer_t *writer,
                                               const orders_record_intent_t *intent,
                                               orders_written_t **written) ORDERS_MUSTCHECK;

typedef struct orders_intent_failure_t {
    int64_t payment_id;
    const char *code, *message;
    bool refused; /**< true: the provider refused; false: it did not reply */
} orders_intent_failure_t;

orders_problem_t *orders_payment_record_failure(const orders_writer_t *writer,
                                                const orders_intent_failure_t *failure,
                                                orders_written_t **written) ORDERS_MUSTCHECK;

typedef struct orders_payment_event_t {
    const char *channel, *event_id, *type;
    const char *raw_type;    /**< the provider's own name of the type, or NULL */
    const char *payment_key; /**< the payment's provider key, a UUID; NULL: not given */
    const char *intent_id, *transaction_id;
    int64_t amount; /**< 0: not given */
    const char *currency, *code, *message;
    const char *capture_id; /**< the capture that was refunded, or NULL */
    int32_t for_tenant;     /**< the tenant that the event names; 0: none */
} orders_payment_event_t;

/** An event that was refused, for the log. */
typedef struct orders_refused_event_t {
    orders_payment_event_t event;
    const char *payment; /**< id of the payment, or the key in the event; NULL: neither */
    const char *refusal; /**< the error code */
} orders_refused_event_t;

/**
 * Stores an event and applies it. The outcome is done, unchanged, waiting or refused; the last has `refusal` and `detail`. A refused
 * event is stored and is not an error. `replayed`: the event had been processed before. Outcome `capture`: the caller has to capture
 * the payment `id`, and nothing is stored.
 */
orders_problem_t *orders_payment_apply_event(const orders_reader_t *reader,
                                             const orders_payment_event_t *event,
                                             orders_written_t **written) ORDERS_MUSTCHECK;

/** Executes a statement that returns tasks of payments. `*task` is the first of them, or NULL. */
orders_problem_t *orders_payment_work_task(const orders_reader_t *reader,
                                           const orders_statement_t *statement,
                                           const orders_params_t *params,
                                           orders_payment_task_t **task) ORDERS_MUSTCHECK;

/**
 * Records that a payment will be captured. Call it before the provider. `read_first`: an earlier request may have captured
 * it. `lease`: seconds for the call of the provider; after that the worker takes over. `*task` has a capture_step; it is NULL if there
 * is nothing to capture.
 */
orders_problem_t *orders_payment_begin_capture(const orders_reader_t *reader, int64_t payment_id,
                                               bool read_first, int lease,
                                               orders_payment_task_t **task) ORDERS_MUSTCHECK;

/** The reply of a provider to a capture. */
typedef struct orders_record_capture_t {
    int64_t payment_id;
    const char *outcome; /**< as in orders_capture_reply_t, or `unknown`: no reply */
    const char *transaction_id;
    int64_t amount; /**< 0: not given */
    const char *currency, *code, *message;
    const char *payer; /**< mail address of the payer, or NULL */
} orders_record_capture_t;

/** Records the reply and applies it. `written`: as in orders_payment_apply_event. */
orders_problem_t *orders_payment_record_capture(const orders_reader_t *reader,
                                                const orders_record_capture_t *capture,
                                                orders_written_t **written) ORDERS_MUSTCHECK;

typedef struct orders_settle_t {
    orders_order_ref_t order;
    const char *method, *reference; /**< method NULL: that of the order; reference NULL: none */
    apr_array_header_t *match;
} orders_settle_t;

/** Settles the open payment of an order manually. */
orders_problem_t *orders_payment_settle(const orders_writer_t *writer,
                                        const orders_settle_t *settle,
                                        orders_written_t **written) ORDERS_MUSTCHECK;

/** The refunds of an order that must be sent to their providers now. `*tasks`: of orders_refund_task_t. */
orders_problem_t *orders_payment_refunds_to_send(const orders_reader_t *reader, int64_t order_id,
                                                 apr_array_header_t **tasks) ORDERS_MUSTCHECK;

typedef struct orders_settle_refund_t {
    int64_t refund_id;
    const char *transaction_id;
    bool ok;
    const char *code, *message;
    apr_array_header_t *match; /**< version tags of the order (If-Match); NULL: any version */
} orders_settle_refund_t;

/** Records the outcome of a refund, from its provider or an operator. May be repeated. */
orders_problem_t *orders_payment_settle_refund(const orders_writer_t *writer,
                                               const orders_settle_refund_t *settle,
                                               orders_written_t **written) ORDERS_MUSTCHECK;

typedef struct orders_post_balance_t {
    const char *user; /**< external reference */
    int64_t amount;   /**< minor units; negative: a debit */
    const char *currency, *reference;
} orders_post_balance_t;

/** Posts a top-up or a correction. `*posted` has the balance and the posting. */
orders_problem_t *orders_payment_post_balance(const orders_writer_t *writer,
                                              const orders_post_balance_t *post,
                                              orders_posted_t **posted) ORDERS_MUSTCHECK;

#endif
