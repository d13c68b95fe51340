/* SPDX-License-Identifier: Apache-2.0 */
#include "store/pay_link.h"

#include "store/columns.h"
#include "store/payment.h"

static const orders_statement_t send_link = {
    .name = "orders_send_pay_link",
    .text = ORDERS_WRITTEN("send_pay_link(" ORDERS_WRITER_SQL ", $8, $9, $10, $11)"),
    .param_count = 11,
};
static const orders_statement_t read_link = {
    .name = "orders_read_link",
    .text = "SELECT " ORDERS_STATE_COLUMNS ", v.claimable, v.payment_method, v.payer, v.currency,"
            " v.exponent, v.total, v.updated_at, v.paid_at, v.expires_at, v.payments, v.company,"
            " orders_v1.pay_link_state(v.tenant_id, v.id) AS link_state,"
            " orders_v1.was_declined(v.tenant_id, v.id) AS declined"
            " FROM orders_v1.order_view AS v WHERE v.tenant_id = $1 AND v.id = $2",
    .param_count = 2,
};
static const orders_statement_t start = {
    .name = "orders_start_payment",
    .text = "SELECT * FROM orders_v1.start_payment($1, $2, $3, $4)",
    .param_count = 4,
};

orders_problem_t *orders_pay_link_send(const orders_writer_t *writer, const char *number,
                                       const char *email, const orders_mail_limits_t *limits,
                                       orders_written_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, number);
    orders_param_text(&params, email);
    orders_param_int(&params, limits->per_order);
    orders_param_int(&params, limits->per_agent);
    return orders_store_write(writer, &send_link, &params, written);
}

orders_problem_t *orders_pay_link_read(const orders_reader_t *reader, int64_t order_id,
                                       orders_linked_order_t **linked)
{
    orders_params_t params;
    PGresult *result;
    apr_array_header_t *orders;
    void *row;
    orders_reader_params(&params, reader);
    orders_param_int(&params, order_id);
    ORDERS_TRY(orders_database_execute(reader->database, reader->pool, &read_link, &params,
                                       ORDERS_READ, &result));
    ORDERS_TRY(orders_rows_read_first(reader->pool, result, &orders_linked_order_type, &row));
    ORDERS_TRY(orders_rows_read(reader->pool, result, &orders_order_type, &orders));
    if (!row || !orders_first(orders)) {
        return orders_problem(reader->pool, ORDERS_E_not_found, NULL);
    }
    *linked = row;
    (*linked)->order = orders_first(orders);
    return NULL;
}

orders_problem_t *orders_pay_link_start(const orders_reader_t *reader, int64_t order_id,
                                        int64_t payment_id, const char *outcome,
                                        orders_payment_task_t **task)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_int(&params, order_id);
    orders_param_int_or_null(&params, payment_id != 0, payment_id);
    orders_param_text(&params, outcome);
    return orders_payment_work_task(reader, &start, &params, task);
}
