/* SPDX-License-Identifier: Apache-2.0 */
#include "store/pay_link.h"

static const orders_statement_t send_link = {
    .name = "orders_send_pay_link",
    .text = "SELECT * FROM orders_v1.send_pay_link(" ORDERS_WRITER_SQL ", $8, $9, $10, $11)",
    .param_count = 11,
};
static const orders_statement_t read_link = {
    .name = "orders_read_link",
    .text = "SELECT * FROM orders_v1.read_link($1, $2)",
    .param_count = 2,
};
static const orders_statement_t start = {
    .name = "orders_start_payment",
    .text = "SELECT * FROM orders_v1.start_payment($1, $2, $3)",
    .param_count = 3,
};
static const orders_statement_t by_intent = {
    .name = "orders_payment_by_intent",
    .text = "SELECT * FROM orders_v1.payment_by_intent($1, $2, $3)",
    .param_count = 3,
};
static const orders_statement_t begin_capture = {
    .name = "orders_begin_capture",
    .text = "SELECT * FROM orders_v1.begin_capture($1, $2, $3, $4)",
    .param_count = 4,
};
static const orders_statement_t capture_not_made = {
    .name = "orders_capture_not_made",
    .text = "SELECT * FROM orders_v1.capture_not_made($1, $2)",
    .param_count = 2,
};
static const orders_statement_t await_capture = {
    .name = "orders_await_capture",
    .text = "SELECT * FROM orders_v1.await_capture($1, $2, $3)",
    .param_count = 3,
};

orders_problem_t *orders_pay_link_send(const orders_writer_t *writer, const char *number,
                                       const char *email, const orders_mail_limits_t *limits,
                                       orders_answer_t **answer)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, number);
    orders_param_text(&params, email);
    orders_param_int(&params, limits->per_order);
    orders_param_int(&params, limits->per_agent);
    return orders_store_write(writer, &send_link, &params, answer);
}

static void params_of(orders_params_t *params, const orders_reader_t *reader)
{
    orders_params_init(params, reader->pool);
    orders_param_int(params, reader->tenant);
}

/* A write that a lost connection does not spoil: doing it again changes nothing more. */
static orders_problem_t *write_again(const orders_reader_t *reader,
                                     const orders_statement_t *statement,
                                     const orders_params_t *params, orders_answer_t **answer)
{
    PGresult *result;
    ORDERS_TRY(orders_database_execute(reader->database, reader->pool, statement, params,
                                       ORDERS_WRITE_KEYED, &result));
    return orders_answer_read(reader->pool, result, answer);
}

orders_problem_t *orders_pay_link_read(const orders_reader_t *reader, int64_t order_id,
                                       orders_answer_t **answer)
{
    orders_params_t params;
    params_of(&params, reader);
    orders_param_int(&params, order_id);
    return orders_store_read(reader, &read_link, &params, answer);
}

orders_problem_t *orders_pay_link_start(const orders_reader_t *reader, int64_t order_id,
                                        int64_t gone, orders_answer_t **answer)
{
    orders_params_t params;
    params_of(&params, reader);
    orders_param_int(&params, order_id);
    orders_param_int_or_null(&params, gone != 0, gone);
    return write_again(reader, &start, &params, answer);
}

orders_problem_t *orders_payment_by_intent(const orders_reader_t *reader, const char *channel,
                                           const char *intent_id, orders_answer_t **answer)
{
    orders_params_t params;
    params_of(&params, reader);
    orders_param_text(&params, channel);
    orders_param_text(&params, intent_id);
    return orders_store_read(reader, &by_intent, &params, answer);
}

orders_problem_t *orders_payment_begin_capture(const orders_reader_t *reader, int64_t payment_id,
                                               bool ask_first, int lease, orders_answer_t **answer)
{
    orders_params_t params;
    params_of(&params, reader);
    orders_param_int(&params, payment_id);
    orders_param_text(&params, ask_first ? "true" : "false");
    orders_param_int(&params, lease);
    return write_again(reader, &begin_capture, &params, answer);
}

orders_problem_t *orders_payment_capture_not_made(const orders_reader_t *reader, int64_t payment_id,
                                                  orders_answer_t **answer)
{
    orders_params_t params;
    params_of(&params, reader);
    orders_param_int(&params, payment_id);
    return write_again(reader, &capture_not_made, &params, answer);
}

orders_problem_t *orders_payment_await_capture(const orders_reader_t *reader, int64_t payment_id,
                                               int seconds, orders_answer_t **answer)
{
    orders_params_t params;
    params_of(&params, reader);
    orders_param_int(&params, payment_id);
    orders_param_int(&params, seconds);
    return write_again(reader, &await_capture, &params, answer);
}
