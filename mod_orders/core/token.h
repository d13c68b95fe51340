/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Bearer tokens: `ord_`, the tenant's number, `_` and 256 bits in base64url. Only the SHA-256 of the whole text is stored and
 * compared. The token contains the tenant, so a lookup reads the rows of one tenant only.
 */
#ifndef ORDERS_CORE_TOKEN_H
#define ORDERS_CORE_TOKEN_H

#include <apr_pools.h>
#include <stdint.h>

#include "core/call.h"
#include "core/digest.h"
#include "core/problem.h"

/** A random token of the tenant. `internal_error` without random bytes. */
orders_problem_t *orders_token_random(const char **token, int32_t tenant,
                                      apr_pool_t *pool) ORDERS_MUSTCHECK;

/**
 * Derives the token of a request with an idempotency key from tenant, principal, key and fingerprint, so that a replay can show it again although it
 * is not stored. Uses the server's secret; `not_configured` without one. `former`: uses the former secret, for the replay of a
 * request that was made with it.
 */
orders_problem_t *orders_token_derived(const char **token, const orders_call_t *call,
                                       const char *key, bool former) ORDERS_MUSTCHECK;

orders_problem_t *orders_token_hash(unsigned char hash[ORDERS_SHA256_SIZE], const char *token,
                                    apr_pool_t *pool) ORDERS_MUSTCHECK;

/**
 * The tenant that a token names: `ord_`, a positive 32-bit integer in decimal without leading zeros, `_`, and at least one more
 * character. 0 for any other text. Does not check whether the token exists.
 */
int32_t orders_token_tenant(const char *token);

/** The credential of an Authorization header with the scheme `Bearer` (any case), or NULL. */
const char *orders_token_bearer(const char *header);

/** The part of a token that lists show: the prefix and the first four characters of the secret. At most 19 characters. */
const char *orders_token_hint(apr_pool_t *pool, const char *token);

#endif
