/* SPDX-License-Identifier: Apache-2.0 */
/**
 * How often a caller may name an order that is not there, on the routes where an order's number alone is enough to act
 * (orders_route_t.guessable). OrdersGuessLimit says how often a minute.
 *
 * Failed look-ups are counted per user and per client address, in memory that all children share. Its size is fixed: a
 * new counter takes the place of the one that has least to remember. Ages are those of orders_clock_now().
 */
#ifndef ORDERS_HTTPD_GUESS_LIMIT_H
#define ORDERS_HTTPD_GUESS_LIMIT_H

#include <httpd.h>

#include "httpd/request.h"

/** ap_hook_pre_config. */
void orders_guess_limit_register(apr_pool_t *pconf);
/** ap_hook_post_config, second pass. OK or an HTTP error. */
int orders_guess_limit_open(apr_pool_t *pconf, server_rec *main);
void orders_guess_limit_child_init(apr_pool_t *pchild, server_rec *main);

/** Once the identity is known, before the order is looked up. `too_many_requests`. */
orders_problem_t *orders_guess_limit_check(const orders_request_t *request) ORDERS_MUSTCHECK;
/** Once the answer is known; counts the failure, if it is one. */
void orders_guess_limit_count(const orders_request_t *request, const orders_problem_t *problem);

#endif
