/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Between the order book and the payment providers: ask a provider, keep what it said. No session is held while it is
 * asked. Used by the request that places an order and by the worker that tries again.
 */
#ifndef ORDERS_PAYMENTS_PAYMENT_FLOW_H
#define ORDERS_PAYMENTS_PAYMENT_FLOW_H

#include "core/settings.h"
#include "payments/provider.h"
#include "store/payment.h"

/** Who collects, for whom. `writer->key` names the idempotency record that waits for the outcome, or NULL. */
typedef struct orders_payment_flow_t {
    const orders_writer_t *writer;
    const orders_providers_t *providers;
    const orders_settings_t *settings;
} orders_payment_flow_t;

/** What an intent is made of. */
typedef struct orders_intent_t {
    const orders_payment_t *payment;
    const char *order_number;
    const char *return_url; /**< where the provider sends the buyer, or NULL */
    const char *cancel_url; /**< the same for one who does not pay; NULL: return_url */
} orders_intent_t;

/**
 * Makes the payment's intent and records it, or records why there is none: the database decides whether the
 * provider is asked again. `*written` shows the order after that. Problems are the order book's alone.
 */
orders_problem_t *orders_payment_flow_intent(const orders_payment_flow_t *flow,
                                             const orders_intent_t *intent,
                                             orders_written_t **written) ORDERS_MUSTCHECK;

/**
 * The same after placing, if its outcome is `intent`, also of a request that resumes another one. `return_url`: where the provider
 * sends the buyer, or NULL.
 */
orders_problem_t *orders_payment_flow_first(const orders_payment_flow_t *flow,
                                            const char *return_url,
                                            orders_written_t **written) ORDERS_MUSTCHECK;

/**
 * Captures a payment whose buyer has approved it, and records the outcome. That the provider is about to be asked is
 * committed first: after a crash the worker asks. Of the payment the id and channel are needed. `ask_first`: an earlier
 * request may have captured it, longer ago than the provider remembers keys. `*written` is NULL when there is nothing to
 * capture. A provider that cannot be reached is a problem, `provider_unreachable`: the worker asks again. May be repeated.
 */
orders_problem_t *orders_payment_flow_capture(const orders_payment_flow_t *flow,
                                              const orders_payment_t *payment, bool ask_first,
                                              orders_written_t **written) ORDERS_MUSTCHECK;

/** The same for a payment that orders_payment_begin_capture or orders_worker_claim_captures has returned. */
orders_problem_t *orders_payment_flow_capture_claimed(const orders_payment_flow_t *flow,
                                                      const orders_payment_task_t *task,
                                                      orders_written_t **written) ORDERS_MUSTCHECK;

/**
 * What the provider says of a payment's intent; nothing is done and nothing recorded. Problems: of the provider, and
 * `not_configured` where there is none of that name, or none that captures.
 */
orders_problem_t *orders_payment_flow_look(const orders_payment_flow_t *flow,
                                           const orders_payment_t *payment,
                                           orders_capture_reply_t *reply) ORDERS_MUSTCHECK;

/** Sends a refund to its provider and records the outcome, unless an event will tell or it must be tried again. */
orders_problem_t *orders_payment_flow_refund(const orders_payment_flow_t *flow,
                                             const orders_refund_task_t *task) ORDERS_MUSTCHECK;

#endif
