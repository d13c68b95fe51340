/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/body.h"

#include <httpd.h>

#include <apr_buckets.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <string.h>

#include "core/clock.h"
#include "core/text.h"

/** Read at a time, and what a body of unknown length starts with. */
#define CHUNK 8192

/** A body as it grows. `bytes` has room for `room` and a NUL. */
typedef struct growing_t {
    orders_request_t *request;
    apr_pool_t *pool;
    char *bytes;
    apr_size_t length, room, limit;
} growing_t;

static bool has_body(const request_rec *r)
{
    const char *length = apr_table_get(r->headers_in, "Content-Length");

    return apr_table_get(r->headers_in, "Transfer-Encoding") || (length && strcmp(length, "0"));
}

/** What the client says, or -1. httpd has refused what is no number. */
static apr_int64_t announced(const request_rec *r)
{
    const char *length = apr_table_get(r->headers_in, "Content-Length");

    return length && !apr_table_get(r->headers_in, "Transfer-Encoding")
               ? apr_strtoi64(length, NULL, 10)
               : -1;
}

static bool is_readable(const char *type)
{
    static const char *const readable[] = {"application/json", "application/x-www-form-urlencoded",
                                           "multipart/form-data"};

    for (size_t i = 0; i < sizeof readable / sizeof *readable; i++) {
        if (!strcmp(type, readable[i])) {
            return true;
        }
    }
    return false;
}

/** What httpd makes of a failed read. An input filter that says AP_FILTER_ERROR has answered already. */
static orders_problem_t *failure(orders_request_t *request, apr_status_t status)
{
    orders_error_e error = ORDERS_E_malformed_request;

    switch (ap_map_http_request_error(status, HTTP_BAD_REQUEST)) {
    case AP_FILTER_ERROR:
        request->answered = true;
        break;
    case HTTP_REQUEST_TIME_OUT:
        error = ORDERS_E_request_timeout;
        break;
    case HTTP_REQUEST_ENTITY_TOO_LARGE:
        error = ORDERS_E_body_too_large;
        break;
    }
    return orders_problem(request->r->pool, error, NULL);
}

static orders_problem_t *append(growing_t *body, const char *data, apr_size_t length)
{
    if (length > body->limit - body->length) {
        return orders_problem(body->pool, ORDERS_E_body_too_large, NULL);
    }
    if (length > body->room - body->length) {
        apr_size_t room = body->room;
        char *bytes;

        while (room - body->length < length) {
            room *= 2;
        }
        room = room < body->limit ? room : body->limit;
        bytes = apr_palloc(body->pool, room + 1);
        memcpy(bytes, body->bytes, body->length);
        body->bytes = bytes;
        body->room = room;
    }
    memcpy(body->bytes + body->length, data, length);
    body->length += length;
    return NULL;
}

/** All data of a brigade; `*end` when its EOS is among it. */
static orders_problem_t *take(growing_t *body, apr_bucket_brigade *brigade, bool *end)
{
    for (apr_bucket *bucket = APR_BRIGADE_FIRST(brigade);
         bucket != APR_BRIGADE_SENTINEL(brigade) && !*end; bucket = APR_BUCKET_NEXT(bucket)) {
        const char *data;
        apr_size_t length;
        apr_status_t status;

        if (APR_BUCKET_IS_EOS(bucket)) {
            *end = true;
        } else if (!APR_BUCKET_IS_METADATA(bucket)) {
            status = apr_bucket_read(bucket, &data, &length, APR_BLOCK_READ);
            if (status != APR_SUCCESS) {
                return failure(body->request, status);
            }
            ORDERS_TRY(append(body, data, length));
        }
    }
    return NULL;
}

static orders_problem_t *read_until(orders_request_t *request, growing_t *body,
                                    apr_socket_t *socket, apr_time_t deadline)
{
    request_rec *r = request->r;
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    orders_problem_t *problem = NULL;
    bool end = false;

    while (!problem && !end) {
        apr_interval_time_t left = deadline - orders_clock_now();
        apr_status_t status = APR_TIMEUP;

        if (left > 0) {
            if (socket) {
                apr_socket_timeout_set(socket, left);
            }
            status =
                ap_get_brigade(r->input_filters, brigade, AP_MODE_READBYTES, APR_BLOCK_READ, CHUNK);
        }
        problem = status == APR_SUCCESS ? take(body, brigade, &end) : failure(request, status);
        apr_brigade_cleanup(brigade);
    }
    return problem;
}

/** The socket's timeout follows the time that is left. Over HTTP/2 it is not ours alone: there, httpd's own holds. */
static orders_problem_t *read_in_time(orders_request_t *request, growing_t *body)
{
    conn_rec *connection = request->r->connection;
    apr_socket_t *socket = connection->master ? NULL : ap_get_conn_socket(connection);
    apr_time_t deadline = orders_clock_now() + apr_time_from_sec(request->dir.body_timeout);
    apr_interval_time_t before = -1;
    orders_problem_t *problem;

    if (socket && apr_socket_timeout_get(socket, &before) != APR_SUCCESS) {
        socket = NULL;
    }
    problem = read_until(request, body, socket, deadline);
    if (socket) {
        apr_socket_timeout_set(socket, before);
    }
    return problem;
}

static apr_size_t limit_of(const orders_request_t *request)
{
    const orders_route_t *route = request->match.route;

    return route && route->max_body ? route->max_body : (apr_size_t)request->dir.max_body;
}

orders_problem_t *orders_body_read(orders_request_t *request)
{
    request_rec *r = request->r;
    apr_int64_t length = announced(r);
    growing_t body = {.request = request, .pool = r->pool, .limit = limit_of(request)};

    if (!has_body(r)) {
        return NULL;
    }
    if (!request->match.route->raw_body && !is_readable(request->call.content_type)) {
        return orders_problem(r->pool, ORDERS_E_unsupported_media_type, NULL);
    }
    if (length > (apr_int64_t)body.limit) {
        return orders_problem(r->pool, ORDERS_E_body_too_large, NULL);
    }
    body.room = length > 0 ? (apr_size_t)length : CHUNK < body.limit ? CHUNK : body.limit;
    body.bytes = apr_palloc(r->pool, body.room + 1);
    ORDERS_TRY(read_in_time(request, &body));
    body.bytes[body.length] = '\0';
    request->body_read = true;
    request->call.body = body.bytes;
    request->call.body_length = body.length;
    if (!request->match.route->raw_body) {
        orders_text_skip_mark(&request->call.body, &request->call.body_length);
    }
    return NULL;
}

void orders_body_skip(const orders_request_t *request)
{
    request_rec *r = request->r;

    if (has_body(r) && !request->body_read) {
        r->connection->keepalive = AP_CONN_CLOSE;
    }
}
