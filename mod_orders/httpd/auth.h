/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Who asks: bearer tokens of our own, or the user whom another authentication module has found.
 *
 * A mounted API is closed by default: its handler resolves the identity itself. With `AuthType Orders` that happens in
 * httpd's authentication phase, so that `Require` can be used; routes that need no identity pass without one there.
 */
#ifndef ORDERS_HTTPD_AUTH_H
#define ORDERS_HTTPD_AUTH_H

#include <httpd.h>

#include "httpd/request.h"

/**
 * Sets request->identity to one that is valid at this Location: not expired, of its tenant. From the cache, or in one
 * round trip. `unauthenticated`, or what the database had to say.
 */
orders_problem_t *orders_auth_resolve(orders_request_t *request) ORDERS_MUSTCHECK;

/** The same, and the route's scope: `forbidden` without it. */
orders_problem_t *orders_auth_permit(orders_request_t *request) ORDERS_MUSTCHECK;

/** call->identify. */
orders_problem_t *orders_auth_identify(orders_call_t *call, const char *token) ORDERS_MUSTCHECK;

/** call->look_up. */
orders_problem_t *orders_auth_look_up(orders_call_t *call, const char *token,
                                      const orders_identity_t **identity) ORDERS_MUSTCHECK;

/** call->count_for. */
void orders_auth_count_for(const orders_call_t *call, int64_t user_id, const char *ref);

/** The challenge of a 401, or NULL where another module asks who it is: that one has its own. */
const char *orders_auth_challenge(const orders_request_t *request);

/** Hooks and the provider of `Require orders-scope`. */
void orders_auth_register_hooks(apr_pool_t *pool);

#endif
