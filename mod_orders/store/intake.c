/* SPDX-License-Identifier: Apache-2.0 */
#include "store/intake.h"

static const orders_statement_t make_cart = {
    .name = "orders_make_cart",
    .text = "SELECT * FROM orders_v1.make_cart(" ORDERS_WRITER_SQL ", $8)",
    .param_count = 8,
};
static const orders_statement_t record_terminal = {
    .name = "orders_record_terminal_transaction",
    .text = "SELECT * FROM orders_v1.record_terminal_transaction(" ORDERS_WRITER_SQL
            ", $8, $9, $10, $11, $12)",
    .param_count = 12,
};

orders_problem_t *orders_intake_make_cart(const orders_writer_t *writer, const char *document,
                                          orders_stored_t **stored)
{
    orders_params_t params;
    apr_array_header_t *rows;
    orders_writer_params(&params, writer);
    orders_param_text(&params, document);
    ORDERS_TRY(orders_store_write_rows(writer, &make_cart, &params, &orders_stored_type, &rows));
    *stored = orders_first(rows);
    return NULL;
}

orders_problem_t *orders_intake_record_terminal(const orders_writer_t *writer,
                                                const orders_terminal_transaction_t *transaction,
                                                orders_stored_t **stored)
{
    orders_params_t params;
    apr_array_header_t *rows;
    orders_writer_params(&params, writer);
    orders_param_text(&params, transaction->transaction_id);
    orders_param_text(&params, transaction->kind);
    orders_param_int(&params, transaction->amount);
    orders_param_text(&params, transaction->currency);
    orders_param_text(&params, transaction->order_number);
    ORDERS_TRY(
        orders_store_write_rows(writer, &record_terminal, &params, &orders_stored_type, &rows));
    *stored = orders_first(rows);
    return NULL;
}
