/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/reply.h"

#include <httpd.h>

#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
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

orders_problem_t *orders_reply_open_file(orders_request_t *request, orders_reply_t *reply)
{
    request_rec *r = request->r;
    const core_dir_config *core = ap_get_core_module_config(r->per_dir_config);
    const apr_int32_t sendfile =
        core->enable_sendfile == ENABLE_SENDFILE_ON ? APR_FOPEN_SENDFILE_ENABLED : 0;
    apr_finfo_t info;
    apr_status_t status = apr_file_open(&request->file, reply->file, APR_FOPEN_READ | sendfile,
                                        APR_OS_DEFAULT, r->pool);
    char reason[120];

    if (status == APR_SUCCESS) {
        status = apr_file_info_get(&info, APR_FINFO_SIZE, request->file);
    }
    if (status != APR_SUCCESS) {
        request->file = NULL;
        return orders_problem_logged(
            r->pool, APR_STATUS_IS_ENOENT(status) ? reply->file_missing : ORDERS_E_internal_error,
            apr_psprintf(r->pool, "%s: %s", reply->file,
                         apr_strerror(status, reason, sizeof reason)));
    }
    request->file_size = info.size;
    return NULL;
}

/** Not mapped into memory: a file that another process truncates would end this one. */
static void insert_file(const orders_request_t *request, apr_bucket_brigade *brigade)
{
    (void)apr_brigade_insert_file(brigade, request->file, 0, request->file_size, request->r->pool);
    for (apr_bucket *bucket = APR_BRIGADE_FIRST(brigade); bucket != APR_BRIGADE_SENTINEL(brigade);
         bucket = APR_BUCKET_NEXT(bucket)) {
        (void)apr_bucket_file_enable_mmap(bucket, 0);
    }
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(brigade->bucket_alloc));
}

static bool is_not_modified(request_rec *r, const orders_reply_t *reply)
{
    return reply->etag && reply->status == HTTP_OK && r->method_number == M_GET &&
           orders_etag_none_match(apr_table_get(r->headers_in, "If-None-Match"), reply->etag);
}

static apr_off_t length_of(const orders_request_t *request, const orders_reply_t *reply)
{
    return request->file ? request->file_size
           : reply->json ? (apr_off_t)orders_json_length(reply->json)
           : reply->data ? (apr_off_t)reply->length
                         : 0;
}

/**
 * httpd sends parts of files: compressed, they would have other bytes than the whole. A part of a JSON document is not valid JSON, and the
 * response to HEAD has no parts.
 */
static void set_ranges(const orders_request_t *request)
{
    request_rec *r = request->r;

    if (request->file) {
        apr_table_setn(r->subprocess_env, "no-gzip", "1");
        apr_table_setn(r->subprocess_env, "no-brotli", "1");
    }
    if (!request->file || r->header_only) {
        apr_table_unset(r->headers_in, "Range");
    }
    apr_table_setn(r->headers_out, "Accept-Ranges", request->file ? "bytes" : "none");
}

int orders_reply_send(orders_request_t *request, const orders_reply_t *reply,
                      const orders_problem_t *problem)
{
    request_rec *r = request->r;
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    const apr_off_t length = length_of(request, reply);

    set_ranges(request);
    orders_reply_headers(request, reply, problem);
    orders_request_note(request, problem, reply->replayed);
    r->status = reply->status;
    if (is_not_modified(r, reply)) {
        r->status = HTTP_NOT_MODIFIED;
    } else {
        if (length || request->file || reply->length_unknown) {
            ap_set_content_type(r, reply->content_type ? reply->content_type : "application/json");
        }
        if (reply->status != HTTP_NO_CONTENT && !reply->length_unknown) {
            ap_set_content_length(r, length);
        }
    }
    orders_metrics_count_request(request, r->status);
    if (r->header_only || !length || r->status == HTTP_NOT_MODIFIED) {
        APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(brigade->bucket_alloc));
    } else if (request->file) {
        insert_file(request, brigade);
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
