/* SPDX-License-Identifier: Apache-2.0 */
/** Lookup of identities by token or login. One round trip each. */
#ifndef ORDERS_STORE_IDENTITY_H
#define ORDERS_STORE_IDENTITY_H

#include "core/call.h"
#include "store/database.h"

#define ORDERS_TOKEN_HASH_SIZE 32

/**
 * Looks up a token of the tenant by its SHA-256. `*identity` is in `pool`; NULL if the token is unknown, revoked or expired, or its user
 * is not active.
 */
orders_problem_t *orders_identity_by_token(orders_database_t *database, apr_pool_t *pool,
                                           int32_t tenant,
                                           const unsigned char hash[ORDERS_TOKEN_HASH_SIZE],
                                           orders_identity_t **identity) ORDERS_MUSTCHECK;

/** Looks up a user by login (r->user). The identity has no scopes. `*identity` is NULL if the user is unknown or not active. */
orders_problem_t *orders_identity_by_login(orders_database_t *database, apr_pool_t *pool,
                                           int32_t tenant, const char *login,
                                           orders_identity_t **identity) ORDERS_MUSTCHECK;

#endif
