/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/reply.h"

#include <httpd.h>

#include <apr_strings.h>
#include <http_protocol.h>

#include "core/etag.h"
#include "httpd/auth.h"
#include "httpd/metrics.h"

#define STACK_BLOCKS 16

void orders_reply_init(const orders_request_t *request, orders_reply_t *reply)
{
    *reply = (orders_reply_t){.status = HTTP_OK, .headers = apr_table_make(request->r->pool, 4)};
}

static void set_default_header(apr_table_t *headers, const char *name, const char *value)
{
    if (!apr_table_get(headers, name)) {
        apr_table_setn(headers, name, value);
    }
}

static int copy_header(void *target, const char *name, const char *value)
{
    apr_table_addn(target, name, value);
    return 1;
}

void orders_reply_headers(const orders_request_t *request, const orders_reply_t *reply,
                          const orders_problem_t *problem)
{
    request_rec *r = request->r;
    apr_table_t *headers = r->headers_out;

    apr_table_do(copy_header, headers, reply->headers, NULL);
    set_default_header(headers, "Cache-Control", "private, no-store");
    set_default_header(headers, "X-Content-Type-Options", "nosniff");
    set_default_header(headers, "Referrer-Policy", "no-referrer"); /* a path may contain a secret */
    apr_table_setn(headers, "X-Request-Id", request->call.request_id);
    if (reply->etag) {
        apr_table_setn(headers, "ETag", reply->etag);
    }
    if (reply->replayed) {
        apr_table_setn(headers, "Idempotency-Replayed", "true");
    }
    if (problem && problem->retry_after > 0) {
        set_default_header(headers, "Retry-After", apr_itoa(r->pool, problem->retry_after));
    }
    if (reply->status == HTTP_UNAUTHORIZED && orders_auth_challenge(request) &&
        !apr_table_get(r->err_headers_out, "WWW-Authenticate")) {
        set_default_header(headers, "WWW-Authenticate", orders_auth_challenge(request));
    }
}

void orders_reply_body(request_rec *r, const orders_reply_t *reply, apr_bucket_brigade *brigade)
{
    struct iovec on_stack[STACK_BLOCKS], *blocks = on_stack;
    int count = reply->json ? orders_json_blocks(reply->json, on_stack, STACK_BLOCKS) : 0;

    if (count > STACK_BLOCKS) {
        blocks = apr_palloc(r->pool, (apr_size_t)count * sizeof *blocks);
        orders_json_blocks(reply->json, blocks, count);
    }
    if (!reply->json && reply->data) {
        APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_pool_create(reply->data, reply->length, r->pool,
                                                                brigade->bucket_alloc));
    }
    for (int i = 0; i < count; i++) {
        APR_BRIGADE_INSERT_TAIL(brigade,
                                apr_bucket_pool_create(blocks[i].iov_base, blocks[i].iov_len,
                                                       r->pool, brigade->bucket_alloc));
    }
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(brigade->bucket_alloc));
}

static bool is_not_modified(request_rec *r, const orders_reply_t *reply)
{
    return reply->etag && reply->status == HTTP_OK && r->method_number == M_GET &&
           orders_etag_none_match(apr_table_get(r->headers_in, "If-None-Match"), reply->etag);
}

int orders_reply_send(orders_request_t *request, const orders_reply_t *reply,
                      const orders_problem_t *problem)
{
    request_rec *r = request->r;
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    apr_size_t length = reply->json   ? orders_json_length(reply->json)
                        : reply->data ? reply->length
                                      : 0;

    apr_table_unset(r->headers_in, "Range"); /* a part of a JSON document is not valid JSON */
    apr_table_setn(r->headers_out, "Accept-Ranges", "none");
    orders_reply_headers(request, reply, problem);
    orders_request_note(request, problem, reply->replayed);
    r->status = reply->status;
    if (is_not_modified(r, reply)) {
        r->status = HTTP_NOT_MODIFIED;
    } else {
        if (length || reply->length_unknown) {
            ap_set_content_type(r, reply->content_type ? reply->content_type : "application/json");
        }
        if (reply->status != HTTP_NO_CONTENT && !reply->length_unknown) {
            ap_set_content_length(r, (apr_off_t)length);
        }
    }
    orders_metrics_count_request(request, r->status);
    if (r->header_only || !length || r->status == HTTP_NOT_MODIFIED) {
        APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(brigade->bucket_alloc));
    } else {
        orders_reply_body(r, reply, brigade);
    }
    /* The status is ignored: it is an error if the client has closed the connection. */
    (void)ap_pass_brigade(r->output_filters, brigade);
    return OK;
}

void orders_reply_problem(orders_request_t *request, const orders_problem_t *problem,
                          orders_reply_t *reply)
{
    orders_reply_init(request, reply);
    reply->status = orders_problem_status(problem);
    request->api->problem(&request->call, problem, reply);
    orders_request_log(request, problem, reply->status);
}
