/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Claims: what a link says about itself, signed by OrdersSecretFile (HMAC-SHA256), so that it need not be stored anywhere:
 * which thing it leads to, and until when. The tenant is signed with it, and a word for the kind of link, so that a link of
 * one kind is none of another.
 */
#ifndef ORDERS_API_CLAIM_H
#define ORDERS_API_CLAIM_H

#include <apr_pools.h>

#include "core/digest.h"
#include "core/problem.h"
#include "core/settings.h"

#define ORDERS_CLAIM_SIZE 16 /**< bytes, as orders_claim_write has them */

typedef struct orders_claim_t {
    int64_t id;
    int64_t ends; /**< seconds since 1970; 0: never */
} orders_claim_t;

void orders_claim_write(unsigned char bytes[ORDERS_CLAIM_SIZE], const orders_claim_t *claim);
orders_claim_t orders_claim_read(const unsigned char bytes[ORDERS_CLAIM_SIZE]);

/** The MAC over all that. `not_configured` without a secret. */
orders_problem_t *orders_claim_sign(unsigned char mac[ORDERS_SHA256_SIZE], const char *word,
                                    const orders_claim_t *claim, const orders_settings_t *settings,
                                    apr_pool_t *pool) ORDERS_MUSTCHECK;

/** `link_expired` once its time is over. */
orders_problem_t *orders_claim_check_time(const orders_claim_t *claim,
                                          apr_pool_t *pool) ORDERS_MUSTCHECK;

#endif
