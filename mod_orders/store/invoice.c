/* SPDX-License-Identifier: Apache-2.0 */
#include "store/invoice.h"

static const orders_statement_t issue = {
    .name = "orders_issue_invoice",
    .text =
        ORDERS_WRITTEN("issue_invoice(" ORDERS_WRITER_SQL ", orders_v1.order_id_of($1, $8), $9)"),
    .param_count = 9,
};
static const orders_statement_t read_any = {
    .name = "orders_read_invoice",
    .text = "SELECT i.id, i.number, i.document FROM orders_v1.read_invoice($1, $2) AS i",
    .param_count = 2,
};
static const orders_statement_t read_own = {
    .name = "orders_read_own_invoice",
    .text = "SELECT i.id, i.number, i.document"
            " FROM orders_v1.read_own_invoice($1, $2, $3, $4) AS i",
    .param_count = 4,
};

orders_problem_t *orders_invoice_issue(const orders_writer_t *writer, const char *order,
                                       const apr_array_header_t *match, orders_written_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, order);
    orders_param_texts(&params, match);
    return orders_store_write(writer, &issue, &params, written);
}

static orders_problem_t *read_invoice(const orders_reader_t *reader,
                                      const orders_statement_t *statement,
                                      const orders_params_t *params,
                                      const orders_invoice_t **invoice)
{
    apr_array_header_t *rows;
    ORDERS_TRY(orders_store_read(reader, statement, params, &orders_invoice_type, &rows));
    *invoice = orders_first(rows);
    return NULL;
}

orders_problem_t *orders_invoice_find(const orders_reader_t *reader, const char *number,
                                      const orders_invoice_t **invoice)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_text(&params, number);
    return read_invoice(reader, &read_any, &params, invoice);
}

orders_problem_t *orders_invoice_find_own(const orders_reader_t *reader, int64_t user_id,
                                          const char *order_number, const char *number,
                                          const orders_invoice_t **invoice)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_int(&params, user_id);
    orders_param_text(&params, order_number);
    orders_param_text(&params, number);
    return read_invoice(reader, &read_own, &params, invoice);
}
