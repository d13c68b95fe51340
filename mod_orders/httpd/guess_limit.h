/* SPDX-License-Identifier: Apache-2.0 */
/**
 * OrdersGuessLimit: a rate limit for failed lookups, on routes where the number of an order is the only secret
 * (orders_route_t.guessable).
 *
 * Failures are counted per user and per client address in shared memory of all child processes. The number of counters is fixed: a new
 * counter replaces the one that expires first. Any thread may call.
 */
#ifndef ORDERS_HTTPD_GUESS_LIMIT_H
#define ORDERS_HTTPD_GUESS_LIMIT_H

#include <httpd.h>

#include "httpd/request.h"

/** For ap_hook_pre_config. */
void orders_guess_limit_register(apr_pool_t *pconf);
/** For ap_hook_post_config, second pass. OK, or an HTTP error that has been logged. */
int orders_guess_limit_open(apr_pool_t *pconf, server_rec *main);
/** For ap_hook_child_init. Without access to the mutex, this child does not limit. */
void orders_guess_limit_child_init(apr_pool_t *pchild, server_rec *main);

/** Call it with an identity, before the order is looked up. `too_many_requests`, with retry_after. */
orders_problem_t *orders_guess_limit_check(const orders_request_t *request) ORDERS_MUSTCHECK;
/** Counts a failed lookup. `problem`: the problem of the response, or NULL. */
void orders_guess_limit_count(const orders_request_t *request, const orders_problem_t *problem);

#endif
