/* SPDX-License-Identifier: Apache-2.0 */
/** Payments: what providers and operators say of them. One round trip each; amounts in minor units. */
#ifndef ORDERS_STORE_PAYMENT_H
#define ORDERS_STORE_PAYMENT_H

#include "store/order.h"

typedef struct orders_record_intent_t {
    int64_t payment_id;
    const char *intent_id, *pay_url, *reference;
} orders_record_intent_t;

/** Keeps what a provider answered; completes the idempotency record of the writer's key. May be repeated. */
orders_problem_t *orders_payment_record_intent(const orders_writer_t *writer,
                                               const orders_record_intent_t *intent,
                                               orders_written_t **written) ORDERS_MUSTCHECK;

typedef struct orders_intent_failure_t {
    int64_t payment_id;
    const char *code, *message;
    bool refused; /**< the provider refused; else there was no answer */
} orders_intent_failure_t;

orders_problem_t *orders_payment_record_failure(const orders_writer_t *writer,
                                                const orders_intent_failure_t *failure,
                                                orders_written_t **written) ORDERS_MUSTCHECK;

typedef struct orders_payment_event_t {
    const char *channel, *event_id, *type;
    const char *raw_type;    /**< the provider's own name of the type, or NULL */
    const char *payment_key; /**< the payment's provider key, a UUID; NULL: not said */
    const char *intent_id, *transaction_id;
    int64_t amount; /**< 0: not said */
    const char *currency, *code, *message;
    const char *capture_id; /**< the capture that a refund gives back, or NULL */
    int32_t for_tenant;     /**< the tenant that the event names; 0: none */
} orders_payment_event_t;

/** An event that was refused, for the log. */
typedef struct orders_refused_event_t {
    orders_payment_event_t event;
    const char *payment; /**< id of the payment, or the key that the event names; NULL: neither */
    const char *refusal; /**< the word */
} orders_refused_event_t;

/**
 * Stores an event and applies it. The outcome is the verdict: done, unchanged, waiting or refused, with `refusal` and `detail`. A
 * refused event is no problem: it is stored. `replayed`: the event was judged before. Outcome `capture`: the caller is to capture
 * the payment `id`, and nothing is stored.
 */
orders_problem_t *orders_payment_apply_event(const orders_reader_t *reader,
                                             const orders_payment_event_t *event,
                                             orders_written_t **written) ORDERS_MUSTCHECK;

/** What a provider answered to a capture. */
typedef struct orders_record_capture_t {
    int64_t payment_id;
    const char *outcome; /**< of orders_capture_reply_t, or `unknown`: there was no reply */
    const char *transaction_id;
    int64_t amount; /**< 0: not stated */
    const char *currency, *code, *message;
    const char *payer; /**< mail address of the payer, or NULL */
} orders_record_capture_t;

/** Records it, and applies what it means. `written` as of an event. */
orders_problem_t *orders_payment_record_capture(const orders_reader_t *reader,
                                                const orders_record_capture_t *capture,
                                                orders_written_t **written) ORDERS_MUSTCHECK;

typedef struct orders_settle_t {
    orders_order_ref_t order;
    const char *method, *reference; /**< NULL: the order's method; no reference */
    apr_array_header_t *match;
} orders_settle_t;

/** Settles an order's open payment by hand. */
orders_problem_t *orders_payment_settle(const orders_writer_t *writer,
                                        const orders_settle_t *settle,
                                        orders_written_t **written) ORDERS_MUSTCHECK;

/** The refunds of an order that its providers are to be told of now: array of orders_refund_task_t. */
orders_problem_t *orders_payment_refunds_to_send(const orders_reader_t *reader, int64_t order_id,
                                                 apr_array_header_t **tasks) ORDERS_MUSTCHECK;

typedef struct orders_settle_refund_t {
    int64_t refund_id;
    const char *transaction_id;
    bool ok;
    const char *code, *message;
    apr_array_header_t *match; /**< version tags of the order (If-Match); NULL: any version */
} orders_settle_refund_t;

/** What a provider said of a refund, or an operator of one that people settle. May be repeated. */
orders_problem_t *orders_payment_settle_refund(const orders_writer_t *writer,
                                               const orders_settle_refund_t *settle,
                                               orders_written_t **written) ORDERS_MUSTCHECK;

typedef struct orders_post_balance_t {
    const char *user; /**< external reference */
    int64_t amount;   /**< negative: taken away */
    const char *currency, *reference;
} orders_post_balance_t;

/** A top-up or a correction. The answer: the balance and the posting. */
orders_problem_t *orders_payment_post_balance(const orders_writer_t *writer,
                                              const orders_post_balance_t *post,
                                              orders_posted_t **posted) ORDERS_MUSTCHECK;

#endif
