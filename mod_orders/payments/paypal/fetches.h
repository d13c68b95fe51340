/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Which certificates this process may fetch. The sender of a webhook chooses the address of its certificate before it is
 * authenticated. So few threads fetch at a time, one for each address, and an address that failed is not fetched again for a
 * while. No thread waits for the fetch of another. Any thread may call.
 */
#ifndef ORDERS_PAYMENTS_PAYPAL_FETCHES_H
#define ORDERS_PAYMENTS_PAYPAL_FETCHES_H

#include <apr_pools.h>

#include "core/problem.h"

#define ORDERS_PAYPAL_MAX_URL 500

typedef enum {
    ORDERS_PAYPAL_FETCHED,
    ORDERS_PAYPAL_UNREACHABLE, /**< no answer, or no certificate */
    ORDERS_PAYPAL_BAD          /**< a certificate that is not good */
} orders_paypal_fetched_e;

/**
 * Reserves the fetch of an address of at most ORDERS_PAYPAL_MAX_URL bytes; orders_paypal_fetch_end() must follow.
 * `provider_unreachable`: it is being fetched, or too many are, or it failed a moment ago. `invalid_signature`: it was bad
 * a moment ago. Both are quiet: the next fetch that fails tells how many there were.
 */
orders_problem_t *orders_paypal_fetch_begin(apr_pool_t *pool, const char *url) ORDERS_MUSTCHECK;
/** How many others were refused since a fetch failed the last time; 0 when this one did not fail. */
int orders_paypal_fetch_end(const char *url, orders_paypal_fetched_e outcome);

/** Forgets what failed. */
void orders_paypal_fetches_forget(void);

#endif
