/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Messages of PayPal's Orders and Payments APIs (v2): requests are written, replies are parsed. No I/O, so that every parser can be tested and
 * fuzzed. Results live in the given pool. A malformed reply is `provider_unreachable`.
 */
#ifndef ORDERS_PAYMENTS_PAYPAL_MESSAGES_H
#define ORDERS_PAYMENTS_PAYPAL_MESSAGES_H

#include "payments/provider.h"

/** Writes the request for the order of a payment, with one purchase unit. `provider_refused`: PayPal does not support the currency or the amount. */
orders_problem_t *orders_paypal_order_text(const char **text, apr_pool_t *pool,
                                           const orders_intent_request_t *request,
                                           apr_size_t *length) ORDERS_MUSTCHECK;
orders_problem_t *orders_paypal_refund_text(const char **text, apr_pool_t *pool,
                                            const orders_refund_request_t *request,
                                            apr_size_t *length) ORDERS_MUSTCHECK;

/** Parses a custom_id of ours, "<tenant>-<UUID of the payment>". `*payment_key` points into it. False: NULL, or not one of ours. */
bool orders_paypal_custom_id_read(const char *custom_id, int32_t *tenant,
                                  const char **payment_key) ORDERS_MUSTCHECK;

/** The invoice id of a refund, which distinguishes it from other refunds of the capture. */
const char *orders_paypal_refund_invoice_id(const orders_refund_request_t *request,
                                            apr_pool_t *pool);

/** Parses a created order: its id, and the page where the buyer approves it. */
orders_problem_t *orders_paypal_intent_read(orders_intent_reply_t *reply, apr_pool_t *pool,
                                            const char *text, apr_size_t length) ORDERS_MUSTCHECK;

/**
 * Parses the reply to reading or capturing an order. Outcome `approved`: the order can be captured. Amounts are in minor units of `exponent`, as
 * in orders_paypal_money_read().
 */
orders_problem_t *orders_paypal_capture_read(orders_capture_reply_t *reply, apr_pool_t *pool,
                                             const char *text, apr_size_t length,
                                             int exponent) ORDERS_MUSTCHECK;

/** Outcome of a capture status, regardless of later refunds: paid, confirming, failed; NULL: unknown status. */
const char *orders_paypal_capture_outcome(const char *status);

/** Parses a refund. A failed one is `provider_refused`. */
orders_problem_t *orders_paypal_refund_read(orders_refund_reply_t *reply, apr_pool_t *pool,
                                            const char *text, apr_size_t length) ORDERS_MUSTCHECK;

/**
 * Finds a refund in its order after its idempotency key has expired at PayPal. `*found`: `reply` has the refund with this invoice id, or no
 * transaction if the capture is completely refunded and no refund has an invoice id.
 */
orders_problem_t *orders_paypal_refund_find(orders_refund_reply_t *reply, bool *found,
                                            apr_pool_t *pool, const char *invoice_id,
                                            const char *text, apr_size_t length) ORDERS_MUSTCHECK;

#endif
