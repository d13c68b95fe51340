/* SPDX-License-Identifier: Apache-2.0 */
/* The user API: the list, by page or by cursor. */
#include <apr_strings.h>
#include <string.h>

#include "api/common/members.h"
#include "api/user/user.h"
#include "core/page.h"

static const char *const sorts[] = {
    [ORDERS_SORT_CREATED] = "created",
    [ORDERS_SORT_UPDATED] = "updated",
    [ORDERS_SORT_TOTAL] = "total",
    [ORDERS_SORT__COUNT] = NULL,
};
static const char *const directions[] = {"asc", "desc", NULL};

typedef struct list_query_t {
    const char *status, *payment_status, *payment_method, *number, *sort, *direction;
} list_query_t;

static const orders_field_t fields[] = {
    ORDERS_FIELD(list_query_t, ENUM, status, .values = orders_user_status_values),
    ORDERS_FIELD(list_query_t, ENUM, payment_status, .values = orders_user_payment_status_values),
    ORDERS_FIELD(list_query_t, ENUM, payment_method, .values = orders_user_methods),
    ORDERS_FIELD(list_query_t, STRING, number, .max = 64),
    ORDERS_FIELD(list_query_t, ENUM, sort, .values = sorts),
    ORDERS_FIELD(list_query_t, ENUM, direction, .values = directions),
};
const orders_field_table_t orders_user_list_query = ORDERS_FIELD_TABLE(fields);

const orders_page_rules_t orders_user_pages = {
    .page = "page",
    .size = "per_page",
    .default_size = 20,
    .max_size = 100,
    .cursor = true,
};

static orders_sort_e sort_of(const char *name)
{
    unsigned sort = 0;
    while (sorts[sort] && strcmp(sorts[sort], name) != 0) {
        sort++;
    }
    return sort;
}

/* The position of an order in the list: the value that the list is sorted by, and the id. */
static orders_cursor_t cursor_at(const orders_own_list_t *list, const orders_order_t *order)
{
    static const size_t key[ORDERS_SORT__COUNT] = {
        [ORDERS_SORT_CREATED] = offsetof(orders_order_t, created_at),
        [ORDERS_SORT_UPDATED] = offsetof(orders_order_t, updated_at),
        [ORDERS_SORT_TOTAL] = offsetof(orders_order_t, total),
    };
    const char *member = (const char *)order + key[list->sort];
    return (orders_cursor_t){.key = *(const int64_t *)(const void *)member, .id = order->id};
}

static void set_filters(orders_own_list_t *list, const list_query_t *query, apr_pool_t *pool)
{
    const orders_shown_t shown[] = {
        {orders_user_status, query->status},
        {orders_user_payment_status, query->payment_status},
    };
    list->states = orders_states_shown(pool, shown, (int)ORDERS_COUNT(shown));
    if (query->payment_method) {
        orders_user_method_filter(query->payment_method, list, pool);
    }
    list->number = orders_or_null(query->number);
}

static orders_problem_t *read_query(const orders_call_t *call, orders_own_list_t *list,
                                    orders_page_t *page, const char **context)
{
    orders_input_t *input;
    list_query_t query = {.sort = "created", .direction = "desc"};
    ORDERS_TRY(orders_call_query(&input, call));
    orders_problem_t *problem = orders_call_decode_query(call, input, &query);
    *context = apr_pstrcat(call->pool, "user.list|", query.sort, "|", query.direction, NULL);
    orders_problem_merge(&problem, call->pool, orders_call_page(page, call, input, *context));
    ORDERS_TRY(problem);
    *list = (orders_own_list_t){
        .user_id = call->identity->user_id,
        .size = page->size,
        .sort = sort_of(query.sort),
        .ascending = strcmp(query.direction, "asc") == 0,
        .offset = page->offset,
        .after = page->has_cursor,
        .after_key = page->cursor.key,
        .after_id = page->cursor.id,
    };
    set_filters(list, &query, call->pool);
    return NULL;
}

static void write_list(orders_json_t *json, const orders_order_list_t *found,
                       const orders_page_t *page, bool more, apr_pool_t *pool)
{
    orders_json_begin_object(json);
    orders_json_key(json, "orders");
    orders_json_begin_array(json);
    for (int i = 0; i < found->orders->nelts; i++) {
        orders_user_write_order(json, &APR_ARRAY_IDX(found->orders, i, orders_order_t), pool);
    }
    orders_json_end_array(json);
    orders_json_key(json, "pagination");
    orders_json_begin_object(json);
    orders_json_member_int(json, "page", page->page);
    orders_json_member_int(json, "per_page", page->size);
    orders_json_member_int(json, "total_count", found->total_count);
    orders_json_member_bool(json, "has_next", more);
    orders_json_member_bool(json, "has_prev", page->has_cursor || page->page > 1);
    orders_json_end_object(json);
    orders_json_end_object(json);
}

orders_problem_t *orders_user_list(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    orders_own_list_t list;
    orders_page_t page;
    orders_order_list_t *found;
    const char *context;
    ORDERS_TRY(read_query(call, &list, &page, &context));
    ORDERS_TRY(orders_order_list_own(&reader, &list, &found));

    const orders_order_t *last = orders_last(found->orders);
    bool more = found->more && last;
    reply->json = orders_json_open(call->pool);
    write_list(reply->json, found, &page, more, call->pool);
    orders_reply_total(reply, found->total_count, call->pool);
    if (more) {
        orders_cursor_t cursor = cursor_at(&list, last);
        const char *text = orders_cursor_text(call->pool, &cursor, context, call->settings);
        apr_table_setn(reply->headers, "Link",
                       orders_page_next_link(call->pool, call->sent_query, text));
    }
    return NULL;
}
