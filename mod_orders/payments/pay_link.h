/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Payment links. The token is not stored: it contains the order id, the expiry and 128 bits of an HMAC-SHA256 over both and the
 * tenant, with the key of OrdersSecretFile. Links are deterministic, unforgeable and expire by themselves.
 */
#ifndef ORDERS_PAYMENTS_PAY_LINK_H
#define ORDERS_PAYMENTS_PAY_LINK_H

#include <apr_pools.h>
#include <apr_time.h>

#include "core/problem.h"
#include "core/settings.h"

/** The data of a link. */
typedef struct orders_pay_link_t {
    int64_t order_id;
    apr_time_t expires_at; /**< of the order and the link; 0: never */
} orders_pay_link_t;

/**
 * The page at which the order is paid: public URL, company API, token. `not_configured` without a public URL, a company
 * API or a secret.
 */
orders_problem_t *orders_pay_link_url(const char **url, const orders_pay_link_t *link,
                                      const orders_settings_t *settings,
                                      apr_pool_t *pool) ORDERS_MUSTCHECK;

/** The order of a token. `not_found` if the token is not valid, `link_expired` after its expiry, `not_configured`. */
orders_problem_t *orders_pay_link_read_token(int64_t *order_id, const char *token,
                                             const orders_settings_t *settings,
                                             apr_pool_t *pool) ORDERS_MUSTCHECK;

#endif
