/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/error_filter.h"

#include <httpd.h>

#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include <string.h>
#include <util_filter.h>

#include "core/problem_json.h"
#include "httpd/body.h"
#include "httpd/metrics.h"
#include "httpd/reply.h"
#include "httpd/request.h"

#define FILTER "ORDERS_ERROR"

/** The error for a status with which httpd itself responds. Any other status is `http_error`. */
static const struct {
    int status;
    orders_error_e error;
} status_errors[] = {
    {HTTP_BAD_REQUEST, ORDERS_E_malformed_request},
    {HTTP_UNAUTHORIZED, ORDERS_E_unauthenticated},
    {HTTP_FORBIDDEN, ORDERS_E_forbidden},
    {HTTP_NOT_FOUND, ORDERS_E_not_found},
    {HTTP_METHOD_NOT_ALLOWED, ORDERS_E_method_not_allowed},
    {HTTP_REQUEST_TIME_OUT, ORDERS_E_request_timeout},
    {HTTP_REQUEST_ENTITY_TOO_LARGE, ORDERS_E_body_too_large},
    {HTTP_UNSUPPORTED_MEDIA_TYPE, ORDERS_E_unsupported_media_type},
    {HTTP_INTERNAL_SERVER_ERROR, ORDERS_E_internal_error},
    {HTTP_SERVICE_UNAVAILABLE, ORDERS_E_busy},
};

void orders_error_filter_disable_documents(request_rec *r)
{
    for (size_t i = 0; i < sizeof status_errors / sizeof *status_errors; i++) {
        ap_custom_response(r, status_errors[i].status,
                           "\""); /* an empty body, which the filter replaces */
    }
}

static const orders_problem_t *choose_problem(const orders_request_t *request, int status)
{
    const orders_problem_t *own_problem = request->problem;
    orders_error_e error = ORDERS_E_http_error;
    orders_problem_t *problem;

    if (own_problem && orders_kind_status(orders_error_kind(own_problem->error)) == status) {
        return own_problem;
    }
    for (size_t i = 0; i < sizeof status_errors / sizeof *status_errors; i++) {
        if (status_errors[i].status == status) {
            error = status_errors[i].error;
        }
    }
    problem = orders_problem(request->r->pool, error, NULL);
    problem->status = status;
    return problem;
}

/** The response in the API's format, with httpd's status if it differs from that of the problem (414, 431, 501, …). */
static void make_reply(orders_request_t *request, const orders_problem_t *problem,
                       orders_reply_t *reply)
{
    request_rec *r = request->r;

    orders_reply_problem(request, problem, reply);
    if (reply->status != r->status && reply->content_type &&
        !strcmp(reply->content_type, ORDERS_PROBLEM_TYPE)) {
        reply->json = orders_json_open(r->pool);
        orders_problem_json(reply->json, problem, r->status, request->call.request_id);
    }
    reply->status = r->status;
    if (apr_table_get(r->headers_out, "WWW-Authenticate")) {
        apr_table_unset(reply->headers, "WWW-Authenticate");
    }
}

/** Output filter. Replaces the first brigade and discards all others. */
static apr_status_t error_filter(ap_filter_t *filter, apr_bucket_brigade *brigade)
{
    request_rec *r = filter->r;
    orders_request_t *request = filter->ctx;
    const orders_problem_t *problem;
    apr_bucket_brigade *replacement;
    orders_reply_t reply;

    if (!request) {
        apr_brigade_cleanup(brigade);
        return APR_SUCCESS;
    }
    filter->ctx = NULL;
    problem = choose_problem(request, r->status);
    make_reply(request, problem, &reply);
    orders_reply_headers(request, &reply, problem);
    orders_request_note(request, problem, false);
    orders_metrics_count_request(request, r->status);
    ap_set_content_type(r, reply.content_type ? reply.content_type : "application/json");
    ap_set_content_length(r, reply.json ? (apr_off_t)orders_json_length(reply.json) : 0);
    replacement = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    if (r->header_only) {
        APR_BRIGADE_INSERT_TAIL(replacement, apr_bucket_eos_create(replacement->bucket_alloc));
    } else {
        orders_reply_body(r, &reply, replacement);
    }
    apr_brigade_cleanup(brigade);
    return ap_pass_brigade(filter->next, replacement);
}

/**
 * Sets the Location of a request that httpd could not parse, by the path in the request line, which may be incomplete.
 */
static void find_location(request_rec *r)
{
    const char *line = r->the_request;
    const char *path = line ? strchr(line, ' ') : NULL;

    if (r->per_dir_config != r->server->lookup_defaults) {
        return;
    }
    if (!r->uri && path && path[1] == '/') {
        path++;
        r->uri = apr_pstrndup(r->pool, path, strcspn(path, "? \t\r\n"));
        if (ap_unescape_url(r->uri) != OK) {
            r->uri = apr_pstrdup(r->pool, "/");
        }
    }
    if (r->uri && r->uri[0] == '/') {
        (void)ap_location_walk(r);
    }
}

/** ap_hook_insert_error_filter. */
static void insert_error_filter(request_rec *r)
{
    orders_request_t *request;

    if (r->status < 400) {
        return;
    }
    find_location(r);
    request = orders_request(r);
    if (request && request->is_api_path) {
        orders_body_discard(request);
        ap_add_output_filter(FILTER, request, r, r->connection);
    }
}

void orders_error_filter_register_hooks(apr_pool_t *pool)
{
    ap_register_output_filter(FILTER, error_filter, NULL, AP_FTYPE_CONTENT_SET);
    ap_hook_insert_error_filter(insert_error_filter, NULL, NULL, APR_HOOK_LAST);
}
