/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The state of a request of an API, created by the first hook that calls orders_request(). Lives in the request's pool;
 * used by the thread of the request.
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
    orders_server_conf_t server; /**< defaults filled in */
    orders_route_e found;
    orders_match_t match;
    const char *path; /**< the path below the mount, still percent-encoded */
    bool is_api_path; /**< the path belongs to the API, even if no route matches */
    orders_call_t call;
    orders_settings_t settings;
    orders_database_t database;
    orders_providers_t providers;
    orders_log_t log;
    orders_identity_t *identity; /**< once resolved */
    orders_problem_t *problem;   /**< of the hook that ended the request; for the error filter */
    bool body_read;              /**< to its end */
    bool body_failed;            /**< a read failed: the rest must not be read */
    bool answered;               /**< an input filter has sent a response */
    bool checking_groups;        /**< a provider of OrdersRemoteGroupScopes runs */
    bool counted;                /**< in the metrics */
    apr_time_t started;          /**< when the request was received, a time of orders_clock_now() */
    apr_file_t *file;            /**< of the reply; NULL: none */
    apr_off_t file_size;
} orders_request_t;

/** The state of the request, created if necessary. NULL: its Location has no API. */
orders_request_t *orders_request(request_rec *r);

/** The state that an earlier hook has created, or NULL. */
orders_request_t *orders_request_known(const request_rec *r);

/** The name of the route, or "-". */
const char *orders_request_route(const orders_request_t *request);

/** Logs a problem with its number, request id and SQLSTATE: at level error if the status is 500 or higher, otherwise at info. */
void orders_request_log(orders_request_t *request, const orders_problem_t *problem, int status);

/** Sets the notes for the access log (docs/log.md). Called once per response. `problem` may be NULL. */
void orders_request_note(orders_request_t *request, const orders_problem_t *problem, bool replayed);

/** Registers the hook that sets the note `orders_path`. */
void orders_request_register_hooks(apr_pool_t *pool);

#endif
