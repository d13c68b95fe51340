/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the module knows of a request under a mounted API: made once, by whichever hook comes first, and found again by
 * the others. Lives in the request's pool.
 */
#ifndef ORDERS_HTTPD_REQUEST_H
#define ORDERS_HTTPD_REQUEST_H

#include <httpd.h>
#include <stdbool.h>

#include "core/call.h"
#include "core/route.h"
#include "httpd/config.h"
#include "payments/provider.h"
#include "store/database.h"

typedef struct orders_request_t {
    request_rec *r;
    const orders_api_t *api;
    orders_dir_conf_t dir;       /**< defaults filled in */
    orders_server_conf_t server; /**< the same */
    orders_route_e found;
    orders_match_t match;
    const char *path; /**< what follows the mount, encoded as it was sent */
    bool ours;        /**< the path belongs to the API, though it may have no such route */
    orders_call_t call;
    orders_settings_t settings;
    orders_database_t database;
    orders_providers_t providers;
    orders_log_t log;
    orders_identity_t *identity; /**< once resolved */
    orders_problem_t *problem;   /**< why a hook ended the request, for the error filter */
    bool body_read;              /**< all of it */
    bool body_failed;            /**< it cannot be read any further */
    bool answered;               /**< an input filter has sent an answer of its own */
} orders_request_t;

/** The request under a mounted API, or NULL when its Location has none. */
orders_request_t *orders_request(request_rec *r);

/** The request as an earlier hook found it, or NULL: makes nothing. */
orders_request_t *orders_request_known(const request_rec *r);

/** The route's name, "-" when there is none. */
const char *orders_request_route(const orders_request_t *request);

/** Logs a problem with its number, the request's id and the SQLSTATE: refusals at info, our own failures at error. */
void orders_request_log(orders_request_t *request, const orders_problem_t *problem, int status);

/** Notes for the access log, once the answer is known. `problem` may be NULL. */
void orders_request_note(orders_request_t *request, const orders_problem_t *problem, bool replayed);

/** The note `orders_path`. */
void orders_request_register_hooks(apr_pool_t *pool);

#endif
