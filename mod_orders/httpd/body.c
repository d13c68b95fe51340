/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/body.h"

#include <httpd.h>

#include <apr_buckets.h>
#include <apr_cstr.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <string.h>
#include <util_filter.h>

#include "core/clock.h"
#include "core/text.h"

/** Size of a read, and initial capacity for a body of unknown length. */
#define CHUNK 8192

/** Limits of orders_body_discard. */
#define MAX_DISCARDED 65536
#define DISCARD_TIME apr_time_from_msec(500)
#define DISCARD_PAUSE apr_time_from_msec(5)

/** A growing body. `bytes` has `capacity` bytes and one for a NUL. */
typedef struct body_buffer_t {
    orders_request_t *request;
    apr_pool_t *pool;
    char *bytes;
    apr_size_t length, capacity, limit;
} body_buffer_t;

static bool has_body(const request_rec *r)
{
    const char *length = apr_table_get(r->headers_in, "Content-Length");

    return apr_table_get(r->headers_in, "Transfer-Encoding") || (length && strcmp(length, "0"));
}

/** Content-Length, or -1. httpd has refused malformed values. */
static apr_int64_t declared_length(const request_rec *r)
{
    const char *length = apr_table_get(r->headers_in, "Content-Length");

    return length && !apr_table_get(r->headers_in, "Transfer-Encoding")
               ? apr_strtoi64(length, NULL, 10)
               : -1;
}

/** Whether the body has a content encoding that no filter has decoded. */
static bool is_encoded(const request_rec *r)
{
    static const char identity[] = "identity";
    const char *at = apr_table_get(r->headers_in, "Content-Encoding");

    for (at = at ? at : ""; *(at += strspn(at, ", \t")); at += strcspn(at, ", \t")) {
        if (strcspn(at, ", \t") != sizeof(identity) - 1 ||
            apr_cstr_casecmpn(at, identity, sizeof(identity) - 1) != 0) {
            return true;
        }
    }
    return false;
}

/**
 * The name of the first content filter of the request (SetInputFilter), which may decode the body, or NULL. Such a filter removes its
 * coding from Content-Encoding while it reads, and may remove itself.
 */
static const char *decoding_filter(const request_rec *r)
{
    const ap_filter_t *filter = r->input_filters;

    return filter && filter->frec->ftype < AP_FTYPE_PROTOCOL ? filter->frec->name : NULL;
}

/** RFC 9110, section 12.5.3: a 415 lists the supported encodings in Accept-Encoding. */
static orders_problem_t *refuse_encoding(request_rec *r, const char *filter)
{
    bool inflates = filter && !apr_cstr_casecmp(filter, "deflate");

    apr_table_setn(r->headers_out, "Accept-Encoding", inflates ? "gzip" : "identity");
    return orders_problem(r->pool, ORDERS_E_unsupported_media_type,
                          "The content encoding is not supported.");
}

static bool is_readable(const char *type)
{
    static const char *const readable[] = {"application/json", "application/merge-patch+json",
                                           "application/x-www-form-urlencoded",
                                           "multipart/form-data"};

    for (size_t i = 0; i < sizeof readable / sizeof *readable; i++) {
        if (!strcmp(type, readable[i])) {
            return true;
        }
    }
    return false;
}

/** The problem of a failed read. AP_FILTER_ERROR: an input filter has already sent a response. */
static orders_problem_t *read_problem(orders_request_t *request, apr_status_t status)
{
    orders_error_e error = ORDERS_E_malformed_request;

    request->body_failed = true;
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

static orders_problem_t *append(body_buffer_t *body, const char *data, apr_size_t length)
{
    if (length > body->limit - body->length) {
        return orders_problem(body->pool, ORDERS_E_body_too_large, NULL);
    }
    if (length > body->capacity - body->length) {
        apr_size_t capacity = body->capacity;
        char *bytes;

        while (capacity - body->length < length) {
            capacity *= 2;
        }
        capacity = capacity < body->limit ? capacity : body->limit;
        bytes = apr_palloc(body->pool, capacity + 1);
        memcpy(bytes, body->bytes, body->length);
        body->bytes = bytes;
        body->capacity = capacity;
    }
    memcpy(body->bytes + body->length, data, length);
    body->length += length;
    return NULL;
}

/** Appends all data of a brigade. Sets `*end` at its EOS. */
static orders_problem_t *append_brigade(body_buffer_t *body, apr_bucket_brigade *brigade, bool *end)
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
                return read_problem(body->request, status);
            }
            ORDERS_TRY(append(body, data, length));
        }
    }
    return NULL;
}

static orders_problem_t *read_until(orders_request_t *request, body_buffer_t *body,
                                    apr_socket_t *socket, apr_time_t deadline)
{
    request_rec *r = request->r;
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    orders_problem_t *problem = NULL;
    bool end = false;

    while (!problem && !end) {
        apr_interval_time_t remaining = deadline - orders_clock_now();
        apr_status_t status = APR_TIMEUP;

        if (remaining > 0) {
            if (socket) {
                apr_socket_timeout_set(socket, remaining);
            }
            status =
                ap_get_brigade(r->input_filters, brigade, AP_MODE_READBYTES, APR_BLOCK_READ, CHUNK);
        }
        problem = status == APR_SUCCESS ? append_brigade(body, brigade, &end)
                                        : read_problem(request, status);
        apr_brigade_cleanup(brigade);
    }
    return problem;
}

/** Sets the timeout of the socket to the remaining time. An HTTP/2 stream shares its socket; there, httpd's Timeout applies. */
static orders_problem_t *read_with_timeout(orders_request_t *request, body_buffer_t *body)
{
    conn_rec *connection = request->r->connection;
    apr_socket_t *socket = connection->master ? NULL : ap_get_conn_socket(connection);
    apr_time_t deadline = orders_clock_now() + apr_time_from_sec(request->dir.body_timeout);
    apr_interval_time_t previous_timeout = -1;
    orders_problem_t *problem;

    if (socket && apr_socket_timeout_get(socket, &previous_timeout) != APR_SUCCESS) {
        socket = NULL;
    }
    problem = read_until(request, body, socket, deadline);
    if (socket) {
        apr_socket_timeout_set(socket, previous_timeout);
    }
    return problem;
}

static apr_size_t body_limit(const orders_request_t *request)
{
    const orders_route_t *route = request->match.route;

    return route && route->max_body ? route->max_body : (apr_size_t)request->dir.max_body;
}

orders_problem_t *orders_body_read(orders_request_t *request)
{
    request_rec *r = request->r;
    const char *filter = decoding_filter(r);
    apr_int64_t length = declared_length(r);
    body_buffer_t body = {.request = request, .pool = r->pool, .limit = body_limit(request)};

    if (!has_body(r)) {
        return NULL;
    }
    if (is_encoded(r) && !filter) {
        return refuse_encoding(r, filter);
    }
    if (!request->match.route->raw_body && !is_readable(request->call.content_type)) {
        return orders_problem(r->pool, ORDERS_E_unsupported_media_type, NULL);
    }
    if (length > (apr_int64_t)body.limit) {
        return orders_problem(r->pool, ORDERS_E_body_too_large, NULL);
    }
    body.capacity = length > 0 ? (apr_size_t)length : CHUNK < body.limit ? CHUNK : body.limit;
    body.bytes = apr_palloc(r->pool, body.capacity + 1);
    ORDERS_TRY(read_with_timeout(request, &body));
    request->body_read = true;
    if (is_encoded(r)) {
        return refuse_encoding(r, filter);
    }
    body.bytes[body.length] = '\0';
    request->call.body = body.bytes;
    request->call.body_length = body.length;
    if (!request->match.route->raw_body) {
        orders_text_skip_mark(&request->call.body, &request->call.body_length);
    }
    return NULL;
}

/** Discards the data of a brigade and subtracts its length from `*remaining`. False: it cannot be read or is too long. */
static bool discard_brigade(apr_bucket_brigade *brigade, apr_off_t *remaining, bool *end)
{
    apr_bucket *bucket;

    for (bucket = APR_BRIGADE_FIRST(brigade); bucket != APR_BRIGADE_SENTINEL(brigade) && !*end;
         bucket = APR_BUCKET_NEXT(bucket)) {
        const char *data;
        apr_size_t length = 0;

        if (APR_BUCKET_IS_EOS(bucket)) {
            *end = true;
        } else if (AP_BUCKET_IS_ERROR(bucket) ||
                   (!APR_BUCKET_IS_METADATA(bucket) &&
                    apr_bucket_read(bucket, &data, &length, APR_BLOCK_READ) != APR_SUCCESS)) {
            return false;
        }
        *remaining -= (apr_off_t)length;
    }
    return *remaining >= 0;
}

/**
 * Reads the rest of the body below the content filters, so that it is not decoded. False: it does not end within the limits.
 */
static bool discard_rest(request_rec *r)
{
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    apr_time_t deadline = orders_clock_now() + DISCARD_TIME;
    apr_off_t remaining = MAX_DISCARDED;
    bool end = false;

    while (!end && orders_clock_now() < deadline) {
        apr_status_t status = ap_get_brigade(r->proto_input_filters, brigade, AP_MODE_READBYTES,
                                             APR_NONBLOCK_READ, CHUNK);
        bool is_empty = status == APR_SUCCESS && APR_BRIGADE_EMPTY(brigade);

        if (APR_STATUS_IS_EAGAIN(status) || is_empty) {
            apr_sleep(DISCARD_PAUSE);
        } else if (status != APR_SUCCESS || !discard_brigade(brigade, &remaining, &end)) {
            return false;
        }
        apr_brigade_cleanup(brigade);
    }
    return end;
}

/**
 * A client that waits for 100 Continue has not sent its body. `keepalive` is not meaningful for an HTTP/2 stream: it is always
 * AP_CONN_CLOSE.
 */
static bool can_discard(const orders_request_t *request)
{
    const request_rec *r = request->r;

    return !request->body_failed && !r->expecting_100 && declared_length(r) <= MAX_DISCARDED &&
           (r->connection->master || r->connection->keepalive != AP_CONN_CLOSE);
}

void orders_body_discard(orders_request_t *request)
{
    request_rec *r = request->r;

    if (!has_body(r) || request->body_read) {
        return;
    }
    request->body_read = can_discard(request) && discard_rest(r);
    if (!request->body_read) {
        r->connection->keepalive = AP_CONN_CLOSE;
    }
}
