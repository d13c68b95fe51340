/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Links at which an order is paid. The token in one is stored nowhere: it is the order's id and the end of its time, with
 * an HMAC-SHA256 (128 bits of it) by OrdersSecretFile over these and the tenant. So the same order always has the same
 * link, nobody can guess another's, and a link that is over says so by itself.
 */
#ifndef ORDERS_PAYMENTS_PAY_LINK_H
#define ORDERS_PAYMENTS_PAY_LINK_H

#include <apr_pools.h>
#include <apr_time.h>

#include "core/problem.h"
#include "core/settings.h"

/** What a link is derived from. */
typedef struct orders_pay_link_t {
    int64_t order_id;
    apr_time_t expires_at; /**< the order's; 0: never, and then neither does the link */
} orders_pay_link_t;

/**
 * The page at which the order is paid: public URL, company API, token. `not_configured` without a public URL, a company
 * API or a secret.
 */
orders_problem_t *orders_pay_link_url(const char **url, const orders_pay_link_t *link,
                                      const orders_settings_t *settings,
                                      apr_pool_t *pool) ORDERS_MUSTCHECK;

/** The order of a token: `not_found` when it is none of ours, `link_expired` after its time, `not_configured`. */
orders_problem_t *orders_pay_link_read_token(int64_t *order_id, const char *token,
                                             const orders_settings_t *settings,
                                             apr_pool_t *pool) ORDERS_MUSTCHECK;

#endif
