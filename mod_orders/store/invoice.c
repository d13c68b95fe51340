/* SPDX-License-Identifier: Apache-2.0 */
#include "store/invoice.h"

static const orders_statement_t issue = {
    .name = "orders_issue_invoice",
    .text = "SELECT * FROM orders_v1.issue_invoice(" ORDERS_WRITER_SQL
            ", orders_v1.order_id_of($1, $8), $9)",
    .param_count = 9,
};
static const orders_statement_t read_any = {
    .name = "orders_read_invoice",
    .text = "SELECT * FROM orders_v1.read_invoice($1, $2)",
    .param_count = 2,
};
static const orders_statement_t read_own = {
    .name = "orders_read_own_invoice",
    .text = "SELECT * FROM orders_v1.read_own_invoice($1, $2, $3, $4)",
    .param_count = 4,
};

orders_problem_t *orders_invoice_issue(const orders_writer_t *writer, const char *order,
                                       const apr_array_header_t *match, orders_answer_t **answer)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, order);
    orders_param_match(&params, match);
    return orders_store_write(writer, &issue, &params, answer);
}

static orders_problem_t *read_invoice(const orders_reader_t *reader,
                                      const orders_statement_t *statement,
                                      const orders_params_t *params,
                                      const orders_invoice_t **invoice)
{
    orders_answer_t *answer;
    ORDERS_TRY(orders_store_read(reader, statement, params, &answer));
    *invoice = orders_first(answer->loose.invoices);
    return NULL;
}

orders_problem_t *orders_invoice_find(const orders_reader_t *reader, const char *number,
                                      const orders_invoice_t **invoice)
{
    orders_params_t params;
    orders_params_init(&params, reader->pool);
    orders_param_int(&params, reader->tenant);
    orders_param_text(&params, number);
    return read_invoice(reader, &read_any, &params, invoice);
}

orders_problem_t *orders_invoice_find_own(const orders_reader_t *reader, int64_t user_id,
                                          const char *order_number, const char *number,
                                          const orders_invoice_t **invoice)
{
    orders_params_t params;
    orders_params_init(&params, reader->pool);
    orders_param_int(&params, reader->tenant);
    orders_param_int(&params, user_id);
    orders_param_text(&params, order_number);
    orders_param_text(&params, number);
    return read_invoice(reader, &read_own, &params, invoice);
}
