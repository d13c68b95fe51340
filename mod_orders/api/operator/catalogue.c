/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: entries of the catalogue by external reference, one or many (NDJSON). */
#include "api/operator/bulk.h"
#include "api/operator/document.h"
#include "core/call_input.h"
#include "core/etag.h"
#include "store/entry.h"

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

/* The rules for the body of a single entry apply. `kind` and `ref` are required. */
static void check_line(orders_bulk_line_t *line, const orders_input_t *input, apr_pool_t *pool)
{
    line->kind = orders_input_string(input, "kind");
    line->ref = orders_input_string(input, "ref");
    if (!orders_or_null(line->kind) || !orders_or_null(line->ref)) {
        orders_bulk_refuse(
            line, orders_problem(pool, ORDERS_E_required_field, "A line needs kind and ref."),
            orders_or_null(line->kind) ? "ref" : "kind");
    } else {
        orders_bulk_refuse(line, check_entry(line->kind, input, pool), NULL);
    }
}

static void write_entry(orders_json_t *json, const orders_bulk_line_t *line)
{
    orders_json_member_string(json, "kind", line->kind);
    orders_json_member_string(json, "ref", line->ref);
}

orders_problem_t *orders_operator_bulk(orders_call_t *call, orders_reply_t *reply)
{
    static const orders_bulk_rules_t rules = {
        .check = check_line,
        .store = orders_catalogue_bulk,
        .write_subject = write_entry,
        .write_stored = write_variants,
    };
    return orders_operator_bulk_reply(call, reply, &rules);
}
