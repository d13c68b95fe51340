/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The signatures of PayPal's webhooks, checked without asking PayPal: RSA with SHA-256 over the transmission's id, its time,
 * the webhook's id and the CRC-32 of the body. A body with the same CRC-32 is easily made, so that a good signature does not
 * prove what the body says.
 */
#ifndef ORDERS_PAYMENTS_PAYPAL_WEBHOOK_H
#define ORDERS_PAYMENTS_PAYPAL_WEBHOOK_H

#include "payments/provider.h"

/**
 * How far a transmission's time may be off. PayPal sends an event again for up to three days and does not say that the
 * time is then another; an event counts once, so that a longer time costs nothing.
 */
#define ORDERS_PAYPAL_PAST apr_time_from_sec(4 * 86400)
#define ORDERS_PAYPAL_FUTURE apr_time_from_sec(300)

/** From the headers alone: it may be signed. */
bool orders_paypal_is_signed(const orders_signed_body_t *received);

/** What is signed, or NULL when a header is missing. */
const char *orders_paypal_signed_text(const orders_signed_body_t *received, const char *webhook_id,
                                      apr_pool_t *pool);

/** NULL when the signature is good, and in time. `invalid_signature` (its `log` says why), `provider_unreachable`. */
orders_problem_t *orders_paypal_webhook_check(const orders_channel_t *channel, apr_pool_t *pool,
                                              const orders_signed_body_t *received,
                                              apr_time_t now) ORDERS_MUSTCHECK;

#endif
