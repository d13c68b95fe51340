/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Verifies the signatures of PayPal's events locally: RSA with SHA-256 over transmission id, transmission time, webhook id and the CRC-32 of the body.
 * A body with a given CRC-32 is easy to construct, so a valid signature does not authenticate the body.
 */
#ifndef ORDERS_PAYMENTS_PAYPAL_WEBHOOK_H
#define ORDERS_PAYMENTS_PAYPAL_WEBHOOK_H

#include "payments/provider.h"

/**
 * Accepted age of a transmission time. PayPal retries an event for up to three days and does not document whether the time changes. A long
 * period is safe, because an event is applied only once.
 */
#define ORDERS_PAYPAL_PAST apr_time_from_sec(4 * 86400)
#define ORDERS_PAYPAL_FUTURE apr_time_from_sec(300)

/** Whether the headers of a signature are present. */
bool orders_paypal_is_signed(const orders_signed_body_t *received);

/** The signed text, or NULL if id or time is missing or malformed. */
const char *orders_paypal_signed_text(const orders_signed_body_t *received, const char *webhook_id,
                                      apr_pool_t *pool);

/** NULL: the signature is valid and recent. `invalid_signature` (the reason is in `log`); `provider_unreachable`: no certificate. */
orders_problem_t *orders_paypal_webhook_check(const orders_channel_t *channel, apr_pool_t *pool,
                                              const orders_signed_body_t *received,
                                              apr_time_t now) ORDERS_MUSTCHECK;

#endif
