/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of lists, and members of several lists. */
#include "api/operator/operator.h"

void orders_operator_write_next(const orders_call_t *call, orders_reply_t *reply,
                                const orders_cursor_t *last, const char *context)
{
    const char *text = NULL;
    if (last) {
        text = orders_cursor_text(call->pool, last, context, call->settings);
        apr_table_setn(reply->headers, "Link",
                       orders_page_next_link(call->pool, call->sent_query, text));
    }
    orders_json_member_string(reply->json, "next_cursor", text);
}

static const void *get_row(const apr_array_header_t *rows, int index)
{
    return rows->elts + (apr_size_t)index * (apr_size_t)rows->elt_size;
}

void orders_operator_reply_page(const orders_call_t *call, const orders_operator_page_t *page,
                                const apr_array_header_t *rows, orders_reply_t *reply)
{
    const bool is_full = rows->nelts > page->size;
    const int shown = is_full ? page->size : rows->nelts;
    orders_cursor_t last = {.id = page->searched_to};
    reply->json = orders_json_open(call->pool);
    orders_json_begin_object(reply->json);
    orders_json_key(reply->json, page->name);
    orders_json_begin_array(reply->json);
    for (int i = 0; i < shown; i++) {
        page->write_row(reply->json, get_row(rows, i));
    }
    orders_json_end_array(reply->json);
    if (is_full) {
        last.id = page->get_id(get_row(rows, shown - 1));
    }
    orders_operator_write_next(call, reply, last.id ? &last : NULL, page->context);
    orders_json_end_object(reply->json);
}

void orders_operator_member_order(orders_json_t *json, int64_t id, const char *number)
{
    orders_json_key(json, "order");
    if (!id) {
        orders_json_null(json);
        return;
    }
    orders_json_begin_object(json);
    orders_json_member_int(json, "id", id);
    orders_json_member_string(json, "number", number);
    orders_json_end_object(json);
}

static const orders_field_t resolve_fields[] = {
    ORDERS_FIELD(orders_operator_resolve_t, STRING, comment,
                 .flags = ORDERS_FIELD_REQUIRED | ORDERS_FIELD_MULTILINE, .min = 1, .max = 1000),
};
const orders_field_table_t orders_operator_resolve_fields =
    ORDERS_FIELD_TABLE(resolve_fields, .exactly = true);
