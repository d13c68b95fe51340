/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Calls a provider and records the result. No database session is held during the call. Used by requests, and by the worker, which
 * retries.
 */
#ifndef ORDERS_PAYMENTS_PAYMENT_FLOW_H
#define ORDERS_PAYMENTS_PAYMENT_FLOW_H

#include "core/settings.h"
#include "payments/provider.h"
#include "store/payment.h"

/** The context of a payment operation. `writer->key` names the idempotency record that waits for the outcome, or NULL. */
typedef struct orders_payment_flow_t {
    const orders_writer_t *writer;
    const orders_providers_t *providers;
    const orders_settings_t *settings;
} orders_payment_flow_t;

/** The parameters of an intent. */
typedef struct orders_intent_t {
    const orders_payment_t *payment;
    const char *order_number;
    const char *return_url; /**< page to which the provider redirects the buyer, or NULL */
    const char *cancel_url; /**< the same for a buyer who does not pay; NULL: return_url */
} orders_intent_t;

/**
 * Creates the intent of the payment and records it, or records the failure: the database decides whether the call is retried.
 * `*written` contains the changed order. Returns only problems of the database.
 */
orders_problem_t *orders_payment_flow_intent(const orders_payment_flow_t *flow,
                                             const orders_intent_t *intent,
                                             orders_written_t **written) ORDERS_MUSTCHECK;

/**
 * Creates the intent of an order that was just placed, if `(*written)->outcome` is `intent`; this includes a request that resumes an
 * interrupted one. A dry run calls no provider. `return_url`: page to which the provider redirects the buyer, or NULL.
 */
orders_problem_t *orders_payment_flow_first(const orders_payment_flow_t *flow,
                                            const char *return_url,
                                            orders_written_t **written) ORDERS_MUSTCHECK;

/**
 * Captures a payment that the buyer has approved, and records the outcome. Commits a record of the attempt before the call, so that
 * the worker retries after a crash. Reads only id and channel of the payment. `read_first`: an earlier request may have captured it,
 * and its idempotency key may have expired at the provider. `*written` is NULL if there is nothing to capture.
 * `provider_unreachable`: the worker retries. May be repeated.
 */
orders_problem_t *orders_payment_flow_capture(const orders_payment_flow_t *flow,
                                              const orders_payment_t *payment, bool read_first,
                                              orders_written_t **written) ORDERS_MUSTCHECK;

/** The same for a payment returned by orders_payment_begin_capture() or orders_worker_claim_captures(). */
orders_problem_t *orders_payment_flow_capture_claimed(const orders_payment_flow_t *flow,
                                                      const orders_payment_task_t *task,
                                                      orders_written_t **written) ORDERS_MUSTCHECK;

/**
 * Reads the state of a payment's intent from the provider. Changes and records nothing. Problems: those of the provider, and
 * `not_configured` if no channel has this name or its provider has no capture request.
 */
orders_problem_t *orders_payment_flow_poll(const orders_payment_flow_t *flow,
                                           const orders_payment_t *payment,
                                           orders_capture_reply_t *reply) ORDERS_MUSTCHECK;

/**
 * Applies an event of a provider, logs its refusal, and captures an approved payment. `*written` is NULL if the payment did not need a
 * capture any more. May be repeated.
 */
orders_problem_t *orders_payment_flow_event(const orders_payment_flow_t *flow, const char *channel,
                                            const orders_parsed_event_t *event,
                                            orders_written_t **written) ORDERS_MUSTCHECK;

/** Sends a refund to its provider. Records the outcome, unless an event will report it or the call must be retried. */
orders_problem_t *orders_payment_flow_refund(const orders_payment_flow_t *flow,
                                             const orders_refund_task_t *task) ORDERS_MUSTCHECK;

#endif
