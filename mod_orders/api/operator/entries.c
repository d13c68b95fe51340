/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: lists and reads of the entries of the catalogue, and merge patches. */
#include "store/entry.h"

#include <apr_strings.h>
#include <string.h>

#include "api/common/members.h"
#include "api/operator/document.h"
#include "core/call_input.h"
#include "core/etag.h"

#define CHANGED "The entry has changed since it was read."

/* Filters of all kinds; the table of the kind lists those that it has. */
typedef struct filters_t {
    const char *q, *status, *company, *user, *plan, *product, *package, *tax_class, *type,
        *language;
    bool active, has_active;
} filters_t;

#define FILTER(member)                                                                             \
    {                                                                                              \
        .name = #member, .type = ORDERS_FIELD_STRING, .offset = offsetof(filters_t, member),       \
        .given = SIZE_MAX, .max = 200                                                              \
    }
static const orders_field_t filter_fields[] = {
    FILTER(q),
    {
        .name = "active",
        .type = ORDERS_FIELD_BOOL,
        .offset = offsetof(filters_t, active),
        .given = offsetof(filters_t, has_active),
    },
    FILTER(status),
    FILTER(company),
    FILTER(user),
    FILTER(plan),
    FILTER(product),
    FILTER(package),
    FILTER(tax_class),
    FILTER(type),
    FILTER(language),
};
const orders_field_table_t orders_operator_entries_query =
    ORDERS_FIELD_TABLE(filter_fields, .exactly = true, .read_only = orders_operator_page_names);

static void member_entry(orders_json_t *json, const orders_entry_view_t *entry, const char *result)
{
    orders_json_begin_object(json);
    orders_json_member_string(json, "kind", entry->kind);
    orders_json_member_string(json, "ref", entry->ref);
    orders_json_member_int(json, "id", entry->id);
    if (result) {
        orders_json_member_string(json, "result", result);
    }
    orders_json_raw_members(json, entry->document.text, (apr_size_t)entry->document.length);
    orders_member_time(json, "created_at", entry->created_at);
    orders_member_time(json, "updated_at", entry->updated_at);
    orders_json_end_object(json);
}

/* The part after the dot also covers the members that only responses have, such as the stock. */
static void reply_entry(const orders_call_t *call, const orders_entry_view_t *entry,
                        const char *result, orders_reply_t *reply)
{
    reply->json = orders_json_open(call->pool);
    member_entry(reply->json, entry, result);
    reply->etag = orders_etag_document(call->pool, entry->tag,
                                       apr_psprintf(call->pool, "entry %" APR_TIME_T_FMT " %s",
                                                    entry->updated_at, entry->document.text));
}

static bool is_kind(const orders_call_t *call)
{
    return orders_operator_catalogue_fields(call->param[0]) != NULL;
}

orders_problem_t *orders_operator_read_entry(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    const orders_entry_view_t *entry = NULL;
    if (is_kind(call)) {
        ORDERS_TRY(orders_entry_read(&reader, call->param[0], call->param[1], &entry));
    }
    if (!entry) {
        return orders_problem(call->pool, ORDERS_E_not_found, NULL);
    }
    reply_entry(call, entry, NULL, reply);
    return NULL;
}

orders_problem_t *orders_operator_patch_entry(orders_call_t *call, orders_reply_t *reply)
{
    orders_input_t *input;
    orders_writer_t writer;
    apr_array_header_t *match;
    const orders_written_entry_t *written;
    const orders_entry_t patch = {
        .kind = call->param[0],
        .ref = call->param[1],
        .document = call->body,
    };
    ORDERS_TRY(orders_call_body(&input, call));
    ORDERS_TRY(orders_operator_check_patch(patch.kind, input, call->pool));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_call_match_document(call, CHANGED, &match));
    ORDERS_TRY(orders_entry_patch(&writer, &patch, match, &written));
    if (!written->entry || !written->entry->document.text) {
        return orders_problem(call->pool, ORDERS_E_internal_error, NULL);
    }
    reply->replayed = written->replayed;
    reply_entry(call, written->entry, written->outcome, reply);
    return NULL;
}

static void member_filter(orders_json_t *json, const char *name, const char *value)
{
    if (value && *value) {
        orders_json_member_string(json, name, value);
    }
}

static const char *filters_text(const filters_t *filters, apr_pool_t *pool)
{
    orders_json_t *json = orders_json_open(pool);
    orders_json_begin_object(json);
    member_filter(json, "q", filters->q);
    if (filters->has_active) {
        orders_json_member_bool(json, "active", filters->active);
    }
    member_filter(json, "status", filters->status);
    member_filter(json, "company", filters->company);
    member_filter(json, "user", filters->user);
    member_filter(json, "plan", filters->plan);
    member_filter(json, "product", filters->product);
    member_filter(json, "package", filters->package);
    member_filter(json, "tax_class", filters->tax_class);
    member_filter(json, "type", filters->type);
    member_filter(json, "language", filters->language);
    orders_json_end_object(json);
    return orders_json_text(json, pool, NULL);
}

/* Refuses the filters of other kinds. SQL refuses an unknown kind. */
static orders_problem_t *check_filters(const char *kind, const orders_input_t *query,
                                       apr_pool_t *pool)
{
    const char *const *names = orders_operator_catalogue_filters(kind);
    orders_problem_t *problem = NULL;
    for (size_t i = 0; names && i < ORDERS_COUNT(filter_fields); i++) {
        const char *name = filter_fields[i].name;
        const char *const *known = names;
        while (*known && strcmp(*known, name) != 0) {
            known++;
        }
        if (!*known && orders_input_string(query, name)) {
            orders_problem_field(&problem, pool, name, ORDERS_E_unknown_field,
                                 "Not a filter of this kind.");
        }
    }
    return problem;
}

/* If the last row is only a position, the next page continues after it. */
static void reply_list(const orders_call_t *call, const apr_array_header_t *rows, int size,
                       const char *context, orders_reply_t *reply)
{
    orders_cursor_t last = {.id = 0};
    const orders_entry_view_t *entries = (const orders_entry_view_t *)(void *)rows->elts;
    int shown = rows->nelts < size ? rows->nelts : size;
    reply->json = orders_json_open(call->pool);
    orders_json_begin_object(reply->json);
    orders_json_key(reply->json, "entries");
    orders_json_begin_array(reply->json);
    for (int i = 0; i < shown; i++) {
        if (entries[i].document.text) {
            member_entry(reply->json, &entries[i], NULL);
        }
    }
    orders_json_end_array(reply->json);
    if (rows->nelts > size) {
        last.id = entries[size - 1].id;
    } else if (rows->nelts && !entries[rows->nelts - 1].document.text) {
        last.id = entries[rows->nelts - 1].id;
    }
    orders_operator_write_next(call, reply, last.id ? &last : NULL, context);
    orders_json_end_object(reply->json);
}

orders_problem_t *orders_operator_list_entries(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    const char *kind = call->param[0];
    const char *context = apr_pstrcat(call->pool, "operator.catalogue|", kind, NULL);
    filters_t filters = {0};
    orders_input_t *input;
    orders_page_t page;
    apr_array_header_t *rows;
    ORDERS_TRY(orders_call_query(&input, call));
    orders_problem_t *problem = orders_call_decode_query(call, input, &filters);
    orders_problem_merge(&problem, call->pool, orders_call_page(&page, call, input, context));
    orders_problem_merge(&problem, call->pool, check_filters(kind, input, call->pool));
    ORDERS_TRY(problem);
    if (!is_kind(call)) {
        return orders_problem(call->pool, ORDERS_E_not_found, NULL);
    }
    ORDERS_TRY(orders_entry_list(&reader, kind, filters_text(&filters, call->pool), page.size + 1,
                                 page.has_cursor ? page.cursor.id : 0, &rows));
    reply_list(call, rows, page.size, context, reply);
    return NULL;
}
