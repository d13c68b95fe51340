/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's search. Ids follow the time of placing, so that the primary key is the index of the newest; a plan made
 * for the filters that are there finds that out, one made for all of them cannot. Few orders have a refund under way: the
 * index of pending refunds finds them, since the states of orders are in no index.
 *
 * A text is looked for anywhere in several columns of several tables, which no index of ours answers. So one request looks
 * at the newest WINDOW orders that all other filters leave, whatever is found among them, and the next page goes on behind
 * these: the work of a request does not grow with the table, and the pages together still find everything.
 */
#include "core/time.h"
#include "store/order.h"
#include "store/page_row.h"

#define ABOUT_ORDER                                                                                \
    " WHERE o.tenant_id = $1 AND ($3::bigint IS NULL OR o.id < $3::bigint)"                        \
    " AND ($4::text IS NULL OR o.state = $4::text)"                                                \
    " AND ($5::text IS NULL OR o.payment_state = $5::text)"                                        \
    " AND ($5::text IS DISTINCT FROM 'refund_pending' OR o.id = ANY (ARRAY("                       \
    "SELECT f.order_id FROM orders.refund AS f"                                                    \
    " WHERE f.tenant_id = $1 AND f.status = 'pending')))"                                          \
    " AND ($6::text IS NULL OR o.fulfilment_state = $6::text)"                                     \
    " AND ($7::text IS NULL OR o.dialect = $7::text)"                                              \
    " AND ($8::text IS NULL OR starts_with(o.number, orders.code_key($8::text)))"                  \
    " AND ($9::timestamptz IS NULL OR o.created_at >= $9::timestamptz)"                            \
    " AND ($10::timestamptz IS NULL OR o.created_at < $10::timestamptz)"                           \
    " AND ($13::date IS NULL"                                                                      \
    " OR o.created_at >= (SELECT orders_v1.span_start($1, NULL, $13::date)))"                      \
    " AND ($14::date IS NULL"                                                                      \
    " OR o.created_at < (SELECT orders_v1.span_end($1, NULL, $14::date + 1)))"

/* OFFSET 0 keeps PostgreSQL from hashing all lines, payments and users of the tenant for the orders of one window. */
#define ABOUT_TEXT                                                                                 \
    " AND ($12::text IS NULL OR o.number ILIKE $12::text OR o.notes ILIKE $12::text"               \
    " OR EXISTS (SELECT FROM orders.order_line AS l"                                               \
    " WHERE l.tenant_id = $1 AND l.order_id = o.id"                                                \
    " AND (l.title ILIKE $12::text OR l.item_ref ILIKE $12::text) OFFSET 0)"                       \
    " OR EXISTS (SELECT FROM orders.payment AS y"                                                  \
    " WHERE y.tenant_id = $1 AND y.order_id = o.id"                                                \
    " AND (y.reference ILIKE $12::text OR y.intent_id ILIKE $12::text) OFFSET 0)"                  \
    " OR EXISTS (SELECT FROM orders.users AS u"                                                    \
    " WHERE u.tenant_id = $1 AND u.id = o.buyer_id"                                                \
    " AND (u.external_ref ILIKE $12::text OR u.name ILIKE $12::text"                               \
    " OR u.email ILIKE $12::text) OFFSET 0))"

#define WINDOW "2000"

/* The oldest order of the window, if there are as many as that. */
#define OLDEST(about_user)                                                                         \
    "SELECT o.id FROM orders.orders AS o" ABOUT_ORDER about_user                                   \
    " ORDER BY o.id DESC OFFSET " WINDOW " - 1 LIMIT 1"

#define SEARCH(about_user)                                                                         \
    "SELECT r.* FROM (SELECT CASE WHEN $12::text IS NOT NULL THEN (" OLDEST(                       \
        about_user) ") END AS oldest OFFSET 0) AS w"                                               \
                    " CROSS JOIN LATERAL (SELECT ARRAY(SELECT o.id FROM orders.orders AS "         \
                    "o" ABOUT_ORDER about_user " AND o.id >= coalesce(w.oldest, 0)" ABOUT_TEXT     \
                    " ORDER BY o.id DESC LIMIT $2::integer + 1) AS ids OFFSET 0) AS p"             \
                    " CROSS JOIN LATERAL (SELECT * FROM orders_v1.rows_of($1, "                    \
                    "p.ids[1:$2::integer])"                                                        \
                    " UNION ALL SELECT * FROM orders_v1.more_of($1, p.ids[1:$2::integer])"         \
                    " UNION ALL " ORDERS_WINDOW_ROW(                                               \
                        "CASE WHEN cardinality(p.ids) <= $2::integer THEN w.oldest END",           \
                        "cardinality(p.ids) > $2::integer OR w.oldest IS NOT NULL") ") AS r"

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

/* The pattern of ILIKE that finds `text` anywhere. */
static const char *anywhere(apr_pool_t *pool, const char *text)
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

orders_problem_t *orders_order_search(const orders_reader_t *reader, const orders_search_t *search,
                                      orders_answer_t **answer)
{
    apr_pool_t *pool = reader->pool;
    orders_params_t params;
    orders_params_init(&params, pool);
    orders_param_int(&params, reader->tenant);
    orders_param_int(&params, search->size);
    orders_param_int_or_null(&params, search->before_id != 0, search->before_id);
    orders_param_text(&params, search->state);
    orders_param_text(&params, search->payment_state);
    orders_param_text(&params, search->fulfilment_state);
    orders_param_text(&params, search->dialect);
    orders_param_text(&params, search->number);
    orders_param_text(&params, search->from ? orders_time_text(pool, search->from, true) : NULL);
    orders_param_text(&params, search->to ? orders_time_text(pool, search->to, true) : NULL);
    orders_param_text(&params, search->user);
    orders_param_text(&params, search->text ? anywhere(pool, search->text) : NULL);
    orders_param_text(&params, search->from_day);
    orders_param_text(&params, search->to_day);
    return orders_store_read(reader, search->user ? &search_user : &search_all, &params, answer);
}
