/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Bearer tokens: `ord_`, the tenant's number, `_` and 256 bits in base64url. Only the SHA-256 of the whole text is stored and
 * compared. The tenant is in the token so that a look-up asks for the rows of one tenant.
 */
#ifndef ORDERS_CORE_TOKEN_H
#define ORDERS_CORE_TOKEN_H

#include <apr_pools.h>
#include <stdint.h>

#include "core/call.h"
#include "core/digest.h"
#include "core/problem.h"

/** A token of the tenant with fresh random bits. `internal_error` when the system has none. */
orders_problem_t *orders_token_random(const char **token, int32_t tenant,
                                      apr_pool_t *pool) ORDERS_MUSTCHECK;

/**
 * The token of a keyed request: the same for the same tenant, principal, idempotency key and fingerprint, so that a replay
 * can show it again although it is stored nowhere. Made with the settings' secret; `not_configured` without one.
 */
orders_problem_t *orders_token_derived(const char **token, const orders_call_t *call,
                                       const char *key) ORDERS_MUSTCHECK;

orders_problem_t *orders_token_hash(unsigned char hash[ORDERS_SHA256_SIZE], const char *token,
                                    apr_pool_t *pool) ORDERS_MUSTCHECK;

/**
 * The tenant that a token names: `ord_`, a positive 32-bit integer in decimal without leading zeros, `_`, and at least one more
 * character. 0 for any other text. Says nothing about whether the token exists.
 */
int32_t orders_token_tenant(const char *token);

/** What follows `Bearer ` (in any case) in an Authorization header, or NULL. */
const char *orders_token_bearer(const char *header);

/** What a list may show of a token: all that precedes the secret, and its first four characters. At most 19 characters. */
const char *orders_token_hint(apr_pool_t *pool, const char *token);

#endif
