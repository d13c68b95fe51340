/* SPDX-License-Identifier: Apache-2.0 */
#include "store/returns.h"

#define REQUEST(order)                                                                             \
    ORDERS_WRITTEN("request_return(" ORDERS_WRITER_SQL ", $8, " order ", $10, $11, $12, $13)")

static const orders_statement_t request_by_id = {
    .name = "orders_request_return", .text = REQUEST("$9"), .param_count = 13};
static const orders_statement_t request_by_text = {
    .name = "orders_request_return_text",
    .text = REQUEST("orders_v1.order_id_of($1, $9)"),
    .param_count = 13,
};
static const orders_statement_t resolve = {
    .name = "orders_resolve_return",
    .text = ORDERS_WRITTEN("resolve_return(" ORDERS_WRITER_SQL ", $8, $9, $10, $11)"),
    .param_count = 11,
};
static const orders_statement_t restock = {
    .name = "orders_restock_return",
    .text = ORDERS_WRITTEN("restock_return(" ORDERS_WRITER_SQL ", $8, $9, $10, $11)"),
    .param_count = 11,
};
static const orders_statement_t list_returns = {
    .name = "orders_list_returns",
    .text = "SELECT * FROM orders_v1.list_returns($1, $2, $3, $4)",
    .param_count = 4,
};

orders_problem_t *orders_return_request(const orders_writer_t *writer,
                                        const orders_return_request_t *request,
                                        orders_written_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_int_or_null(&params, request->user_id != 0, request->user_id);
    if (request->order.id) {
        orders_param_int(&params, request->order.id);
    } else {
        orders_param_text(&params, request->order.text);
    }
    orders_param_text(&params, request->lines);
    orders_param_text(&params, request->reason);
    orders_param_int(&params, request->window);
    orders_param_texts(&params, request->match);
    return orders_store_write(writer, request->order.id ? &request_by_id : &request_by_text,
                              &params, written);
}

orders_problem_t *orders_return_resolve(const orders_writer_t *writer,
                                        const orders_return_step_t *step,
                                        orders_written_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_int(&params, step->return_id);
    orders_param_text(&params, step->action);
    orders_param_text(&params, step->comment);
    orders_param_texts(&params, step->match);
    return orders_store_write(writer, &resolve, &params, written);
}

orders_problem_t *orders_return_restock(const orders_writer_t *writer,
                                        const orders_return_step_t *step, const char *lines,
                                        orders_written_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_int(&params, step->return_id);
    orders_param_text(&params, lines);
    orders_param_text(&params, step->comment);
    orders_param_texts(&params, step->match);
    return orders_store_write(writer, &restock, &params, written);
}

orders_problem_t *orders_return_list(const orders_reader_t *reader,
                                     const orders_return_list_t *list, apr_array_header_t **returns)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_text(&params, list->state);
    orders_param_int(&params, list->size);
    orders_param_int_or_null(&params, list->before_id != 0, list->before_id);
    return orders_store_read(reader, &list_returns, &params, &orders_return_type, returns);
}
