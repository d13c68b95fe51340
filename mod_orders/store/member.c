/* SPDX-License-Identifier: Apache-2.0 */
#include "store/member.h"

#include "store/columns.h"

static const orders_statement_t place = {
    .name = "orders_member_place",
    .text = ORDERS_WRITTEN_EARLY("member_place(" ORDERS_WRITER_SQL ", $8, $9, $10)"),
    .early_release = true,
    .param_count = 10,
};
static const orders_statement_t upgrade = {
    .name = "orders_member_upgrade",
    .text = ORDERS_WRITTEN("upgrade_or_renew(" ORDERS_WRITER_SQL ", $8, $9, $10, $11)"),
    .param_count = 11,
};

static const orders_statement_t apply = {
    .name = "orders_member_apply",
    .text = ORDERS_WRITTEN("apply_paid_package(" ORDERS_WRITER_SQL
                           ", orders_v1.order_id_of($1, $8), $9)"),
    .param_count = 9,
};

#define OWN "orders_v1.order_view AS o WHERE o.tenant_id = $1 AND o.buyer_id = p.member_id"
#define OWN_NUMBER(number) OWN " AND o.number = orders.code_key(" number ")"

/* The id of member $2, if active, and the orders selected by `fit`. */
#define OF_MEMBER(columns, fit)                                                                    \
    "SELECT p.member_id, " columns                                                                 \
    " FROM (SELECT orders_v1.active_user_id($1, $2) AS member_id OFFSET 0) AS p"                   \
    " LEFT JOIN LATERAL (SELECT o.* FROM " fit ") AS v ON true"

#define LIST(from)                                                                                 \
    OF_MEMBER(ORDERS_STATE_COLUMNS ", v.currency, v.currency_symbol, v.exponent, v.total,"         \
                                   " v.metadata, v.category, v.created_at, v.updated_at,"          \
                                   " v.pay_url, v.addresses",                                      \
              from " ($4::text IS NULL OR o.category = $4::text)"                                  \
                   " AND o.created_at >= (SELECT orders_v1.span_start($1, $5, $6::date))"          \
                   " AND o.created_at < (SELECT orders_v1.span_end($1, $5, $7::date))"             \
                   " ORDER BY o.created_at DESC, o.id DESC LIMIT $3")

static const orders_statement_t list_newest = {
    .name = "orders_member_list",
    .text = LIST(OWN " AND"),
    .param_count = 7,
};
/* OFFSET 0 makes PostgreSQL use the index of numbers; without it the plan may read all orders of the member by time. */
static const orders_statement_t list_number = {
    .name = "orders_member_list_number",
    .text = LIST("(SELECT o.* FROM " OWN_NUMBER("$8") " OFFSET 0) AS o WHERE"),
    .param_count = 8,
};
static const orders_statement_t read_number = {
    .name = "orders_member_read",
    .text = OF_MEMBER(ORDERS_STATE_COLUMNS ", v.currency, v.exponent, v.tax_inclusive, v.lines",
                      OWN_NUMBER("$3")),
    .param_count = 3,
};

static void order_params(orders_params_t *params, const orders_writer_t *writer,
                         const orders_member_order_t *order)
{
    orders_writer_params(params, writer);
    orders_param_text(params, order->document);
    orders_param_int_or_null(params, order->expires_in != 0, order->expires_in);
    orders_param_texts(params, order->channels);
}

orders_problem_t *orders_member_place(const orders_writer_t *writer,
                                      const orders_member_order_t *order,
                                      orders_written_t **written)
{
    orders_params_t params;
    order_params(&params, writer, order);
    return orders_store_write(writer, &place, &params, written);
}

orders_problem_t *orders_member_upgrade(const orders_writer_t *writer,
                                        const orders_member_order_t *order,
                                        orders_written_t **written)
{
    orders_params_t params;
    order_params(&params, writer, order);
    orders_param_int(&params, order->window);
    return orders_store_write(writer, &upgrade, &params, written);
}

static void reader_params(orders_params_t *params, const orders_reader_t *reader,
                          const char *member)
{
    orders_reader_params(params, reader);
    orders_param_text(params, member);
}

orders_problem_t *orders_member_list(const orders_reader_t *reader,
                                     const orders_member_list_t *list, orders_order_list_t **page)
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
    return orders_store_read_list(reader, list->number ? &list_number : &list_newest, &params,
                                  page);
}

orders_problem_t *orders_member_read(const orders_reader_t *reader, const char *member,
                                     const char *number, orders_order_list_t **page)
{
    orders_params_t params;
    reader_params(&params, reader, member);
    orders_param_text(&params, number);
    return orders_store_read_list(reader, &read_number, &params, page);
}

orders_problem_t *orders_member_apply(const orders_writer_t *writer, const char *order,
                                      const apr_array_header_t *match, orders_written_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, order);
    orders_param_texts(&params, match);
    return orders_store_write(writer, &apply, &params, written);
}
