/* SPDX-License-Identifier: Apache-2.0 */
#include "store/member.h"

#include "store/page_row.h"

static const orders_statement_t place = {
    .name = "orders_member_place",
    .text = "SELECT * FROM orders_v1.member_place(" ORDERS_WRITER_SQL ", $8, $9, $10)",
    .param_count = 10,
};
static const orders_statement_t upgrade = {
    .name = "orders_member_upgrade",
    .text = "SELECT * FROM orders_v1.upgrade_or_renew(" ORDERS_WRITER_SQL ", $8, $9, $10, $11)",
    .param_count = 11,
};

static const orders_statement_t apply = {
    .name = "orders_member_apply",
    .text = "SELECT * FROM orders_v1.apply_paid_package(" ORDERS_WRITER_SQL
            ", orders_v1.order_id_of($1, $8), $9)",
    .param_count = 9,
};

/* Orders of member $2 that fit, as ids; then the rows `of` these, and one that says that there is such a member. */
#define OF_MEMBER(fit, of)                                                                         \
    "SELECT r.* FROM (SELECT ARRAY(SELECT o.id FROM orders.orders AS o"                            \
    " WHERE o.tenant_id = $1 AND o.buyer_id = u.id AND " fit ") AS ids"                            \
    " FROM orders.users AS u WHERE u.tenant_id = $1 AND u.external_ref = $2 AND u.active"          \
    " OFFSET 0) AS p CROSS JOIN LATERAL (SELECT * FROM orders_v1.rows_of($1, p.ids)" of            \
    " UNION ALL " ORDERS_PAGE_ROW("cardinality(p.ids)::bigint", "false") ") AS r"

#define LIST(fit, order)                                                                           \
    OF_MEMBER(fit "($4::text IS NULL OR orders_v1.order_category($1, o.id) = $4::text)"            \
                  " AND o.created_at >= (SELECT orders_v1.span_start($1, $5, $6::date))"           \
                  " AND o.created_at < (SELECT orders_v1.span_end($1, $5, $7::date))" order        \
                  " LIMIT $3",                                                                     \
              " UNION ALL SELECT * FROM orders_v1.addresses_of($1, p.ids)"                         \
              " UNION ALL SELECT * FROM orders_v1.categories_of($1, p.ids)")

static const orders_statement_t list_newest = {
    .name = "orders_member_list",
    .text = LIST("", " ORDER BY o.created_at DESC, o.id DESC"),
    .param_count = 7,
};
static const orders_statement_t list_number = {
    .name = "orders_member_list_number",
    .text = LIST("o.number = orders.code_key($8) AND ", ""), /* which is of one order */
    .param_count = 8,
};
static const orders_statement_t read_number = {
    .name = "orders_member_read",
    .text = OF_MEMBER("o.number = orders.code_key($3)", ""),
    .param_count = 3,
};

static void order_params(orders_params_t *params, const orders_writer_t *writer,
                         const orders_member_order_t *order)
{
    orders_writer_params(params, writer);
    orders_param_text(params, order->document);
    orders_param_int_or_null(params, order->expires_in != 0, order->expires_in);
    orders_param_array(params, (const char *const *)(void *)order->channels->elts,
                       order->channels->nelts);
}

orders_problem_t *orders_member_place(const orders_writer_t *writer,
                                      const orders_member_order_t *order, orders_answer_t **answer)
{
    orders_params_t params;
    order_params(&params, writer, order);
    return orders_store_write(writer, &place, &params, answer);
}

orders_problem_t *orders_member_upgrade(const orders_writer_t *writer,
                                        const orders_member_order_t *order,
                                        orders_answer_t **answer)
{
    orders_params_t params;
    order_params(&params, writer, order);
    orders_param_int(&params, order->window);
    return orders_store_write(writer, &upgrade, &params, answer);
}

static void reader_params(orders_params_t *params, const orders_reader_t *reader,
                          const char *member)
{
    orders_params_init(params, reader->pool);
    orders_param_int(params, reader->tenant);
    orders_param_text(params, member);
}

orders_problem_t *orders_member_list(const orders_reader_t *reader,
                                     const orders_member_list_t *list, orders_answer_t **answer)
{
    orders_params_t params;
    reader_params(&params, reader, list->member);
    orders_param_int(&params, list->size);
    orders_param_text(&params, list->category);
    orders_param_text(&params, list->unit);
    orders_param_text(&params, list->from);
    orders_param_text(&params, list->to);
    if (list->number) {
        orders_param_text(&params, list->number);
    }
    return orders_store_read(reader, list->number ? &list_number : &list_newest, &params, answer);
}

orders_problem_t *orders_member_read(const orders_reader_t *reader, const char *member,
                                     const char *number, orders_answer_t **answer)
{
    orders_params_t params;
    reader_params(&params, reader, member);
    orders_param_text(&params, number);
    return orders_store_read(reader, &read_number, &params, answer);
}

orders_problem_t *orders_member_apply(const orders_writer_t *writer, const char *order,
                                      const apr_array_header_t *match, orders_answer_t **answer)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, order);
    orders_param_match(&params, match);
    return orders_store_write(writer, &apply, &params, answer);
}
