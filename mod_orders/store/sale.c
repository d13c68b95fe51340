/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sale.h"

static const orders_statement_t place = {
    .name = "orders_place_cart",
    .text = "SELECT * FROM orders_v1.place_cart(" ORDERS_WRITER_SQL ", $8, $9, $10, $11, $12)",
    .param_count = 12,
};
static const orders_statement_t settle = {
    .name = "orders_settle_sale",
    .text = "SELECT * FROM orders_v1.settle_sale(" ORDERS_WRITER_SQL ", $8, $9)",
    .param_count = 9,
};
static const orders_statement_t cancel = {
    .name = "orders_cancel_sale",
    .text = "SELECT * FROM orders_v1.cancel_sale(" ORDERS_WRITER_SQL ", $8)",
    .param_count = 8,
};
static const orders_statement_t refund = {
    .name = "orders_refund_sale",
    .text = "SELECT * FROM orders_v1.refund_sale(" ORDERS_WRITER_SQL ", $8, $9, $10, $11)",
    .param_count = 11,
};
static const orders_statement_t list = {
    .name = "orders_list_sales",
    .text = "SELECT * FROM orders_v1.list_sales($1, $2, $3, $4)",
    .param_count = 4,
};
static const orders_statement_t read_one = {
    .name = "orders_read_sale",
    .text = "SELECT * FROM orders_v1.read_sale($1, $2, $3)",
    .param_count = 3,
};
static const orders_statement_t check_refund = {
    .name = "orders_check_sale_refund",
    .text = "SELECT * FROM orders_v1.check_sale_refund($1, $2, $3, $4)",
    .param_count = 4,
};
static const orders_statement_t read_bound = {
    .name = "orders_read_bound",
    .text = "SELECT * FROM orders_v1.read_bound($1, $2, $3)",
    .param_count = 3,
};
static const orders_statement_t bind_buyer = {
    .name = "orders_bind_buyer",
    .text = "SELECT * FROM orders_v1.bind_buyer(" ORDERS_WRITER_SQL ", $8)",
    .param_count = 8,
};
static const orders_statement_t edit = {
    .name = "orders_edit_billing_address",
    .text = "SELECT * FROM orders_v1.edit_billing_address(" ORDERS_WRITER_SQL ", $8, $9)",
    .param_count = 9,
};

static void add_bool(orders_params_t *params, bool value)
{
    orders_param_text(params, value ? "true" : "false");
}

orders_problem_t *orders_sale_place(const orders_writer_t *writer, const orders_place_cart_t *order,
                                    orders_answer_t **answer)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, order->cart);
    orders_param_text(&params, order->method);
    add_bool(&params, order->consumer);
    orders_param_text(&params, order->channel);
    orders_param_int_or_null(&params, order->expires_in != 0, order->expires_in);
    return orders_store_write(writer, &place, &params, answer);
}

orders_problem_t *orders_sale_settle(const orders_writer_t *writer, const char *number,
                                     const char *transaction_id, orders_answer_t **answer)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, number);
    orders_param_text(&params, transaction_id);
    return orders_store_write(writer, &settle, &params, answer);
}

static orders_problem_t *write_by_number(const orders_writer_t *writer,
                                         const orders_statement_t *statement, const char *number,
                                         orders_answer_t **answer)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, number);
    return orders_store_write(writer, statement, &params, answer);
}

orders_problem_t *orders_sale_cancel(const orders_writer_t *writer, const char *number,
                                     orders_answer_t **answer)
{
    return write_by_number(writer, &cancel, number, answer);
}

orders_problem_t *orders_sale_refund(const orders_writer_t *writer,
                                     const orders_refund_sale_t *order, orders_answer_t **answer)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, order->number);
    orders_param_text(&params, order->transaction_id);
    orders_param_int(&params, order->window);
    add_bool(&params, order->terminal_feed);
    return orders_store_write(writer, &refund, &params, answer);
}

static void reader_params(orders_params_t *params, const orders_reader_t *reader, int64_t user_id)
{
    orders_params_init(params, reader->pool);
    orders_param_int(params, reader->tenant);
    orders_param_int(params, user_id);
}

orders_problem_t *orders_sale_list(const orders_reader_t *reader, int64_t user_id, int limit,
                                   int64_t offset, orders_answer_t **answer)
{
    orders_params_t params;
    reader_params(&params, reader, user_id);
    orders_param_int(&params, limit);
    orders_param_int(&params, offset);
    return orders_store_read(reader, &list, &params, answer);
}

static orders_problem_t *read_by_number(const orders_reader_t *reader,
                                        const orders_statement_t *statement, int64_t user_id,
                                        const char *number, orders_answer_t **answer)
{
    orders_params_t params;
    reader_params(&params, reader, user_id);
    orders_param_text(&params, number);
    return orders_store_read(reader, statement, &params, answer);
}

orders_problem_t *orders_sale_read(const orders_reader_t *reader, int64_t user_id,
                                   const char *number, orders_answer_t **answer)
{
    return read_by_number(reader, &read_one, user_id, number, answer);
}

orders_problem_t *orders_sale_check_refund(const orders_reader_t *reader, int64_t user_id,
                                           const char *number, int window, orders_answer_t **answer)
{
    orders_params_t params;
    reader_params(&params, reader, user_id);
    orders_param_text(&params, number);
    orders_param_int(&params, window);
    return orders_store_read(reader, &check_refund, &params, answer);
}

orders_problem_t *orders_consumer_read(const orders_reader_t *reader, int64_t user_id,
                                       const char *number, orders_answer_t **answer)
{
    return read_by_number(reader, &read_bound, user_id, number, answer);
}

orders_problem_t *orders_consumer_bind(const orders_writer_t *writer, const char *number,
                                       orders_answer_t **answer)
{
    return write_by_number(writer, &bind_buyer, number, answer);
}

orders_problem_t *orders_consumer_edit(const orders_writer_t *writer, const char *number,
                                       const char *address, orders_answer_t **answer)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, number);
    orders_param_text(&params, address);
    return orders_store_write(writer, &edit, &params, answer);
}
