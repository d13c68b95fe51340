/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Pay links. The token of a link is not stored: it contains the order id, the expiry and 128 bits of an HMAC-SHA256 over both and the
 * tenant, with the key of OrdersSecretFile. The link of an order is always the same, cannot be forged,
 * and expires without a stored record.
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
 * The URL of the page on which the order is paid. `not_configured`: the server has no public URL, no company API or no secret.
 */
orders_problem_t *orders_pay_link_url(const char **url, const orders_pay_link_t *link,
                                      const orders_settings_t *settings,
                                      apr_pool_t *pool) ORDERS_MUSTCHECK;

/** Reads the order id from a token. `not_found`: the token is invalid; `link_expired`; `not_configured`: the server has no secret. */
orders_problem_t *orders_pay_link_read_token(int64_t *order_id, const char *token,
                                             const orders_settings_t *settings,
                                             apr_pool_t *pool) ORDERS_MUSTCHECK;

#endif
