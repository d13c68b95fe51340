/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of orders. One statement returns the exact total count and the orders of the page. The count is the only row of a subquery, so
 * that an empty page has it too. Columns of the view that contain subqueries must be evaluated for the orders of the page only. OFFSET
 * would evaluate them for skipped orders too, so a page by offset first finds the key of its first order in an index.
 */
#include "core/time.h"
#include "store/columns.h"
#include "store/order.h"

#define OWN " FROM orders_v1.order_view AS o WHERE o.tenant_id = $1 AND o.buyer_id = $2"
#define COUNTED(filter) " FROM (SELECT count(*) AS total_count" OWN filter ") AS p"
#define BY(sort, direction) " ORDER BY " sort " " direction ", o.id " direction

/* By offset: $3 orders from `offset` on. `from`: <= or >=. */
#define BY_NUMBER(filter, sort, direction, from, offset)                                           \
    "SELECT p.total_count, " ORDERS_USER_COLUMNS COUNTED(                                          \
        filter) " LEFT JOIN LATERAL (SELECT " sort " AS key, o.id" OWN filter                      \
    BY(sort, direction) " LIMIT 1 OFFSET " offset ") AS s ON true"                                 \
                        " LEFT JOIN LATERAL (SELECT o.*" OWN filter " AND (" sort ", o.id) " from  \
                        " (s.key, s.id)" BY(sort, direction) " LIMIT $3::integer) AS v ON true"
/* By cursor: one order more than the page has, to find out whether there is a next page. */
#define BY_CURSOR(filter, sort, direction, after)                                                  \
    "SELECT p.total_count, " ORDERS_USER_COLUMNS COUNTED(                                          \
        filter) " LEFT JOIN LATERAL (SELECT o.*" OWN filter " AND (" sort ", o.id) " after         \
    BY(sort, direction) " LIMIT $3::integer + 1) AS v ON true"

#define FILTER                                                                                     \
    " AND ($4::text[] IS NULL OR o.state || '/' || o.payment_state = ANY ($4::text[]))"            \
    " AND ($5::text[] IS NULL OR (o.payment_method = ANY ($5::text[])) = $6::boolean)"             \
    " AND ($7::text IS NULL OR strpos(o.number, orders.code_key($7::text)) > 0)"

/* All orders, newest first: the most frequent request. */
static const orders_statement_t newest = {
    .name = "orders_list_newest",
    .text = BY_NUMBER("", "o.created_at", "DESC", "<=", "$4"),
    .param_count = 4,
};
static const orders_statement_t newest_after = {
    .name = "orders_list_newest_after",
    .text = BY_CURSOR("", "o.created_at", "DESC", "< ($4::timestamptz, $5::bigint)"),
    .param_count = 5,
};

#define FILTERED(by, sort, type)                                                                   \
    {                                                                                              \
        {                                                                                          \
            {.name = "orders_list_" by "_desc",                                                    \
             .text = BY_NUMBER(FILTER, sort, "DESC", "<=", "$8"),                                  \
             .param_count = 8},                                                                    \
            {.name = "orders_list_" by "_asc",                                                     \
             .text = BY_NUMBER(FILTER, sort, "ASC", ">=", "$8"),                                   \
             .param_count = 8},                                                                    \
        },                                                                                         \
            {                                                                                      \
                {.name = "orders_list_" by "_desc_after",                                          \
                 .text = BY_CURSOR(FILTER, sort, "DESC", "< ($8::" type ", $9::bigint)"),          \
                 .param_count = 9},                                                                \
                {.name = "orders_list_" by "_asc_after",                                           \
                 .text = BY_CURSOR(FILTER, sort, "ASC", "> ($8::" type ", $9::bigint)"),           \
                 .param_count = 9},                                                                \
            },                                                                                     \
    }

/* [sort][by cursor][ascending] */
static const orders_statement_t filtered[ORDERS_SORT__COUNT][2][2] = {
    [ORDERS_SORT_CREATED] = FILTERED("created", "o.created_at", "timestamptz"),
    [ORDERS_SORT_UPDATED] = FILTERED("updated", "o.updated_at", "timestamptz"),
    [ORDERS_SORT_TOTAL] = FILTERED("total", "o.total", "bigint"),
};

static void add_position(orders_params_t *params, const orders_own_list_t *list)
{
    if (!list->after) {
        orders_param_int(params, list->offset);
        return;
    }
    if (list->sort == ORDERS_SORT_TOTAL) {
        orders_param_int(params, list->after_key);
    } else {
        orders_param_text(params, orders_time_text(params->pool, list->after_key, true));
    }
    orders_param_int(params, list->after_id);
}

/* Removes the order behind the page. */
static void drop_next(orders_order_list_t *page, int size)
{
    page->more = page->orders->nelts > size;
    if (page->more) {
        page->orders->nelts = size;
    }
}

orders_problem_t *orders_order_list_own(const orders_reader_t *reader,
                                        const orders_own_list_t *list, orders_order_list_t **page)
{
    bool plain = list->sort == ORDERS_SORT_CREATED && !list->ascending && !list->states &&
                 !list->methods && !list->number;
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_int(&params, list->user_id);
    orders_param_int(&params, list->size);
    if (!plain) {
        orders_param_texts(&params, list->states);
        orders_param_texts(&params, list->methods);
        orders_param_bool(&params, !list->but_methods);
        orders_param_text(&params, list->number);
    }
    add_position(&params, list);
    const orders_statement_t *statement = list->after ? &newest_after : &newest;
    ORDERS_TRY(orders_store_read_list(
        reader, plain ? statement : &filtered[list->sort][list->after][list->ascending], &params,
        page));
    if (list->after) {
        drop_next(*page, list->size);
    } else {
        (*page)->more = list->offset + (*page)->orders->nelts < (*page)->total_count;
    }
    return NULL;
}
