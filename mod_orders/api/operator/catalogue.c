/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: entries of the catalogue by external reference, one or many (NDJSON). */
#include <apr_strings.h>
#include <string.h>

#include "api/operator/document.h"
#include "core/call_input.h"
#include "core/etag.h"
#include "core/text.h"
#include "store/entry.h"

#define MAX_LINES 10000
#define NDJSON "application/x-ndjson"
#define CHANGED "The entry has changed since it was read."

/* The ids of a product's variants, which requests of the commerce API contain. */
static void write_variants(orders_json_t *json, const orders_stored_t *stored)
{
    if (stored->variants.length > 0) {
        orders_json_member_raw(json, "variants", stored->variants.text,
                               (apr_size_t)stored->variants.length);
    }
}

/* SQL refuses an unknown kind. */
static orders_problem_t *check_entry(const char *kind, const orders_input_t *input,
                                     apr_pool_t *pool)
{
    const orders_field_table_t *fields = orders_operator_catalogue_fields(kind);
    return fields ? orders_operator_check(fields, input, NULL, pool) : NULL;
}

/* If-Match: the entry exists and has a tag. If-None-Match: *: it does not exist. */
static orders_problem_t *store_entry(const orders_call_t *call, const orders_writer_t *writer,
                                     const orders_entry_t *entry, orders_stored_t **stored)
{
    apr_array_header_t *match = NULL;
    const bool creates = orders_etag_is_any(call->header(call, "If-None-Match"));
    if (!call->if_match && !creates) {
        return orders_catalogue_upsert(writer, entry, stored);
    }
    if (call->if_match && creates) {
        return orders_problem(call->pool, ORDERS_E_version_mismatch,
                              "If-Match and If-None-Match exclude each other.");
    }
    ORDERS_TRY(orders_call_match_document(call, CHANGED, &match));
    return orders_entry_replace(writer, entry, match, !creates, stored);
}

orders_problem_t *orders_operator_upsert(orders_call_t *call, orders_reply_t *reply)
{
    orders_input_t *input;
    orders_writer_t writer;
    orders_stored_t *stored;
    const orders_entry_t entry = {
        .kind = call->param[0],
        .ref = call->param[1],
        .document = call->body,
    };
    ORDERS_TRY(orders_call_body(&input, call));
    ORDERS_TRY(check_entry(entry.kind, input, call->pool));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(store_entry(call, &writer, &entry, &stored));
    if (!stored->outcome) {
        return orders_problem(call->pool, ORDERS_E_internal_error, NULL);
    }
    orders_reply_outcome(call, stored->outcome, reply);
    reply->replayed = stored->replayed;
    reply->json = orders_json_open(call->pool);
    orders_json_begin_object(reply->json);
    orders_json_member_string(reply->json, "kind", entry.kind);
    orders_json_member_string(reply->json, "ref", entry.ref);
    orders_json_member_int(reply->json, "id", stored->id);
    orders_json_member_string(reply->json, "result", stored->outcome);
    write_variants(reply->json, stored);
    orders_json_end_object(reply->json);
    return NULL;
}

/* "Line 1, column 4: …" of the JSON parser becomes "Column 4: …": the response has the number of the line in a member. */
static const char *without_line(const char *detail, apr_pool_t *pool)
{
    static const char first[] = "Line 1, c";
    return strncmp(detail, first, sizeof(first) - 1) == 0
               ? apr_pstrcat(pool, "C", detail + sizeof(first) - 1, NULL)
               : detail;
}

typedef struct bulk_line_t {
    const char *text;
    const orders_problem_t *problem; /* why the line is not sent to the database, or NULL */
    const char *field;               /* that the problem is about, or NULL */
    const char *kind, *ref;
    int number; /* in the body, from 1; blank lines count */
} bulk_line_t;

static const char *field_of(const orders_problem_t *problem)
{
    return problem && problem->fields
               ? APR_ARRAY_IDX(problem->fields, 0, orders_field_error_t).field
               : NULL;
}

/* The rules for the body of a single entry apply. `kind` and `ref` are required. */
static bulk_line_t read_line(char *text, apr_size_t length, apr_pool_t *pool)
{
    bulk_line_t line = {.text = text};
    orders_input_t *input;
    orders_problem_t *unread = orders_input_json(&input, pool, text, length, false);
    if (unread) {
        unread->detail = without_line(unread->detail, pool);
        line.problem = unread;
    } else {
        line.kind = orders_input_string(input, "kind");
        line.ref = orders_input_string(input, "ref");
        if (!orders_or_null(line.kind) || !orders_or_null(line.ref)) {
            line.problem =
                orders_problem(pool, ORDERS_E_required_field, "A line needs kind and ref.");
            line.field = orders_or_null(line.kind) ? "ref" : "kind";
        } else {
            line.problem = check_entry(line.kind, input, pool);
            line.field = field_of(line.problem);
        }
    }
    return line;
}

static bool is_blank(const char *text, apr_size_t length)
{
    return strspn(text, " \t\r") >= length;
}

static orders_problem_t *read_lines(const orders_call_t *call, apr_array_header_t **lines)
{
    const char *body = call->body;
    apr_size_t body_length = call->body_length;
    orders_text_skip_mark(&body, &body_length);
    char *text = apr_pstrmemdup(call->pool, body, body_length);
    char *end = text + body_length;
    *lines = apr_array_make(call->pool, 64, sizeof(bulk_line_t));
    for (int number = 1; text < end; number++) {
        char *newline = memchr(text, '\n', (size_t)(end - text));
        apr_size_t length = (apr_size_t)((newline ? newline : end) - text);
        text[length] = '\0';
        if (!is_blank(text, length)) {
            if ((*lines)->nelts >= MAX_LINES) {
                return orders_problem(call->pool, ORDERS_E_body_too_large, "At most 10,000 lines.");
            }
            bulk_line_t line = read_line(text, length, call->pool);
            line.number = number;
            APR_ARRAY_PUSH(*lines, bulk_line_t) = line;
        }
        text += length + 1;
    }
    if (!(*lines)->nelts) {
        return orders_problem(call->pool, ORDERS_E_malformed_json, "The body has no lines.");
    }
    return NULL;
}

/* Lines of one transaction; orders_v1.catalogue_bulk has the upper limit. */
#define CHUNK_LINES 30
#define CHUNK_BYTES (64 * 1024)

/* The current chunk, and the results of the chunks before it. */
typedef struct bulk_t {
    orders_writer_t writer;
    const char *route;
    const char *lines[CHUNK_LINES];
    int count; /* lines of the chunk */
    apr_size_t bytes;
    int chunks;
    bool replayed; /* whether all chunks so far were */
    apr_array_header_t *results;
} bulk_t;

/*
 * One transaction, one round trip. Each chunk has its own idempotency record, by its route: a repeated request gets
 * the stored results of the chunks that were committed, and continues with the others.
 */
static orders_problem_t *store_chunk(bulk_t *bulk)
{
    orders_writer_t *writer = &bulk->writer;
    apr_array_header_t *results;
    if (!bulk->count) {
        return NULL;
    }
    if (bulk->chunks) {
        writer->route = apr_psprintf(writer->pool, "%s#%d", bulk->route, bulk->chunks);
    }
    ORDERS_TRY(orders_catalogue_bulk(writer, bulk->lines, bulk->count, &results));
    if (results->nelts != bulk->count) {
        return orders_problem(writer->pool, ORDERS_E_internal_error, NULL);
    }
    apr_array_cat(bulk->results, results);
    bulk->replayed = bulk->replayed && APR_ARRAY_IDX(results, 0, orders_stored_t).replayed;
    bulk->chunks++;
    bulk->count = 0;
    bulk->bytes = 0;
    return NULL;
}

static orders_problem_t *store_line(bulk_t *bulk, const char *text)
{
    apr_size_t length = strlen(text);
    if (bulk->count == CHUNK_LINES || (bulk->count && bulk->bytes + length > CHUNK_BYTES)) {
        ORDERS_TRY(store_chunk(bulk));
    }
    bulk->lines[bulk->count++] = text;
    bulk->bytes += length;
    return NULL;
}

/* An error of a chunk ends the request; chunks that are committed stay stored. */
static orders_problem_t *store_lines(bulk_t *bulk, const apr_array_header_t *lines)
{
    orders_problem_t *problem = NULL;
    for (int i = 0; i < lines->nelts && !problem; i++) {
        const bulk_line_t *line = &APR_ARRAY_IDX(lines, i, bulk_line_t);
        problem = line->problem ? NULL : store_line(bulk, line->text);
    }
    problem = problem ? problem : store_chunk(bulk);
    if (problem && !problem->extra) {
        problem->extra =
            apr_psprintf(bulk->writer.pool, "{\"lines_stored\": %d}", bulk->results->nelts);
    }
    return problem;
}

/* A dry run is one transaction, and so one chunk. */
static orders_problem_t *check_dry_run(const orders_call_t *call, const apr_array_header_t *lines)
{
    apr_size_t bytes = 0;
    int count = 0;
    for (int i = 0; i < lines->nelts; i++) {
        const bulk_line_t *line = &APR_ARRAY_IDX(lines, i, bulk_line_t);
        if (!line->problem) {
            bytes += strlen(line->text);
            count++;
        }
    }
    return call->dry_run && (count > CHUNK_LINES || (count > 1 && bytes > CHUNK_BYTES))
               ? orders_problem(call->pool, ORDERS_E_dry_run_not_supported,
                                "A dry run takes at most 30 lines and 64 KiB.")
               : NULL;
}

static bool is_success(const char *outcome)
{
    return strcmp(outcome, "created") == 0 || strcmp(outcome, "updated") == 0 ||
           strcmp(outcome, "unchanged") == 0;
}

static void write_refused(orders_json_t *json, const char *code, const char *detail,
                          const char *field)
{
    orders_json_member_string(json, "result", "refused");
    orders_json_member_string(json, "code", code);
    orders_json_member_string(json, "detail", detail);
    orders_json_member_string(json, "field", field);
}

static const char *write_line(const bulk_line_t *line, const orders_stored_t *result,
                              apr_pool_t *pool)
{
    apr_size_t length;
    orders_json_t *json = orders_json_open(pool);
    orders_json_begin_object(json);
    orders_json_member_int(json, "line", line->number);
    orders_json_member_string(json, "kind", line->kind);
    orders_json_member_string(json, "ref", line->ref);
    if (line->problem) {
        write_refused(json, orders_error_code(line->problem->error), line->problem->detail,
                      line->field);
    } else if (!is_success(result->outcome)) {
        write_refused(json, result->outcome, result->detail, result->field);
    } else {
        orders_json_member_string(json, "result", result->outcome);
        orders_json_member_int(json, "id", result->id);
        write_variants(json, result);
    }
    orders_json_end_object(json);
    return orders_json_text(json, pool, &length);
}

/* The response has one line for each line of the body that is not blank. */
static const char *write_lines(const apr_array_header_t *lines, const apr_array_header_t *results,
                               apr_pool_t *pool)
{
    apr_array_header_t *texts = apr_array_make(pool, lines->nelts, sizeof(const char *));
    for (int i = 0, stored = 0; i < lines->nelts; i++) {
        const bulk_line_t *line = &APR_ARRAY_IDX(lines, i, bulk_line_t);
        const orders_stored_t *result =
            line->problem ? NULL : &APR_ARRAY_IDX(results, stored++, orders_stored_t);
        APR_ARRAY_PUSH(texts, const char *) = write_line(line, result, pool);
    }
    return apr_pstrcat(pool, apr_array_pstrcat(pool, texts, '\n'), "\n", NULL);
}

orders_problem_t *orders_operator_bulk(orders_call_t *call, orders_reply_t *reply)
{
    bulk_t bulk = {.replayed = true};
    apr_array_header_t *lines;
    ORDERS_TRY(orders_call_writer(&bulk.writer, call, "operator", NULL));
    ORDERS_TRY(read_lines(call, &lines));
    ORDERS_TRY(check_dry_run(call, lines));
    bulk.route = bulk.writer.route;
    bulk.results = apr_array_make(call->pool, lines->nelts, sizeof(orders_stored_t));
    ORDERS_TRY(store_lines(&bulk, lines));

    const char *body = write_lines(lines, bulk.results, call->pool);
    reply->content_type = NDJSON;
    reply->replayed = bulk.chunks && bulk.replayed;
    reply->json = orders_json_open(call->pool);
    orders_json_raw(reply->json, body, strlen(body));
    return NULL;
}
