/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sale.h"

#include "store/columns.h"

static const orders_statement_t place = {
    .name = "orders_place_cart",
    .text = ORDERS_WRITTEN_EARLY("place_cart(" ORDERS_WRITER_SQL ", $8, $9, $10, $11, $12)"),
    .early_release = true,
    .param_count = 12,
};
static const orders_statement_t settle = {
    .name = "orders_settle_sale",
    .text = ORDERS_WRITTEN("settle_sale(" ORDERS_WRITER_SQL ", $8, $9)"),
    .param_count = 9,
};
static const orders_statement_t cancel = {
    .name = "orders_cancel_sale",
    .text = ORDERS_WRITTEN("cancel_sale(" ORDERS_WRITER_SQL ", $8)"),
    .param_count = 8,
};
static const orders_statement_t refund = {
    .name = "orders_refund_sale",
    .text = ORDERS_WRITTEN("refund_sale(" ORDERS_WRITER_SQL ", $8, $9, $10, $11)"),
    .param_count = 11,
};
static const orders_statement_t list = {
    .name = "orders_list_sales",
    .text = "SELECT " ORDERS_SALE_COLUMNS
            " FROM unnest(orders_v1.sales_of($1, $2, $3, $4)) WITH ORDINALITY AS i (id, position)"
            " JOIN orders_v1.order_view AS v ON v.tenant_id = $1 AND v.id = i.id"
            " ORDER BY i.position",
    .param_count = 4,
};
static const orders_statement_t read_one = {
    .name = "orders_read_sale",
    .text = "SELECT " ORDERS_SALE_COLUMNS ", v.lines, v.addresses, v.history, v.actors, v.invoices"
            " FROM orders_v1.order_view AS v"
            " WHERE v.tenant_id = $1 AND v.id = (SELECT orders_v1.sale_id($1, $2, $3))",
    .param_count = 3,
};
static const orders_statement_t check_refund = {
    .name = "orders_check_sale_refund",
    .text = "SELECT w.outcome, w.id AS result_id, w.replayed"
            " FROM orders_v1.check_sale_refund($1, $2, $3, $4) AS w",
    .param_count = 4,
};
static const orders_statement_t read_claimable = {
    .name = "orders_read_claimable",
    .text =
        "SELECT " ORDERS_STATE_COLUMNS ", v.claimable, v.payment_method, v.currency, v.exponent,"
        " v.subtotal, v.discount, v.total, v.lines, v.company FROM orders_v1.order_view AS v"
        " WHERE v.tenant_id = $1 AND v.id = (SELECT orders_v1.claimable_order_id($1, $2, $3))",
    .param_count = 3,
};
static const orders_statement_t claim_order = {
    .name = "orders_claim_order",
    .text = "SELECT * FROM orders_v1.claim_order(" ORDERS_WRITER_SQL ", $8)",
    .param_count = 8,
};
static const orders_statement_t edit = {
    .name = "orders_edit_billing_address",
    .text = ORDERS_WRITTEN("edit_billing_address(" ORDERS_WRITER_SQL ", $8, $9)"),
    .param_count = 9,
};

orders_problem_t *orders_sale_place(const orders_writer_t *writer, const orders_place_cart_t *order,
                                    orders_written_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, order->cart);
    orders_param_text(&params, order->method);
    orders_param_bool(&params, order->consumer);
    orders_param_text(&params, order->channel);
    orders_param_int_or_null(&params, order->expires_in != 0, order->expires_in);
    return orders_store_write(writer, &place, &params, written);
}

orders_problem_t *orders_sale_settle(const orders_writer_t *writer, const char *number,
                                     const char *transaction_id, orders_written_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, number);
    orders_param_text(&params, transaction_id);
    return orders_store_write(writer, &settle, &params, written);
}

static orders_problem_t *write_by_number(const orders_writer_t *writer,
                                         const orders_statement_t *statement, const char *number,
                                         orders_written_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, number);
    return orders_store_write(writer, statement, &params, written);
}

orders_problem_t *orders_sale_cancel(const orders_writer_t *writer, const char *number,
                                     orders_written_t **written)
{
    return write_by_number(writer, &cancel, number, written);
}

orders_problem_t *orders_sale_refund(const orders_writer_t *writer,
                                     const orders_refund_sale_t *order, orders_written_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, order->number);
    orders_param_text(&params, order->transaction_id);
    orders_param_int(&params, order->window);
    orders_param_bool(&params, order->terminal_feed);
    return orders_store_write(writer, &refund, &params, written);
}

static void reader_params(orders_params_t *params, const orders_reader_t *reader, int64_t user_id)
{
    orders_reader_params(params, reader);
    orders_param_int(params, user_id);
}

orders_problem_t *orders_sale_list(const orders_reader_t *reader, int64_t user_id, int limit,
                                   int64_t offset, apr_array_header_t **orders)
{
    orders_params_t params;
    reader_params(&params, reader, user_id);
    orders_param_int(&params, limit);
    orders_param_int(&params, offset);
    return orders_store_read(reader, &list, &params, &orders_order_type, orders);
}

static orders_problem_t *read_by_number(const orders_reader_t *reader,
                                        const orders_statement_t *statement, int64_t user_id,
                                        const char *number, orders_order_t **order)
{
    orders_params_t params;
    reader_params(&params, reader, user_id);
    orders_param_text(&params, number);
    return orders_store_read_order(reader, statement, &params, order);
}

orders_problem_t *orders_sale_read(const orders_reader_t *reader, int64_t user_id,
                                   const char *number, orders_order_t **order)
{
    return read_by_number(reader, &read_one, user_id, number, order);
}

orders_problem_t *orders_sale_check_refund(const orders_reader_t *reader, int64_t user_id,
                                           const char *number, int window)
{
    orders_params_t params;
    apr_array_header_t *rows;
    reader_params(&params, reader, user_id);
    orders_param_text(&params, number);
    orders_param_int(&params, window);
    ORDERS_TRY(orders_store_read(reader, &check_refund, &params, &orders_written_type, &rows));
    return orders_first(rows) ? NULL : orders_problem(reader->pool, ORDERS_E_not_found, NULL);
}

orders_problem_t *orders_consumer_read(const orders_reader_t *reader, int64_t user_id,
                                       const char *number, orders_order_t **order)
{
    return read_by_number(reader, &read_claimable, user_id, number, order);
}

orders_problem_t *orders_consumer_claim(const orders_writer_t *writer, const char *number,
                                        orders_claimed_order_t **claimed)
{
    orders_params_t params;
    apr_array_header_t *rows;
    orders_writer_params(&params, writer);
    orders_param_text(&params, number);
    ORDERS_TRY(
        orders_store_write_rows(writer, &claim_order, &params, &orders_claimed_order_type, &rows));
    *claimed = orders_first(rows);
    return NULL;
}

orders_problem_t *orders_consumer_edit(const orders_writer_t *writer, const char *number,
                                       const char *address, orders_written_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, number);
    orders_param_text(&params, address);
    return orders_store_write(writer, &edit, &params, written);
}
