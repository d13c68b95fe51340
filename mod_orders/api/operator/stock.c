/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: the stock of variants, counts, adjustments and movements. */
#include "store/stock.h"

#include <apr_strings.h>

#include "api/common/members.h"
#include "api/operator/operator.h"
#include "canonical/order.h"
#include "core/call_input.h"
#include "core/etag.h"

#define LIST_CONTEXT "operator.stock"
#define MOVEMENTS_CONTEXT "operator.movements"
#define MAX_ITEMS 1000000000
#define CHANGED "The stock has changed since it was read."

#define GIVEN(kind, member, ...)                                                                   \
    {                                                                                              \
        .name = #member, .type = ORDERS_FIELD_##kind,                                              \
        .offset = offsetof(orders_stock_list_t, member),                                           \
        .given = offsetof(orders_stock_list_t, has_##member), __VA_ARGS__                          \
    }

static const orders_field_t query_fields[] = {
    ORDERS_FIELD(orders_stock_list_t, STRING, product, .min = 1, .max = 200),
    ORDERS_FIELD(orders_stock_list_t, STRING, variant, .min = 1, .max = 200),
    ORDERS_FIELD(orders_stock_list_t, STRING, number, .min = 1, .max = 200),
    GIVEN(INT64, low, .min = 0, .max = MAX_ITEMS),
    GIVEN(BOOL, counted),
};
const orders_field_table_t orders_operator_stock_query =
    ORDERS_FIELD_TABLE(query_fields, .exactly = true, .read_only = orders_operator_page_names);
const orders_field_table_t orders_operator_movements_query = {
    .exactly = true,
    .read_only = orders_operator_page_names,
};

static const orders_field_t count_fields[] = {
    ORDERS_FIELD(orders_count_stock_t, INT64, on_hand, .flags = ORDERS_FIELD_REQUIRED, .min = 0,
                 .max = MAX_ITEMS),
    ORDERS_FIELD(orders_count_stock_t, STRING, comment, .max = 255),
};
static const char *const read_only[] = {
    "id",      "product",  "product_name", "variant", "number",     "name",     "active",
    "counted", "reserved", "available",    "stock",   "updated_at", "movement", NULL,
};
const orders_field_table_t orders_operator_count_fields =
    ORDERS_FIELD_TABLE(count_fields, .exactly = true, .read_only = read_only);

static const orders_field_t adjust_fields[] = {
    ORDERS_FIELD(orders_adjust_stock_t, INT64, by, .flags = ORDERS_FIELD_REQUIRED,
                 .min = -MAX_ITEMS, .max = MAX_ITEMS),
    ORDERS_FIELD(orders_adjust_stock_t, STRING, reason, .flags = ORDERS_FIELD_REQUIRED, .min = 1,
                 .max = 40),
    ORDERS_FIELD(orders_adjust_stock_t, STRING, comment, .max = 255),
};
const orders_field_table_t orders_operator_adjust_fields =
    ORDERS_FIELD_TABLE(adjust_fields, .exactly = true);

static void member_items(orders_json_t *json, const char *name, bool counted, int64_t items)
{
    orders_json_key(json, name);
    if (counted) {
        orders_json_int(json, items);
    } else {
        orders_json_null(json);
    }
}

static void write_members(orders_json_t *json, const orders_stock_t *stock)
{
    orders_json_member_int(json, "id", stock->id);
    orders_json_member_string(json, "product", stock->product);
    orders_json_member_string(json, "product_name", stock->product_name);
    orders_json_member_string(json, "variant", stock->variant);
    orders_json_member_string(json, "number", stock->number);
    orders_json_member_string(json, "name", stock->name);
    orders_json_member_bool(json, "active", stock->active);
    orders_json_member_bool(json, "counted", stock->counted);
    member_items(json, "on_hand", stock->counted, stock->on_hand);
    member_items(json, "reserved", stock->counted, stock->reserved);
    member_items(json, "available", stock->counted, stock->available);
    member_items(json, "stock", stock->counted, stock->stated);
    orders_member_time(json, "updated_at", stock->updated_at);
}

static void write_movement(orders_json_t *json, const orders_movement_t *movement)
{
    orders_json_begin_object(json);
    orders_json_member_int(json, "id", movement->id);
    orders_json_member_string(json, "kind", movement->kind);
    orders_json_member_int(json, "change", movement->change);
    orders_json_member_int(json, "on_hand", movement->on_hand);
    orders_json_member_string(json, "reason", movement->reason);
    orders_json_member_string(json, "comment", movement->comment);
    orders_canonical_member_actor(json, movement->actor, movement->actor_id);
    orders_operator_member_order(json, movement->order_id, movement->order_number);
    orders_member_id(json, "return", movement->return_id);
    orders_member_time(json, "created_at", movement->created_at);
    orders_json_end_object(json);
}

/*
 * A sale changes the numbers of reserved and available items, but not the version: If-Match protects a count against other counts and
 * against shipments.
 */
static const char *etag_of(apr_pool_t *pool, const orders_stock_t *stock)
{
    const char *rest = apr_psprintf(
        pool, "stock %" APR_INT64_T_FMT " %" APR_INT64_T_FMT " %d %s %s %s %s %s",
        (apr_int64_t)stock->reserved, (apr_int64_t)stock->stated, stock->active, stock->product,
        stock->variant, stock->number, stock->name, stock->product_name);
    return orders_etag(pool, stock->id, stock->version, rest);
}

orders_problem_t *orders_operator_read_stock(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    const orders_stock_t *stock;
    ORDERS_TRY(orders_stock_read(&reader, call->param[0], &stock));
    reply->json = orders_json_open(call->pool);
    orders_json_begin_object(reply->json);
    write_members(reply->json, stock);
    orders_json_end_object(reply->json);
    reply->etag = etag_of(call->pool, stock);
    return NULL;
}

static void reply_written(const orders_call_t *call, const orders_written_stock_t *written,
                          orders_reply_t *reply)
{
    reply->replayed = written->replayed;
    reply->json = orders_json_open(call->pool);
    orders_json_begin_object(reply->json);
    write_members(reply->json, written->stock);
    orders_json_key(reply->json, "movement");
    write_movement(reply->json, written->movement);
    orders_json_end_object(reply->json);
    reply->etag = etag_of(call->pool, written->stock);
}

orders_problem_t *orders_operator_count_stock(orders_call_t *call, orders_reply_t *reply)
{
    orders_count_stock_t count = {0};
    orders_writer_t writer;
    apr_array_header_t *match;
    orders_written_stock_t *written;
    ORDERS_TRY(orders_call_read(call, &count));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_call_match_version(call, CHANGED, &match));
    count.match = match;
    count.comment = orders_or_null(count.comment);
    ORDERS_TRY(orders_stock_count(&writer, call->param[0], &count, &written));
    reply_written(call, written, reply);
    return NULL;
}

orders_problem_t *orders_operator_adjust_stock(orders_call_t *call, orders_reply_t *reply)
{
    orders_adjust_stock_t adjust = {0};
    orders_writer_t writer;
    apr_array_header_t *match;
    orders_written_stock_t *written;
    ORDERS_TRY(orders_call_read(call, &adjust));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_call_match_version(call, CHANGED, &match));
    adjust.match = match;
    adjust.comment = orders_or_null(adjust.comment);
    ORDERS_TRY(orders_stock_adjust(&writer, call->param[0], &adjust, &written));
    reply_written(call, written, reply);
    return NULL;
}

static void write_stock_row(orders_json_t *json, const void *row)
{
    orders_json_begin_object(json);
    write_members(json, row);
    orders_json_end_object(json);
}

static int64_t get_stock_id(const void *row)
{
    return ((const orders_stock_t *)row)->id;
}

/* Removes the last row if it only says where the search has ended. */
static int64_t take_end_of_search(apr_array_header_t *rows)
{
    const orders_stock_t *last = orders_last(rows);
    if (!last || last->product) {
        return 0;
    }
    apr_array_pop(rows);
    return last->id;
}

orders_problem_t *orders_operator_list_stock(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    orders_stock_list_t list = {0};
    orders_input_t *input;
    orders_page_t page;
    apr_array_header_t *rows;
    ORDERS_TRY(orders_call_query(&input, call));
    orders_problem_t *problem = orders_call_decode_query(call, input, &list);
    orders_problem_merge(&problem, call->pool, orders_call_page(&page, call, input, LIST_CONTEXT));
    ORDERS_TRY(problem);
    list.size = page.size + 1;
    list.before_id = page.has_cursor ? page.cursor.id : 0;
    ORDERS_TRY(orders_stock_list(&reader, &list, &rows));
    const orders_operator_page_t shown = {
        .name = "stock",
        .context = LIST_CONTEXT,
        .size = page.size,
        .searched_to = take_end_of_search(rows),
        .write_row = write_stock_row,
        .get_id = get_stock_id,
    };
    orders_operator_reply_page(call, &shown, rows, reply);
    return NULL;
}

static void write_movement_row(orders_json_t *json, const void *row)
{
    write_movement(json, row);
}

static int64_t get_movement_id(const void *row)
{
    return ((const orders_movement_t *)row)->id;
}

orders_problem_t *orders_operator_list_movements(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    orders_input_t *input;
    orders_page_t page;
    apr_array_header_t *rows;
    ORDERS_TRY(orders_call_query(&input, call));
    orders_problem_t *problem = orders_call_decode_query(call, input, NULL);
    orders_problem_merge(&problem, call->pool,
                         orders_call_page(&page, call, input, MOVEMENTS_CONTEXT));
    ORDERS_TRY(problem);
    ORDERS_TRY(orders_movement_list(&reader, call->param[0], page.size + 1,
                                    page.has_cursor ? page.cursor.id : 0, &rows));
    const orders_operator_page_t shown = {
        .name = "movements",
        .context = MOVEMENTS_CONTEXT,
        .size = page.size,
        .write_row = write_movement_row,
        .get_id = get_movement_id,
    };
    orders_operator_reply_page(call, &shown, rows, reply);
    return NULL;
}
