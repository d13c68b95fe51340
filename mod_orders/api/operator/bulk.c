/* SPDX-License-Identifier: Apache-2.0 */
#include "api/operator/bulk.h"

#include <apr_strings.h>
#include <string.h>

#include "core/call_input.h"
#include "core/text.h"

#define MAX_LINES 10000
#define NDJSON "application/x-ndjson"

/* "Line 1, column 4: …" of the JSON parser becomes "Column 4: …": the response has the number of the line in a member. */
static const char *without_line(const char *detail, apr_pool_t *pool)
{
    static const char first[] = "Line 1, c";
    return strncmp(detail, first, sizeof(first) - 1) == 0
               ? apr_pstrcat(pool, "C", detail + sizeof(first) - 1, NULL)
               : detail;
}

void orders_bulk_refuse(orders_bulk_line_t *line, const orders_problem_t *problem,
                        const char *field)
{
    line->problem = problem;
    line->field = field || !problem || !problem->fields
                      ? field
                      : APR_ARRAY_IDX(problem->fields, 0, orders_field_error_t).field;
}

static orders_bulk_line_t read_line(char *text, apr_size_t length, const orders_bulk_rules_t *rules,
                                    apr_pool_t *pool)
{
    orders_bulk_line_t line = {.text = text};
    orders_input_t *input;
    orders_problem_t *unread = orders_input_json(&input, pool, text, length, false);
    if (unread) {
        unread->detail = without_line(unread->detail, pool);
        line.problem = unread;
    } else {
        rules->check(&line, input, pool);
    }
    return line;
}

static bool is_blank(const char *text, apr_size_t length)
{
    return strspn(text, " \t\r") >= length;
}

static orders_problem_t *read_lines(const orders_call_t *call, const orders_bulk_rules_t *rules,
                                    apr_array_header_t **lines)
{
    const char *body = call->body;
    apr_size_t body_length = call->body_length;
    orders_text_skip_mark(&body, &body_length);
    char *text = apr_pstrmemdup(call->pool, body, body_length);
    char *end = text + body_length;
    *lines = apr_array_make(call->pool, 64, sizeof(orders_bulk_line_t));
    for (int number = 1; text < end; number++) {
        char *newline = memchr(text, '\n', (size_t)(end - text));
        apr_size_t length = (apr_size_t)((newline ? newline : end) - text);
        text[length] = '\0';
        if (!is_blank(text, length)) {
            if ((*lines)->nelts >= MAX_LINES) {
                return orders_problem(call->pool, ORDERS_E_body_too_large, "At most 10,000 lines.");
            }
            orders_bulk_line_t line = read_line(text, length, rules, call->pool);
            line.number = number;
            APR_ARRAY_PUSH(*lines, orders_bulk_line_t) = line;
        }
        text += length + 1;
    }
    if (!(*lines)->nelts) {
        return orders_problem(call->pool, ORDERS_E_malformed_json, "The body has no lines.");
    }
    return NULL;
}

/* Lines of one transaction; orders_v1.catalogue_bulk and import_orders have the upper limit. */
#define CHUNK_LINES 30
#define CHUNK_BYTES (64 * 1024)

/* The current chunk, and the results of the chunks before it. */
typedef struct bulk_t {
    const orders_bulk_rules_t *rules;
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
    ORDERS_TRY(bulk->rules->store(writer, bulk->lines, bulk->count, &results));
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
        const orders_bulk_line_t *line = &APR_ARRAY_IDX(lines, i, orders_bulk_line_t);
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
        const orders_bulk_line_t *line = &APR_ARRAY_IDX(lines, i, orders_bulk_line_t);
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

static const char *write_line(const orders_bulk_rules_t *rules, const orders_bulk_line_t *line,
                              const orders_stored_t *result, apr_pool_t *pool)
{
    apr_size_t length;
    orders_json_t *json = orders_json_open(pool);
    orders_json_begin_object(json);
    orders_json_member_int(json, "line", line->number);
    rules->write_subject(json, line);
    if (line->problem) {
        write_refused(json, orders_error_code(line->problem->error), line->problem->detail,
                      line->field);
    } else if (!is_success(result->outcome)) {
        write_refused(json, result->outcome, result->detail, result->field);
    } else {
        orders_json_member_string(json, "result", result->outcome);
        orders_json_member_int(json, "id", result->id);
        if (rules->write_stored) {
            rules->write_stored(json, result);
        }
    }
    orders_json_end_object(json);
    return orders_json_text(json, pool, &length);
}

/* The response has one line for each line of the body that is not blank. */
static const char *write_lines(const orders_bulk_rules_t *rules, const apr_array_header_t *lines,
                               const apr_array_header_t *results, apr_pool_t *pool)
{
    apr_array_header_t *texts = apr_array_make(pool, lines->nelts, sizeof(const char *));
    for (int i = 0, stored = 0; i < lines->nelts; i++) {
        const orders_bulk_line_t *line = &APR_ARRAY_IDX(lines, i, orders_bulk_line_t);
        const orders_stored_t *result =
            line->problem ? NULL : &APR_ARRAY_IDX(results, stored++, orders_stored_t);
        APR_ARRAY_PUSH(texts, const char *) = write_line(rules, line, result, pool);
    }
    return apr_pstrcat(pool, apr_array_pstrcat(pool, texts, '\n'), "\n", NULL);
}

orders_problem_t *orders_operator_bulk_reply(orders_call_t *call, orders_reply_t *reply,
                                             const orders_bulk_rules_t *rules)
{
    bulk_t bulk = {.rules = rules, .replayed = true};
    apr_array_header_t *lines;
    ORDERS_TRY(orders_call_writer(&bulk.writer, call, "operator", NULL));
    ORDERS_TRY(read_lines(call, rules, &lines));
    if (!rules->dry_chunks) {
        ORDERS_TRY(check_dry_run(call, lines));
    }
    bulk.route = bulk.writer.route;
    bulk.results = apr_array_make(call->pool, lines->nelts, sizeof(orders_stored_t));
    ORDERS_TRY(store_lines(&bulk, lines));

    const char *body = write_lines(rules, lines, bulk.results, call->pool);
    reply->content_type = NDJSON;
    reply->replayed = bulk.chunks && bulk.replayed;
    reply->json = orders_json_open(call->pool);
    orders_json_raw(reply->json, body, strlen(body));
    return NULL;
}
