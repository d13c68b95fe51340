/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The certificates that PayPal signs its webhooks with: fetched from where a webhook says, if that is PayPal and few others
 * are being fetched (paypal_fetches.h), kept for an hour, and believed only when they lead to a certificate authority that is
 * trusted. One that cannot be fetched again serves for a day. Any thread may ask.
 */
#ifndef ORDERS_PAYMENTS_PAYPAL_CERTIFICATES_H
#define ORDERS_PAYMENTS_PAYPAL_CERTIFICATES_H

#include <openssl/evp.h>

#include "payments/provider.h"

/**
 * Whether a certificate may be fetched there: a path below /v1/notifications/certs/ of a host under paypal.com by https, or
 * of the channel's own origin (which may be this machine by http).
 */
bool orders_paypal_certificate_url_ok(const char *channel_url, const char *url, apr_pool_t *pool);

/**
 * The key of the first certificate in `pem` (more of them are the chain), if at `now` the chain is valid and leads to one in
 * `ca_file`, or NULL: the system's, if its name is that of PayPal's messages, and if it is RSA of 2048 bits or more. It
 * lives as long as the pool. NULL: not so, and `*why` says what for the log.
 */
EVP_PKEY *orders_paypal_certificate_key(const char *pem, apr_size_t length, const char *ca_file,
                                        apr_time_t now, apr_pool_t *pool, const char **why);

/**
 * The key behind a certificate's URL; it lives as long as the pool. `invalid_signature`, or `provider_unreachable` when it
 * cannot be fetched, or not now.
 */
orders_problem_t *orders_paypal_certificate(EVP_PKEY **key, const orders_channel_t *channel,
                                            apr_pool_t *pool, const char *url,
                                            apr_time_t now) ORDERS_MUSTCHECK;

/** Forgets all of them; when the process ends. */
void orders_paypal_certificates_forget(void);

#endif
