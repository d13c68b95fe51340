/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Authentication: the module's own bearer tokens, or the user of another authentication module (OrdersIdentity).
 *
 * Every route requires an identity unless its route table says otherwise; the handler resolves it. With `AuthType Orders` it is resolved in
 * httpd's authentication phase, so that `Require` can be used. Routes without identity pass that phase.
 */
#ifndef ORDERS_HTTPD_AUTH_H
#define ORDERS_HTTPD_AUTH_H

#include <httpd.h>

#include "httpd/request.h"

/**
 * Sets request->identity from the cache or in one round trip. The identity has not expired and belongs to the tenant of the Location.
 * Errors: `unauthenticated`, `forbidden` (a request of another site, or a user without an account), and those of the database.
 */
orders_problem_t *orders_auth_resolve(orders_request_t *request) ORDERS_MUSTCHECK;

/** Resolves the identity, and checks the scope of the route: `forbidden`. */
orders_problem_t *orders_auth_permit(orders_request_t *request) ORDERS_MUSTCHECK;

/** orders_call_t.identify. */
orders_problem_t *orders_auth_identify(orders_call_t *call, const char *token) ORDERS_MUSTCHECK;

/** orders_call_t.look_up. */
orders_problem_t *orders_auth_look_up(orders_call_t *call, const char *token,
                                      const orders_identity_t **identity) ORDERS_MUSTCHECK;

/** orders_call_t.count_for. */
void orders_auth_count_for(const orders_call_t *call, int64_t user_id, const char *ref);

/** The value of WWW-Authenticate for a 401, in the pool of the request. NULL if another module authenticates and sends its own. */
const char *orders_auth_challenge(const orders_request_t *request);

/** Registers the hooks and the provider of `Require orders-scope`. */
void orders_auth_register_hooks(apr_pool_t *pool);

#endif
