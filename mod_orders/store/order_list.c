/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of orders. Each is one statement: the ids of the page from an index, the rows of these orders, and a row of kind
 * `page` with the exact number of orders in all pages.
 */
#include "core/time.h"
#include "store/order.h"

/* A row of orders.answer whose columns are null but for kind, amount and flag. */
#define NULLS_8 "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, "
#define PAGE_ROW(amount, flag)                                                                     \
    "SELECT 'page', " NULLS_8 NULLS_8 NULLS_8 NULLS_8 amount ", NULL, NULL, " flag ", " NULLS_8    \
    "NULL"

#define OWN " FROM orders.orders AS o WHERE o.tenant_id = $1 AND o.buyer_id = $2"
#define COUNT(filter) "(SELECT count(*)" OWN filter ")"

/* By number: $3 orders beginning at `offset`. By cursor: one more is looked up, to know whether there are more. */
#define BY_NUMBER(filter, sort, direction, offset)                                                 \
    "SELECT r.* FROM (SELECT ARRAY(SELECT o.id" OWN filter " ORDER BY " sort " " direction         \
    ", o.id " direction " LIMIT $3 OFFSET " offset ") AS ids OFFSET 0) AS p"                       \
    " CROSS JOIN LATERAL (SELECT * FROM orders.rows_of($1, p.ids) UNION ALL " PAGE_ROW(            \
        COUNT(filter), "false") ") AS r"
#define BY_CURSOR(filter, sort, direction, after)                                                  \
    "SELECT r.* FROM (SELECT ARRAY(SELECT o.id" OWN filter " AND (" sort ", o.id) " after          \
    " ORDER BY " sort " " direction ", o.id " direction                                            \
    " LIMIT $3::integer + 1) AS ids OFFSET 0) AS p"                                                \
    " CROSS JOIN LATERAL (SELECT * FROM orders.rows_of($1, p.ids[1:$3::integer]) UNION "           \
    "ALL " PAGE_ROW(COUNT(filter), "cardinality(p.ids) > $3::integer") ") AS r"

#define FILTER                                                                                     \
    " AND ($4::text[] IS NULL OR o.state || '/' || o.payment_state = ANY ($4::text[]))"            \
    " AND ($5::text IS NULL OR o.payment_method = $5::text)"                                       \
    " AND ($6::text IS NULL OR starts_with(upper(o.number), upper($6::text)))"

/* The first page of everything, newest first: what clients ask for most. */
static const orders_statement_t newest = {
    "orders_list_newest",
    BY_NUMBER("", "o.created_at", "DESC", "$4"),
    4,
};
static const orders_statement_t newest_after = {
    "orders_list_newest_after",
    BY_CURSOR("", "o.created_at", "DESC", "< ($4::timestamptz, $5::bigint)"),
    5,
};

#define FILTERED(name, sort, type)                                                                 \
    {                                                                                              \
        {                                                                                          \
            {"orders_list_" name "_desc", BY_NUMBER(FILTER, sort, "DESC", "$7"), 7},               \
            {"orders_list_" name "_asc", BY_NUMBER(FILTER, sort, "ASC", "$7"), 7},                 \
        },                                                                                         \
            {                                                                                      \
                {"orders_list_" name "_desc_after",                                                \
                 BY_CURSOR(FILTER, sort, "DESC", "< ($7::" type ", $8::bigint)"), 8},              \
                {"orders_list_" name "_asc_after",                                                 \
                 BY_CURSOR(FILTER, sort, "ASC", "> ($7::" type ", $8::bigint)"), 8},               \
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

orders_problem_t *orders_order_list_own(const orders_reader_t *reader,
                                        const orders_own_list_t *list, orders_answer_t **answer)
{
    bool plain = list->sort == ORDERS_SORT_CREATED && !list->ascending && !list->states &&
                 !list->method && !list->number;
    orders_params_t params;
    orders_params_init(&params, reader->pool);
    orders_param_int(&params, reader->tenant);
    orders_param_int(&params, list->user_id);
    orders_param_int(&params, list->size);
    if (!plain) {
        if (list->states) {
            orders_param_array(&params, (const char *const *)(void *)list->states->elts,
                               list->states->nelts);
        } else {
            orders_param_text(&params, NULL);
        }
        orders_param_text(&params, list->method);
        orders_param_text(&params, list->number);
    }
    add_position(&params, list);
    const orders_statement_t *statement = list->after ? &newest_after : &newest;
    return orders_store_read(
        reader, plain ? statement : &filtered[list->sort][list->after][list->ascending], &params,
        answer);
}

/* --- the operator's search ------------------------------------------------------------------- */

#define LIKES(column) column " ILIKE $12::text"

/* Ids follow the time of placing, so that the primary key is the index of the newest. */
#define SEARCH(user)                                                                                                                                                                                                          \
    "SELECT r.* FROM (SELECT ARRAY(SELECT o.id FROM orders.orders AS o"                                                                                                                                                       \
    " WHERE o.tenant_id = $1 AND ($3::bigint IS NULL OR o.id < $3::bigint)"                                                                                                                                                   \
    " AND ($4::text IS NULL OR o.state = $4::text)"                                                                                                                                                                           \
    " AND ($5::text IS NULL OR o.payment_state = $5::text)"                                                                                                                                                                   \
    " AND ($6::text IS NULL OR o.fulfilment_state = $6::text)"                                                                                                                                                                \
    " AND ($7::text IS NULL OR o.dialect = $7::text)"                                                                                                                                                                         \
    " AND ($8::text IS NULL OR starts_with(upper(o.number), upper($8::text)))"                                                                                                                                                \
    " AND ($9::timestamptz IS NULL OR o.created_at >= $9::timestamptz)"                                                                                                                                                       \
    " AND ($10::timestamptz IS NULL OR o.created_at < $10::timestamptz)"                                                                                                                                                      \
    " AND " user " AND ($12::text IS NULL OR " LIKES("o.number") " OR " LIKES(                                                                                                                                                \
        "o.notes") " OR EXISTS (SELECT FROM orders.order_line AS l WHERE l.tenant_id = $1"                                                                                                                                    \
                   " AND l.order_id = o.id AND (" LIKES(                                                                                                                                                                      \
                       "l.title") " OR " LIKES("l.item_ref") "))"                                                                                                                                                             \
                                                             " OR EXISTS (SELECT FROM "                                                                                                                                       \
                                                             "orders.payment AS y WHERE "                                                                                                                                     \
                                                             "y.tenant_id = $1"                                                                                                                                               \
                                                             " AND y.order_id = o.id AND (" LIKES("y.reference") " OR " LIKES("y.intent_id") "))"                                                                             \
                                                                                                                                             " OR EXISTS "                                                                    \
                                                                                                                                             "(SELECT FROM "                                                                  \
                                                                                                                                             "orders.users AS "                                                               \
                                                                                                                                             "u WHERE "                                                                       \
                                                                                                                                             "u.tenant_id = "                                                                 \
                                                                                                                                             "$1 AND u.id = "                                                                 \
                                                                                                                                             "o.buyer_id"                                                                     \
                                                                                                                                             " AND (" LIKES("u"                                                               \
                                                                                                                                                            "."                                                               \
                                                                                                                                                            "e"                                                               \
                                                                                                                                                            "x"                                                               \
                                                                                                                                                            "t"                                                               \
                                                                                                                                                            "e"                                                               \
                                                                                                                                                            "r"                                                               \
                                                                                                                                                            "n"                                                               \
                                                                                                                                                            "a"                                                               \
                                                                                                                                                            "l"                                                               \
                                                                                                                                                            "_"                                                               \
                                                                                                                                                            "r"                                                               \
                                                                                                                                                            "e"                                                               \
                                                                                                                                                            "f") " OR " LIKES("u.name") " OR " LIKES("u.email") ")"           \
                                                                                                                                                                                                                ")"           \
                                                                                                                                                                                                                ")"           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "O"           \
                                                                                                                                                                                                                "R"           \
                                                                                                                                                                                                                "D"           \
                                                                                                                                                                                                                "E"           \
                                                                                                                                                                                                                "R"           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "B"           \
                                                                                                                                                                                                                "Y"           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "o"           \
                                                                                                                                                                                                                "."           \
                                                                                                                                                                                                                "i"           \
                                                                                                                                                                                                                "d"           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "D"           \
                                                                                                                                                                                                                "E"           \
                                                                                                                                                                                                                "S"           \
                                                                                                                                                                                                                "C"           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "L"           \
                                                                                                                                                                                                                "I"           \
                                                                                                                                                                                                                "M"           \
                                                                                                                                                                                                                "I"           \
                                                                                                                                                                                                                "T"           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "$"           \
                                                                                                                                                                                                                "2"           \
                                                                                                                                                                                                                ":"           \
                                                                                                                                                                                                                ":"           \
                                                                                                                                                                                                                "i"           \
                                                                                                                                                                                                                "n"           \
                                                                                                                                                                                                                "t"           \
                                                                                                                                                                                                                "e"           \
                                                                                                                                                                                                                "g"           \
                                                                                                                                                                                                                "e"           \
                                                                                                                                                                                                                "r"           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "+"           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "1"           \
                                                                                                                                                                                                                ")"           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "A"           \
                                                                                                                                                                                                                "S"           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "i"           \
                                                                                                                                                                                                                "d"           \
                                                                                                                                                                                                                "s"           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "O"           \
                                                                                                                                                                                                                "F"           \
                                                                                                                                                                                                                "F"           \
                                                                                                                                                                                                                "S"           \
                                                                                                                                                                                                                "E"           \
                                                                                                                                                                                                                "T"           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "0"           \
                                                                                                                                                                                                                ")"           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "A"           \
                                                                                                                                                                                                                "S"           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "p"           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "C"           \
                                                                                                                                                                                                                "R"           \
                                                                                                                                                                                                                "O"           \
                                                                                                                                                                                                                "S"           \
                                                                                                                                                                                                                "S"           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "J"           \
                                                                                                                                                                                                                "O"           \
                                                                                                                                                                                                                "I"           \
                                                                                                                                                                                                                "N"           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "L"           \
                                                                                                                                                                                                                "A"           \
                                                                                                                                                                                                                "T"           \
                                                                                                                                                                                                                "E"           \
                                                                                                                                                                                                                "R"           \
                                                                                                                                                                                                                "A"           \
                                                                                                                                                                                                                "L"           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "("           \
                                                                                                                                                                                                                "S"           \
                                                                                                                                                                                                                "E"           \
                                                                                                                                                                                                                "L"           \
                                                                                                                                                                                                                "E"           \
                                                                                                                                                                                                                "C"           \
                                                                                                                                                                                                                "T"           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "*"           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "F"           \
                                                                                                                                                                                                                "R"           \
                                                                                                                                                                                                                "O"           \
                                                                                                                                                                                                                "M"           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "o"           \
                                                                                                                                                                                                                "r"           \
                                                                                                                                                                                                                "d"           \
                                                                                                                                                                                                                "e"           \
                                                                                                                                                                                                                "r"           \
                                                                                                                                                                                                                "s"           \
                                                                                                                                                                                                                "."           \
                                                                                                                                                                                                                "r"           \
                                                                                                                                                                                                                "o"           \
                                                                                                                                                                                                                "w"           \
                                                                                                                                                                                                                "s"           \
                                                                                                                                                                                                                "_"           \
                                                                                                                                                                                                                "o"           \
                                                                                                                                                                                                                "f"           \
                                                                                                                                                                                                                "("           \
                                                                                                                                                                                                                "$"           \
                                                                                                                                                                                                                "1"           \
                                                                                                                                                                                                                ","           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "p"           \
                                                                                                                                                                                                                "."           \
                                                                                                                                                                                                                "i"           \
                                                                                                                                                                                                                "d"           \
                                                                                                                                                                                                                "s"           \
                                                                                                                                                                                                                "["           \
                                                                                                                                                                                                                "1"           \
                                                                                                                                                                                                                ":"           \
                                                                                                                                                                                                                "$"           \
                                                                                                                                                                                                                "2"           \
                                                                                                                                                                                                                ":"           \
                                                                                                                                                                                                                ":"           \
                                                                                                                                                                                                                "i"           \
                                                                                                                                                                                                                "n"           \
                                                                                                                                                                                                                "t"           \
                                                                                                                                                                                                                "e"           \
                                                                                                                                                                                                                "g"           \
                                                                                                                                                                                                                "e"           \
                                                                                                                                                                                                                "r"           \
                                                                                                                                                                                                                "]"           \
                                                                                                                                                                                                                ")"           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "U"           \
                                                                                                                                                                                                                "N"           \
                                                                                                                                                                                                                "I"           \
                                                                                                                                                                                                                "O"           \
                                                                                                                                                                                                                "N"           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "A"           \
                                                                                                                                                                                                                "L"           \
                                                                                                                                                                                                                "L"           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "S"           \
                                                                                                                                                                                                                "E"           \
                                                                                                                                                                                                                "L"           \
                                                                                                                                                                                                                "E"           \
                                                                                                                                                                                                                "C"           \
                                                                                                                                                                                                                "T"           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "*"           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "F"           \
                                                                                                                                                                                                                "R"           \
                                                                                                                                                                                                                "O"           \
                                                                                                                                                                                                                "M"           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "o"           \
                                                                                                                                                                                                                "r"           \
                                                                                                                                                                                                                "d"           \
                                                                                                                                                                                                                "e"           \
                                                                                                                                                                                                                "r"           \
                                                                                                                                                                                                                "s"           \
                                                                                                                                                                                                                "."           \
                                                                                                                                                                                                                "m"           \
                                                                                                                                                                                                                "o"           \
                                                                                                                                                                                                                "r"           \
                                                                                                                                                                                                                "e"           \
                                                                                                                                                                                                                "_"           \
                                                                                                                                                                                                                "o"           \
                                                                                                                                                                                                                "f"           \
                                                                                                                                                                                                                "("           \
                                                                                                                                                                                                                "$"           \
                                                                                                                                                                                                                "1"           \
                                                                                                                                                                                                                ","           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "p"           \
                                                                                                                                                                                                                "."           \
                                                                                                                                                                                                                "i"           \
                                                                                                                                                                                                                "d"           \
                                                                                                                                                                                                                "s"           \
                                                                                                                                                                                                                "["           \
                                                                                                                                                                                                                "1"           \
                                                                                                                                                                                                                ":"           \
                                                                                                                                                                                                                "$"           \
                                                                                                                                                                                                                "2"           \
                                                                                                                                                                                                                ":"           \
                                                                                                                                                                                                                ":"           \
                                                                                                                                                                                                                "i"           \
                                                                                                                                                                                                                "n"           \
                                                                                                                                                                                                                "t"           \
                                                                                                                                                                                                                "e"           \
                                                                                                                                                                                                                "g"           \
                                                                                                                                                                                                                "e"           \
                                                                                                                                                                                                                "r"           \
                                                                                                                                                                                                                "]"           \
                                                                                                                                                                                                                ")"           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "U"           \
                                                                                                                                                                                                                "N"           \
                                                                                                                                                                                                                "I"           \
                                                                                                                                                                                                                "O"           \
                                                                                                                                                                                                                "N"           \
                                                                                                                                                                                                                " "           \
                                                                                                                                                                                                                "A"           \
                                                                                                                                                                                                                "L"           \
                                                                                                                                                                                                                "L"           \
                                                                                                                                                                                                                " " PAGE_ROW( \
                                                                                                                                                                                                                    "NULL",   \
                                                                                                                                                                                                                    "cardinality(p.ids) > $2::integer") ") AS r"

static const orders_statement_t search_all = {
    "orders_search",
    SEARCH("$11::text IS NULL"),
    12,
};
static const orders_statement_t search_user = {
    "orders_search_user",
    SEARCH("o.buyer_id = orders.user_id_of($1, $11)"),
    12,
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
    return orders_store_read(reader, search->user ? &search_user : &search_all, &params, answer);
}
