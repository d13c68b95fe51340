/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Claims: what a link says about itself, signed by OrdersSecretFile (HMAC-SHA256), so that it need not be stored anywhere:
 * which thing it leads to, and until when. The tenant is signed with it, and a word for the kind of link, so that a link of
 * one kind is none of another.
 */
#ifndef ORDERS_CORE_LINK_TOKEN_H
#define ORDERS_CORE_LINK_TOKEN_H

#include <apr_pools.h>

#include "core/digest.h"
#include "core/problem.h"
#include "core/settings.h"

#define ORDERS_LINK_TOKEN_SIZE 16 /**< bytes, as orders_link_token_write has them */

typedef struct orders_link_token_t {
    int64_t id;
    int64_t ends; /**< seconds since 1970; 0: never */
} orders_link_token_t;

void orders_link_token_write(unsigned char bytes[ORDERS_LINK_TOKEN_SIZE],
                             const orders_link_token_t *token);
orders_link_token_t orders_link_token_read(const unsigned char bytes[ORDERS_LINK_TOKEN_SIZE]);

/** The MAC over all that. `not_configured` without a secret. */
orders_problem_t *orders_link_token_sign(unsigned char mac[ORDERS_SHA256_SIZE], const char *word,
                                         const orders_link_token_t *token,
                                         const orders_settings_t *settings,
                                         apr_pool_t *pool) ORDERS_MUSTCHECK;

/** `link_expired` once its time is over. */
orders_problem_t *orders_link_token_check_time(const orders_link_token_t *token,
                                               apr_pool_t *pool) ORDERS_MUSTCHECK;

#endif
