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

/** Read at a time, and what a body of unknown length starts with. */
#define CHUNK 8192

/** Bounds for reading and dropping an unwanted body, so that the connection can stay open. */
#define MOST_DISCARDED 65536
#define DISCARD_TIME apr_time_from_msec(500)
#define DISCARD_PAUSE apr_time_from_msec(5)

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

/** Whether the body has a content encoding that was not decoded. */
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
 * What may decode the content of this request: the name of its first filter (SetInputFilter), or NULL. Such a filter takes
 * its coding out of Content-Encoding as it reads, and may be gone afterwards.
 */
static const char *decoder(const request_rec *r)
{
    const ap_filter_t *filter = r->input_filters;

    return filter && filter->frec->ftype < AP_FTYPE_PROTOCOL ? filter->frec->name : NULL;
}

/** RFC 9110, section 12.5.3: with 415, Accept-Encoding says what would be read. */
static orders_problem_t *refuse_encoding(request_rec *r, const char *filter)
{
    bool inflates = filter && !apr_cstr_casecmp(filter, "deflate");

    apr_table_setn(r->headers_out, "Accept-Encoding", inflates ? "gzip" : "identity");
    return orders_problem(r->pool, ORDERS_E_unsupported_media_type,
                          "The content encoding is not supported.");
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
    const char *filter = decoder(r);
    apr_int64_t length = announced(r);
    growing_t body = {.request = request, .pool = r->pool, .limit = limit_of(request)};

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
    body.room = length > 0 ? (apr_size_t)length : CHUNK < body.limit ? CHUNK : body.limit;
    body.bytes = apr_palloc(r->pool, body.room + 1);
    ORDERS_TRY(read_in_time(request, &body));
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

/** Drops what has arrived; `*left`: how much more may come. False when the body cannot be read, or is too long. */
static bool drop(apr_bucket_brigade *brigade, apr_off_t *left, bool *end)
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
        *left -= (apr_off_t)length;
    }
    return *left >= 0;
}

/**
 * Reads the rest of the body, in its length and its time bounded, past the filters that decode content. False when it does
 * not end within the bounds.
 */
static bool discard(request_rec *r)
{
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    apr_time_t deadline = orders_clock_now() + DISCARD_TIME;
    apr_off_t left = MOST_DISCARDED;
    bool end = false;

    while (!end && orders_clock_now() < deadline) {
        apr_status_t status = ap_get_brigade(r->proto_input_filters, brigade, AP_MODE_READBYTES,
                                             APR_NONBLOCK_READ, CHUNK);
        bool nothing = status == APR_SUCCESS && APR_BRIGADE_EMPTY(brigade);

        if (APR_STATUS_IS_EAGAIN(status) || nothing) {
            apr_sleep(DISCARD_PAUSE);
        } else if (status != APR_SUCCESS || !drop(brigade, &left, &end)) {
            return false;
        }
        apr_brigade_cleanup(brigade);
    }
    return end;
}

/**
 * A client that waits for 100 Continue has not sent its body yet, and need not. The connection of an HTTP/2 stream says
 * that it closes, always.
 */
static bool can_discard(const orders_request_t *request)
{
    const request_rec *r = request->r;

    return !request->body_failed && !r->expecting_100 && announced(r) <= MOST_DISCARDED &&
           (r->connection->master || r->connection->keepalive != AP_CONN_CLOSE);
}

void orders_body_skip(orders_request_t *request)
{
    request_rec *r = request->r;

    if (!has_body(r) || request->body_read) {
        return;
    }
    request->body_read = can_discard(request) && discard(r);
    if (!request->body_read) {
        r->connection->keepalive = AP_CONN_CLOSE;
    }
}
