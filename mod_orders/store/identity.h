/* SPDX-License-Identifier: Apache-2.0 */
/** Who is behind a token or a login. One round trip each. */
#ifndef ORDERS_STORE_IDENTITY_H
#define ORDERS_STORE_IDENTITY_H

#include "core/call.h"
#include "store/database.h"

#define ORDERS_TOKEN_HASH_SIZE 32

/** The identity of a tenant's token by its SHA-256, in `pool`; `*identity` is NULL when it is unknown, revoked, expired or its user is not active. */
orders_problem_t *orders_identity_by_token(orders_database_t *database, apr_pool_t *pool,
                                           int32_t tenant,
                                           const unsigned char hash[ORDERS_TOKEN_HASH_SIZE],
                                           orders_identity_t **identity) ORDERS_MUSTCHECK;

/** The identity of a user's login (r->user); it has no scopes of its own. NULL when unknown or not active. */
orders_problem_t *orders_identity_by_login(orders_database_t *database, apr_pool_t *pool,
                                           int32_t tenant, const char *login,
                                           orders_identity_t **identity) ORDERS_MUSTCHECK;

#endif
