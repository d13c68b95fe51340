/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: exports and their files. */
#include "store/export.h"

#include <apr_file_io.h>
#include <apr_strings.h>
#include <string.h>

#include "api/common/members.h"
#include "api/operator/operator.h"
#include "core/call_input.h"
#include "core/format.h"
#include "core/text.h"
#include "core/time.h"

#define LIST_CONTEXT "operator.exports"

static const char *const kinds[] = {"orders", "lines", "ledger", NULL};
static const char *const formats[] = {"ndjson", "csv", NULL};
static const char *const states[] = {"queued", "running", "done", "failed", "expired", NULL};

typedef struct export_fields_t {
    const char *kind, *format, *from, *to;
} export_fields_t;

static const orders_field_t body_fields[] = {
    ORDERS_FIELD(export_fields_t, ENUM, kind, .flags = ORDERS_FIELD_REQUIRED, .values = kinds),
    ORDERS_FIELD(export_fields_t, ENUM, format, .flags = ORDERS_FIELD_REQUIRED, .values = formats),
    ORDERS_FIELD(export_fields_t, STRING, from, .max = 40, .format = &orders_format_time),
    ORDERS_FIELD(export_fields_t, STRING, to, .max = 40, .format = &orders_format_time),
};
const orders_field_table_t orders_operator_export_fields =
    ORDERS_FIELD_TABLE(body_fields, .exactly = true);

static orders_problem_t *read_bound(const orders_call_t *call, const char *text, apr_time_t *bound)
{
    return !orders_or_null(text) || orders_time_parse(text, bound)
               ? NULL
               : orders_problem(call->pool, ORDERS_E_internal_error, NULL);
}

static void write_error(orders_json_t *json, const orders_export_t *export)
{
    orders_json_key(json, "error");
    if (!export->error_code) {
        orders_json_null(json);
        return;
    }
    orders_json_begin_object(json);
    orders_json_member_string(json, "code", export->error_code);
    orders_json_member_string(json, "message", export->error_message);
    orders_json_end_object(json);
}

static void write_export(orders_json_t *json, const orders_export_t *export)
{
    orders_json_begin_object(json);
    orders_json_key(json, "id");
    orders_json_uuid(json, export->public_id);
    orders_json_member_string(json, "kind", export->kind);
    orders_json_member_string(json, "format", export->format);
    orders_member_time(json, "from", export->from_at);
    orders_member_time(json, "to", export->to_at);
    orders_json_member_string(json, "state", export->state);
    orders_json_member_int(json, "rows", export->rows);
    orders_json_member_int(json, "bytes", export->bytes);
    orders_json_member_string(json, "sha256", export->sha256);
    write_error(json, export);
    orders_member_id(json, "requested_by", export->requested_by);
    orders_member_time(json, "created_at", export->created_at);
    orders_member_time(json, "started_at", export->started_at);
    orders_member_time(json, "snapshot_at", export->snapshot_at);
    orders_member_time(json, "finished_at", export->finished_at);
    orders_member_time(json, "expires_at", export->expires_at);
    orders_json_end_object(json);
}

static orders_problem_t *reply_written(const orders_call_t *call,
                                       const orders_written_export_t *written,
                                       orders_reply_t *reply)
{
    if (!written->export) {
        return orders_problem(call->pool, ORDERS_E_internal_error, NULL);
    }
    reply->replayed = written->replayed;
    reply->json = orders_json_open(call->pool);
    write_export(reply->json, written->export);
    return NULL;
}

/* A malformed id is treated as not found. */
static orders_problem_t *check_id(const orders_call_t *call)
{
    return orders_text_is_uuid(call->param[0])
               ? NULL
               : orders_problem(call->pool, ORDERS_E_not_found, NULL);
}

orders_problem_t *orders_operator_create_export(orders_call_t *call, orders_reply_t *reply)
{
    export_fields_t fields = {0};
    orders_create_export_t create = {0};
    orders_writer_t writer;
    orders_written_export_t *written;
    ORDERS_TRY(orders_call_read(call, &fields));
    ORDERS_TRY(read_bound(call, fields.from, &create.from));
    ORDERS_TRY(read_bound(call, fields.to, &create.to));
    if (!call->settings->export_directory) {
        return orders_problem(call->pool, ORDERS_E_exports_not_configured, NULL);
    }
    create.kind = fields.kind;
    create.format = fields.format;
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_export_create(&writer, &create, &written));
    return reply_written(call, written, reply);
}

orders_problem_t *orders_operator_read_export(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    const orders_export_t *export;
    ORDERS_TRY(check_id(call));
    ORDERS_TRY(orders_export_read(&reader, call->param[0], &export));
    reply->json = orders_json_open(call->pool);
    write_export(reply->json, export);
    return NULL;
}

static const char *path_of(const orders_call_t *call, const orders_export_t *export)
{
    char name[ORDERS_EXPORT_NAME_SIZE];
    orders_export_write_name(name, call->settings->tenant, export->public_id, export->attempt,
                             export->format);
    return apr_pstrcat(call->pool, call->settings->export_directory, "/", name, NULL);
}

/* The worker deletes the file too, if this server cannot. A file that is being sent is sent to its end. */
orders_problem_t *orders_operator_delete_export(orders_call_t *call, orders_reply_t *reply)
{
    orders_writer_t writer;
    orders_written_export_t *written;
    ORDERS_TRY(check_id(call));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_export_delete(&writer, call->param[0], &written));
    if (written->export && call->settings->export_directory && !call->dry_run) {
        (void)apr_file_remove(path_of(call, written->export), call->pool);
    }
    return reply_written(call, written, reply);
}

static orders_problem_t *check_done(const orders_call_t *call, const orders_export_t *export)
{
    const orders_error_e error = strcmp(export->state, "expired") == 0  ? ORDERS_E_export_expired
                                 : strcmp(export->state, "failed") == 0 ? ORDERS_E_export_failed
                                 : !call->settings->export_directory
                                     ? ORDERS_E_exports_not_configured
                                     : ORDERS_E_export_not_ready;
    return strcmp(export->state, "done") == 0 && call->settings->export_directory
               ? NULL
               : orders_problem(call->pool, error, NULL);
}

/* The name that a browser saves the file with: orders-20261130T214300Z.csv. */
static const char *disposition(apr_pool_t *pool, const orders_export_t *export)
{
    char *time = apr_pstrdup(pool, orders_time_text(pool, export->snapshot_at, false));
    char *to = time;
    for (const char *from = time; *from; from++) {
        if (*from != '-' && *from != ':') {
            *to++ = *from;
        }
    }
    *to = '\0';
    return apr_psprintf(pool, "attachment; filename=\"%s-%s.%s\"", export->kind, time,
                        export->format);
}

orders_problem_t *orders_operator_read_export_file(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    const orders_export_t *export;
    char modified[APR_RFC822_DATE_LEN];
    ORDERS_TRY(check_id(call));
    ORDERS_TRY(orders_export_read(&reader, call->param[0], &export));
    ORDERS_TRY(check_done(call, export));
    apr_rfc822_date(modified, export->finished_at);
    apr_table_set(reply->headers, "Last-Modified", modified);
    apr_table_setn(reply->headers, "Content-Disposition", disposition(call->pool, export));
    reply->content_type =
        *export->format == 'c' ? "text/csv; charset=utf-8; header=present" : "application/x-ndjson";
    reply->etag = apr_pstrcat(call->pool, "\"", export->sha256, "\"", NULL);
    reply->file = path_of(call, export);
    reply->file_missing = ORDERS_E_export_expired;
    return NULL;
}

typedef struct list_query_t {
    const char *kind, *state;
} list_query_t;

static const orders_field_t list_fields[] = {
    ORDERS_FIELD(list_query_t, ENUM, kind, .values = kinds),
    ORDERS_FIELD(list_query_t, ENUM, state, .values = states),
};
const orders_field_table_t orders_operator_exports_query =
    ORDERS_FIELD_TABLE(list_fields, .exactly = true, .read_only = orders_operator_page_names);

static void write_row(orders_json_t *json, const void *row)
{
    write_export(json, row);
}

static int64_t get_id(const void *row)
{
    return ((const orders_export_t *)row)->id;
}

orders_problem_t *orders_operator_list_exports(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    orders_input_t *input;
    orders_page_t page;
    list_query_t query = {0};
    apr_array_header_t *rows;
    ORDERS_TRY(orders_call_query(&input, call));
    orders_problem_t *problem = orders_call_decode_query(call, input, &query);
    orders_problem_merge(&problem, call->pool, orders_call_page(&page, call, input, LIST_CONTEXT));
    ORDERS_TRY(problem);
    const orders_export_list_t list = {
        .kind = query.kind,
        .state = query.state,
        .size = page.size + 1,
        .before_id = page.has_cursor ? page.cursor.id : 0,
    };
    ORDERS_TRY(orders_export_list(&reader, &list, &rows));
    const orders_operator_page_t shown = {
        .name = "exports",
        .context = LIST_CONTEXT,
        .size = page.size,
        .write_row = write_row,
        .get_id = get_id,
    };
    orders_operator_reply_page(call, &shown, rows, reply);
    return NULL;
}
