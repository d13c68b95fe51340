/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Limits of certificate fetches. The sender of an event chooses the URL of the certificate before it is authenticated. Therefore at most
 * two fetches run at a time in a process, never two of the same URL; a URL that failed is not fetched again for 30 seconds; and no thread waits for
 * another. Thread-safe.
 */
#ifndef ORDERS_PAYMENTS_PAYPAL_FETCHES_H
#define ORDERS_PAYMENTS_PAYPAL_FETCHES_H

#include <apr_pools.h>

#include "core/problem.h"

#define ORDERS_PAYPAL_MAX_URL 500

typedef enum {
    ORDERS_PAYPAL_FETCHED,
    ORDERS_PAYPAL_UNREACHABLE, /**< no reply, or a status other than 200 */
    ORDERS_PAYPAL_BAD          /**< the certificate is refused */
} orders_paypal_fetched_e;

/**
 * Reserves the fetch of a URL of at most ORDERS_PAYPAL_MAX_URL bytes. After NULL, orders_paypal_fetch_end() must follow.
 * `provider_unreachable`: the URL is being fetched, the limit is reached, or the URL failed recently. `invalid_signature`: its certificate was
 * refused recently. Both problems are quiet; the log line of the next failure counts them.
 */
orders_problem_t *orders_paypal_fetch_begin(apr_pool_t *pool, const char *url) ORDERS_MUSTCHECK;

/** Ends a fetch. Returns the number of fetches refused since the last failure; 0 if this fetch succeeded. */
int orders_paypal_fetch_end(const char *url, orders_paypal_fetched_e outcome);

/** Forgets failed URLs. */
void orders_paypal_fetches_forget(void);

#endif
