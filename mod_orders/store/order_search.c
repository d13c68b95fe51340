/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search of operators. Ids increase with the time of placing, so that the primary key sorts by age. PostgreSQL uses it only with a
 * plan for the actual filters (`replan`). Orders with a pending refund are found by the index of pending refunds, because the
 * states of orders are not indexed.
 *
 * The filter `text` matches any part of several columns of several tables, for which there is no index. Therefore one request searches
 * the newest WINDOW orders that the other filters select, and the next page continues behind them. The cost of a request does not
 * grow with the table, and all pages together find every order.
 */
#include "core/time.h"
#include "store/columns.h"
#include "store/order.h"

#define ABOUT_ORDER                                                                                \
    " WHERE o.tenant_id = $1 AND ($3::bigint IS NULL OR o.id < $3::bigint)"                        \
    " AND ($4::text IS NULL OR o.state = $4::text)"                                                \
    " AND ($5::text IS NULL OR o.payment_state = $5::text)"                                        \
    " AND ($5::text IS DISTINCT FROM 'refund_pending' OR o.id = ANY (ARRAY("                       \
    "SELECT f.order_id FROM orders_v1.pending_refund AS f WHERE f.tenant_id = $1)))"               \
    " AND ($6::text IS NULL OR o.fulfilment_state = $6::text)"                                     \
    " AND ($7::text IS NULL OR o.api = $7::text)"                                                  \
    " AND ($8::text IS NULL OR starts_with(o.number, orders.code_key($8::text)))"                  \
    " AND ($9::timestamptz IS NULL OR o.created_at >= $9::timestamptz)"                            \
    " AND ($10::timestamptz IS NULL OR o.created_at < $10::timestamptz)"                           \
    " AND ($13::date IS NULL"                                                                      \
    " OR o.created_at >= (SELECT orders_v1.span_start($1, NULL, $13::date)))"                      \
    " AND ($14::date IS NULL"                                                                      \
    " OR o.created_at < (SELECT orders_v1.span_end($1, NULL, $14::date + 1)))"

/* OFFSET 0 keeps PostgreSQL from hashing all texts of the tenant to search one window. */
#define ABOUT_TEXT                                                                                 \
    " AND ($12::text IS NULL OR o.number ILIKE $12::text OR o.notes ILIKE $12::text"               \
    " OR EXISTS (SELECT FROM orders_v1.order_text AS t WHERE t.tenant_id = $1"                     \
    " AND t.order_id = o.id AND t.text ILIKE $12::text OFFSET 0)"                                  \
    " OR EXISTS (SELECT FROM orders_v1.user_text AS t WHERE t.tenant_id = $1"                      \
    " AND t.user_id = o.buyer_id AND t.text ILIKE $12::text OFFSET 0))"

#define WINDOW "2000"

/* The oldest order of the window, or NULL if fewer orders are left. */
#define OLDEST(about_user)                                                                         \
    "SELECT o.id FROM orders_v1.order_view AS o" ABOUT_ORDER about_user                            \
    " ORDER BY o.id DESC OFFSET " WINDOW " - 1 LIMIT 1"

/* One order more than the page has, to find out whether there is a next page. */
#define SEARCH(about_user)                                                                         \
    "SELECT w.searched_to, " ORDERS_OPERATOR_COLUMNS                                               \
    " FROM (SELECT CASE WHEN $12::text IS NOT NULL THEN (" OLDEST(                                 \
        about_user) ") END AS searched_to OFFSET 0) AS w"                                          \
                    " LEFT JOIN LATERAL (SELECT o.* FROM orders_v1.order_view AS o" ABOUT_ORDER    \
                        about_user " AND o.id >= coalesce(w.searched_to, 0)" ABOUT_TEXT            \
                    " ORDER BY o.id DESC LIMIT $2::integer + 1) AS v ON true"

static const orders_statement_t search_all = {
    .name = "orders_search",
    .text = SEARCH(" AND $11::text IS NULL"),
    .param_count = 14,
    .replan = true,
};
static const orders_statement_t search_user = {
    .name = "orders_search_user",
    .text = SEARCH(" AND o.buyer_id = orders_v1.user_id_of($1, $11)"),
    .param_count = 14,
    .replan = true,
};

/* The ILIKE pattern that matches `text` at any position. */
static const char *substring_pattern(apr_pool_t *pool, const char *text)
{
    apr_size_t length = 0;
    for (const char *c = text; *c; c++) {
        length += *c == '%' || *c == '_' || *c == '\\' ? 2 : 1;
    }
    char *pattern = apr_palloc(pool, length + 3);
    char *out = pattern;
    *out++ = '%';
    for (; *text; text++) {
        if (*text == '%' || *text == '_' || *text == '\\') {
            *out++ = '\\';
        }
        *out++ = *text;
    }
    *out++ = '%';
    *out = '\0';
    return pattern;
}

/* The next page begins behind the last order if more orders were found than the page has, otherwise behind the window. */
static void finish_page(orders_order_list_t *page, int size)
{
    if (page->orders->nelts > size) {
        page->orders->nelts = size;
        page->searched_to = 0;
        page->more = true;
    } else {
        page->more = page->searched_to != 0;
    }
}

orders_problem_t *orders_order_search(const orders_reader_t *reader, const orders_search_t *search,
                                      orders_order_list_t **page)
{
    apr_pool_t *pool = reader->pool;
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_int(&params, search->size);
    orders_param_int_or_null(&params, search->before_id != 0, search->before_id);
    orders_param_text(&params, search->state);
    orders_param_text(&params, search->payment_state);
    orders_param_text(&params, search->fulfilment_state);
    orders_param_text(&params, search->api);
    orders_param_text(&params, search->number);
    orders_param_text(&params, search->from ? orders_time_text(pool, search->from, true) : NULL);
    orders_param_text(&params, search->to ? orders_time_text(pool, search->to, true) : NULL);
    orders_param_text(&params, search->user);
    orders_param_text(&params, search->text ? substring_pattern(pool, search->text) : NULL);
    orders_param_text(&params, search->from_day);
    orders_param_text(&params, search->to_day);
    ORDERS_TRY(
        orders_store_read_list(reader, search->user ? &search_user : &search_all, &params, page));
    finish_page(*page, search->size);
    return NULL;
}
