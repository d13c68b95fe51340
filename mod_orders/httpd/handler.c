/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/handler.h"

#include <httpd.h>

#include <apr_strings.h>
#include <http_config.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <string.h>

#include "core/dry_run.h"
#include "httpd/auth.h"
#include "httpd/body.h"
#include "httpd/guess_limit.h"
#include "httpd/metrics.h"
#include "httpd/reply.h"
#include "httpd/request.h"

APLOG_USE_MODULE(orders);

#define HANDLER "orders-api"
#define FILENAME "orders:"

static bool is_api_request(request_rec *r)
{
    const orders_request_t *request = orders_request(r);

    return request && request->is_api_path;
}

/** ap_hook_translate_name, after the modules that rewrite: keeps httpd from mapping the path to a file. */
static int translate_name(request_rec *r)
{
    if (!is_api_request(r)) {
        return DECLINED;
    }
    r->filename = apr_pstrcat(r->pool, FILENAME, r->uri, NULL);
    return OK;
}

/**
 * ap_hook_map_to_storage: keeps httpd from walking directories and reading .htaccess. RewriteRule with PT may have
 * moved the request below an API, and VirtualDocumentRoot may have mapped it to a file, so the Location is looked up here. httpd does the same
 * later.
 */
static int map_to_storage(request_rec *r)
{
    ap_conf_vector_t *before = r->per_dir_config;
    bool is_api;

    if (!orders_server_conf(r->server)->first) {
        return DECLINED;
    }
    is_api = ap_location_walk(r) == OK && is_api_request(r);
    r->per_dir_config = before;
    return is_api ? OK : DECLINED;
}

/** ap_hook_type_checker: keeps mod_mime from guessing a type from the path. */
static int type_checker(request_rec *r)
{
    if (!is_api_request(r)) {
        return DECLINED;
    }
    r->handler = HANDLER;
    return OK;
}

static orders_problem_t *authorize(orders_request_t *request)
{
    const orders_route_t *route = request->match.route;

    if (route->auth != ORDERS_AUTH_IDENTITY) {
        return NULL;
    }
    return orders_auth_permit(request);
}

static orders_problem_t *run_handler(orders_request_t *request, orders_reply_t *reply)
{
    const orders_route_t *route = request->match.route;
    orders_problem_t *problem;

    ORDERS_TRY(authorize(request));
    if (route->dry_run != ORDERS_DRY_RUN_UNDECIDED) {
        ORDERS_TRY(orders_dry_run_read(&request->call));
    }
    if (route->before_body) {
        ORDERS_TRY(route->before_body(&request->call));
    }
    if (route->body) {
        ORDERS_TRY(orders_body_read(request));
    }
    request->database.written =
        false; /* a write of the authentication does not count as an effect */
    request->database.dry_run = request->call.dry_run;
    problem = route->handler(&request->call, reply);
    if (!problem && request->call.dry_run) {
        orders_dry_run_reply(&request->call, reply);
    }
    if (!problem && reply->file) {
        problem = orders_reply_open_file(request, reply);
    }
    return orders_database_problem(&request->database, request->r->pool, problem);
}

/** The path has no route of this method: sets Allow, accepts OPTIONS, and refuses any other method. */
static orders_problem_t *handle_other_method(orders_request_t *request)
{
    request_rec *r = request->r;
    const char *allow = apr_pstrcat(r->pool, orders_method_list(r->pool, request->match.allowed),
                                    ", OPTIONS", NULL);

    apr_table_setn(r->headers_out, "Allow", allow);
    return r->method_number == M_OPTIONS
               ? NULL
               : orders_problem(r->pool, ORDERS_E_method_not_allowed, NULL);
}

/** ap_hook_handler. */
static int handle_request(request_rec *r)
{
    orders_request_t *request =
        r->handler && !strcmp(r->handler, HANDLER) ? orders_request(r) : NULL;
    orders_problem_t *problem = NULL;
    orders_reply_t reply;

    if (!request || !request->is_api_path) {
        return DECLINED;
    }
    orders_reply_init(request, &reply);
    if (request->found == ORDERS_ROUTE_FOUND) {
        reply.status = orders_route_status(request->match.route);
        problem = run_handler(request, &reply);
        if (request->match.route->guessable) {
            orders_guess_limit_count(request, problem);
        }
    } else if (request->found == ORDERS_ROUTE_METHOD) {
        reply.status = HTTP_NO_CONTENT;
        problem = handle_other_method(request);
    } else {
        problem = orders_problem(r->pool, ORDERS_E_not_found, NULL);
    }
    if (request->answered) {
        orders_request_note(request, problem, false);
        orders_metrics_count_request(request, r->status);
        return AP_FILTER_ERROR;
    }
    if (problem) {
        orders_reply_problem(request, problem, &reply);
    }
    orders_body_discard(request);
    return orders_reply_send(request, &reply, problem);
}

void orders_handler_register_hooks(apr_pool_t *pool)
{
    ap_hook_translate_name(translate_name, NULL, NULL, APR_HOOK_LAST);
    ap_hook_map_to_storage(map_to_storage, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_type_checker(type_checker, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_handler(handle_request, NULL, NULL, APR_HOOK_FIRST);
}
