/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Certificates of the signatures of PayPal's events. An event names the URL; the certificate is fetched if the host is PayPal's and the limits of fetches.h
 * are not reached, must chain to a trusted CA, and is cached for an hour. If it cannot be refreshed, it is used for a day. Thread-safe.
 */
#ifndef ORDERS_PAYMENTS_PAYPAL_CERTIFICATES_H
#define ORDERS_PAYMENTS_PAYPAL_CERTIFICATES_H

#include <openssl/evp.h>

#include "payments/provider.h"

/**
 * Whether a certificate may be fetched from a URL: below /v1/notifications/certs/, at a host under paypal.com by https or at the
 * channel's own origin (http is allowed for loopback addresses).
 */
bool orders_paypal_certificate_url_ok(const char *channel_url, const char *url, apr_pool_t *pool);

/**
 * The public key of the first certificate in `pem` (the others are its chain). Requires a chain that is valid at `now` and ends at a certificate in
 * `ca_file` (NULL: the system's store), the common name of PayPal's messages, and RSA of at least 2048 bits. Lives as long as the pool.
 * NULL: refused; `*why` is the reason, for the log.
 */
EVP_PKEY *orders_paypal_certificate_key(const char *pem, apr_size_t length, const char *ca_file,
                                        apr_time_t now, apr_pool_t *pool, const char **why);

/**
 * The public key of the certificate at `url`; lives as long as the pool. `invalid_signature`: the certificate is refused. `provider_unreachable`: it
 * cannot be fetched, or a limit of fetches.h is reached.
 */
orders_problem_t *orders_paypal_certificate(EVP_PKEY **key, const orders_channel_t *channel,
                                            apr_pool_t *pool, const char *url,
                                            apr_time_t now) ORDERS_MUSTCHECK;

/** Releases the cache. Called when the process ends. */
void orders_paypal_certificates_forget(void);

#endif
