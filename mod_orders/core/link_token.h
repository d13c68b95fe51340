/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Signed link tokens: the id that a link leads to and its expiry, authenticated by an HMAC-SHA256 with the secret of OrdersSecretFile. Tokens are not
 * stored. The tenant and the purpose of the link are signed too, so that a token is not valid for another purpose.
 */
#ifndef ORDERS_CORE_LINK_TOKEN_H
#define ORDERS_CORE_LINK_TOKEN_H

#include <apr_pools.h>

#include "core/digest.h"
#include "core/problem.h"
#include "core/settings.h"

#define ORDERS_LINK_TOKEN_SIZE 16 /**< length of a serialised token, bytes */

typedef struct orders_link_token_t {
    int64_t id;
    int64_t ends; /**< seconds since 1970; 0: never */
} orders_link_token_t;

void orders_link_token_write(unsigned char bytes[ORDERS_LINK_TOKEN_SIZE],
                             const orders_link_token_t *token);
orders_link_token_t orders_link_token_read(const unsigned char bytes[ORDERS_LINK_TOKEN_SIZE]);

/** Computes the MAC with the secret. `not_configured` without one. */
orders_problem_t *orders_link_token_sign(unsigned char mac[ORDERS_SHA256_SIZE], const char *purpose,
                                         const orders_link_token_t *token,
                                         const orders_settings_t *settings,
                                         apr_pool_t *pool) ORDERS_MUSTCHECK;

/** The MAC of a token, or its first bytes, as given by a client. */
typedef struct orders_link_mac_t {
    const char *purpose;
    const unsigned char *mac;
    apr_size_t length; /**< at most ORDERS_SHA256_SIZE */
} orders_link_mac_t;

/** `*valid`: whether the MAC was made with the secret or the former secret. `not_configured` without a secret. */
orders_problem_t *orders_link_token_verify(bool *valid, const orders_link_mac_t *given,
                                           const orders_link_token_t *token,
                                           const orders_settings_t *settings,
                                           apr_pool_t *pool) ORDERS_MUSTCHECK;

/** `link_expired` after the expiry. */
orders_problem_t *orders_link_token_check_time(const orders_link_token_t *token,
                                               apr_pool_t *pool) ORDERS_MUSTCHECK;

#endif
