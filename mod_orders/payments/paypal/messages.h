/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The messages of PayPal's Orders and Payments APIs (v2): ours written, theirs read. No I/O here, so that every reader can
 * be tested and fuzzed. Whatever is read lives in the pool that is given; what cannot be is `provider_unreachable`.
 */
#ifndef ORDERS_PAYMENTS_PAYPAL_MESSAGES_H
#define ORDERS_PAYMENTS_PAYPAL_MESSAGES_H

#include "payments/provider.h"

/** The new order of a payment, with one purchase unit. `provider_refused`: an amount that PayPal cannot take. */
orders_problem_t *orders_paypal_order_text(const char **text, apr_pool_t *pool,
                                           const orders_intent_request_t *request,
                                           apr_size_t *length) ORDERS_MUSTCHECK;
orders_problem_t *orders_paypal_refund_text(const char **text, apr_pool_t *pool,
                                            const orders_refund_request_t *request,
                                            apr_size_t *length) ORDERS_MUSTCHECK;

/** What tells our refund from others of the same capture: its invoice id. */
const char *orders_paypal_refund_mark(const orders_refund_request_t *request, apr_pool_t *pool);

/** The new order: its id, and the page where the buyer approves it. */
orders_problem_t *orders_paypal_intent_read(orders_intent_reply_t *reply, apr_pool_t *pool,
                                            const char *text, apr_size_t length) ORDERS_MUSTCHECK;

/**
 * An order as it stands, or after its capture: what became of it. `approved` for one that can be captured. Amounts are in
 * minor units of `exponent`, as in orders_paypal_money_read.
 */
orders_problem_t *orders_paypal_capture_read(orders_capture_reply_t *reply, apr_pool_t *pool,
                                             const char *text, apr_size_t length,
                                             int exponent) ORDERS_MUSTCHECK;

/** What the status of a capture means, whatever was refunded since: paid, confirming, failed; NULL: not known. */
const char *orders_paypal_capture_outcome(const char *status);

/** A refund. One that failed is `provider_refused`. */
orders_problem_t *orders_paypal_refund_read(orders_refund_reply_t *reply, apr_pool_t *pool,
                                            const char *text, apr_size_t length) ORDERS_MUSTCHECK;

/**
 * Looks in an order for a refund of ours that PayPal no longer remembers by its key. `*found` tells whether `reply` holds
 * it: by its mark, or as done without a transaction when all is refunded and no refund has a mark.
 */
orders_problem_t *orders_paypal_refund_find(orders_refund_reply_t *reply, bool *found,
                                            apr_pool_t *pool, const char *mark, const char *text,
                                            apr_size_t length) ORDERS_MUSTCHECK;

#endif
