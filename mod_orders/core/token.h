/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Bearer tokens: `ord_` and 256 bits in base64url. Only their SHA-256 is ever stored or compared.
 */
#ifndef ORDERS_CORE_TOKEN_H
#define ORDERS_CORE_TOKEN_H

#include <apr_pools.h>

#include "core/call.h"
#include "core/digest.h"
#include "core/problem.h"

/** A token of fresh random bits. `internal_error` when the system has none. */
orders_problem_t *orders_token_random(const char **token, apr_pool_t *pool) ORDERS_MUSTCHECK;

/**
 * The token of a keyed request: the same for the same tenant, principal, idempotency key and fingerprint, so that a replay
 * can show it again although it is stored nowhere. Made with the settings' secret; `not_configured` without one.
 */
orders_problem_t *orders_token_derived(const char **token, const orders_call_t *call,
                                       const char *key) ORDERS_MUSTCHECK;

orders_problem_t *orders_token_hash(unsigned char hash[ORDERS_SHA256_SIZE], const char *token,
                                    apr_pool_t *pool) ORDERS_MUSTCHECK;

/** What follows `Bearer ` (in any case) in an Authorization header, or NULL. */
const char *orders_token_bearer(const char *header);

/** What a list may show of a token: its first eight characters. */
const char *orders_token_hint(apr_pool_t *pool, const char *token);

#endif
