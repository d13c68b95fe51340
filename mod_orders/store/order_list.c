/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of orders. Each is one statement: the ids of the page from an index, the rows of these orders, and a row of kind
 * `page` with the exact number of orders in all pages.
 */
#include "core/time.h"
#include "store/order.h"
#include "store/page_row.h"

#define OWN " FROM orders.orders AS o WHERE o.tenant_id = $1 AND o.buyer_id = $2"
#define COUNT(filter) "(SELECT count(*)" OWN filter ")"

/* By number: $3 orders beginning at `offset`. By cursor: one more is looked up, to know whether there are more. */
#define BY_NUMBER(filter, sort, direction, offset)                                                 \
    "SELECT r.* FROM (SELECT ARRAY(SELECT o.id" OWN filter " ORDER BY " sort " " direction         \
    ", o.id " direction " LIMIT $3 OFFSET " offset ") AS ids OFFSET 0) AS p"                       \
    " CROSS JOIN LATERAL (SELECT * FROM orders_v1.rows_of($1, p.ids) UNION ALL " ORDERS_PAGE_ROW(  \
        COUNT(filter), "false") ") AS r"
#define BY_CURSOR(filter, sort, direction, after)                                                  \
    "SELECT r.* FROM (SELECT ARRAY(SELECT o.id" OWN filter " AND (" sort ", o.id) " after          \
    " ORDER BY " sort " " direction ", o.id " direction                                            \
    " LIMIT $3::integer + 1) AS ids OFFSET 0) AS p"                                                \
    " CROSS JOIN LATERAL (SELECT * FROM orders_v1.rows_of($1, p.ids[1:$3::integer]) UNION "        \
    "ALL " ORDERS_PAGE_ROW(COUNT(filter), "cardinality(p.ids) > $3::integer") ") AS r"

#define FILTER                                                                                     \
    " AND ($4::text[] IS NULL OR o.state || '/' || o.payment_state = ANY ($4::text[]))"            \
    " AND ($5::text[] IS NULL OR (o.payment_method = ANY ($5::text[])) = $6::boolean)"             \
    " AND ($7::text IS NULL OR strpos(o.number, orders.code_key($7::text)) > 0)"

/* The first page of everything, newest first: what clients ask for most. */
static const orders_statement_t newest = {
    .name = "orders_list_newest",
    .text = BY_NUMBER("", "o.created_at", "DESC", "$4"),
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
             .text = BY_NUMBER(FILTER, sort, "DESC", "$8"),                                        \
             .param_count = 8},                                                                    \
            {.name = "orders_list_" by "_asc",                                                     \
             .text = BY_NUMBER(FILTER, sort, "ASC", "$8"),                                         \
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

static void add_words(orders_params_t *params, const apr_array_header_t *words)
{
    if (words) {
        orders_param_array(params, (const char *const *)(void *)words->elts, words->nelts);
    } else {
        orders_param_text(params, NULL);
    }
}

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

orders_problem_t *orders_order_list_own(const orders_reader_t *reader,
                                        const orders_own_list_t *list, orders_answer_t **answer)
{
    bool plain = list->sort == ORDERS_SORT_CREATED && !list->ascending && !list->states &&
                 !list->methods && !list->number;
    orders_params_t params;
    orders_params_init(&params, reader->pool);
    orders_param_int(&params, reader->tenant);
    orders_param_int(&params, list->user_id);
    orders_param_int(&params, list->size);
    if (!plain) {
        add_words(&params, list->states);
        add_words(&params, list->methods);
        orders_param_text(&params, list->but_methods ? "false" : "true");
        orders_param_text(&params, list->number);
    }
    add_position(&params, list);
    const orders_statement_t *statement = list->after ? &newest_after : &newest;
    return orders_store_read(
        reader, plain ? statement : &filtered[list->sort][list->after][list->ascending], &params,
        answer);
}
