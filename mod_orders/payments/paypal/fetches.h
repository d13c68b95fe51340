/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Limits of certificate fetches. The sender of a webhook chooses the URL of the certificate before it is authenticated. So only a few threads
 * fetch at a time, one per URL; a URL that failed is not fetched again for a while; and no thread waits for another. Thread-safe.
 */
#ifndef ORDERS_PAYMENTS_PAYPAL_FETCHES_H
#define ORDERS_PAYMENTS_PAYPAL_FETCHES_H

#include <apr_pools.h>

#include "core/problem.h"

#define ORDERS_PAYPAL_MAX_URL 500

typedef enum {
    ORDERS_PAYPAL_FETCHED,
    ORDERS_PAYPAL_UNREACHABLE, /**< no answer, or not a certificate */
    ORDERS_PAYPAL_BAD          /**< the certificate is refused */
} orders_paypal_fetched_e;

/**
 * Reserves the fetch of a URL of at most ORDERS_PAYPAL_MAX_URL bytes; orders_paypal_fetch_end() must follow a success.
 * `provider_unreachable`: the URL is being fetched, the limit is reached, or the URL failed a moment ago. `invalid_signature`: its certificate was
 * refused a moment ago. Both problems are quiet; the next failure reports their number.
 */
orders_problem_t *orders_paypal_fetch_begin(apr_pool_t *pool, const char *url) ORDERS_MUSTCHECK;
/** Number of fetches refused since the last failure; 0 when this fetch succeeded. */
int orders_paypal_fetch_end(const char *url, orders_paypal_fetched_e outcome);

/** Forgets failed URLs. */
void orders_paypal_fetches_forget(void);

#endif
