/* SPDX-License-Identifier: Apache-2.0 */
#include "store/payment.h"

static const orders_statement_t record_intent = {
    .name = "orders_record_intent",
    .text = ORDERS_WRITTEN("record_intent(" ORDERS_WRITER_SQL ", $8, $9, $10, $11)"),
    .param_count = 11,
    .repeatable = true,
};
static const orders_statement_t record_failure = {
    .name = "orders_record_intent_failure",
    .text = ORDERS_WRITTEN("record_intent_failure(" ORDERS_WRITER_SQL ", $8, $9, $10, $11)"),
    .param_count = 11,
    .repeatable = true,
};
static const orders_statement_t apply_event = {
    .name = "orders_apply_provider_event",
    .text =
        ORDERS_WRITTEN_EVENT("apply_provider_event($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,"
                             " NULL, $12, $13, $14)"),
    .param_count = 14,
};
static const orders_statement_t begin_capture = {
    .name = "orders_begin_capture",
    .text = "SELECT * FROM orders_v1.begin_capture($1, $2, $3, $4)",
    .param_count = 4,
};
static const orders_statement_t record_capture = {
    .name = "orders_record_capture",
    .text = ORDERS_WRITTEN_EVENT("record_capture($1, $2, $3, $4, $5, $6, $7, $8, $9)"),
    .param_count = 9,
};
static const orders_statement_t settle_payment = {
    .name = "orders_settle_payment",
    .text = ORDERS_WRITTEN("settle_payment(" ORDERS_WRITER_SQL
                           ", orders_v1.order_id_of($1, $8), $9, $10, $11)"),
    .param_count = 11,
};
static const orders_statement_t settle_refund = {
    .name = "orders_settle_refund",
    .text = ORDERS_WRITTEN("settle_refund(" ORDERS_WRITER_SQL ", $8, $9, $10, $11, $12, $13)"),
    .param_count = 13,
    .repeatable = true,
};
static const orders_statement_t refunds_to_send = {
    .name = "orders_refunds_to_send",
    .text = "SELECT * FROM orders_v1.refunds_to_send($1, $2)",
    .param_count = 2,
};
static const orders_statement_t post_balance = {
    .name = "orders_post_balance",
    .text = "SELECT * FROM orders_v1.post_balance(" ORDERS_WRITER_SQL
            ", orders_v1.user_id_of($1, $8), $9, $10, $11)",
    .param_count = 11,
};

orders_problem_t *orders_payment_record_intent(const orders_writer_t *writer,
                                               const orders_record_intent_t *intent,
                                               orders_written_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_int(&params, intent->payment_id);
    orders_param_text(&params, intent->intent_id);
    orders_param_text(&params, intent->pay_url);
    orders_param_text(&params, intent->reference);
    return orders_store_write(writer, &record_intent, &params, written);
}

orders_problem_t *orders_payment_record_failure(const orders_writer_t *writer,
                                                const orders_intent_failure_t *failure,
                                                orders_written_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_int(&params, failure->payment_id);
    orders_param_text(&params, failure->code);
    orders_param_text(&params, failure->message);
    orders_param_bool(&params, failure->refused);
    return orders_store_write(writer, &record_failure, &params, written);
}

orders_problem_t *orders_payment_apply_event(const orders_reader_t *reader,
                                             const orders_payment_event_t *event,
                                             orders_written_t **written)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_text(&params, event->channel);
    orders_param_text(&params, event->event_id);
    orders_param_text(&params, event->type);
    orders_param_text(&params, event->payment_key);
    orders_param_text(&params, event->intent_id);
    orders_param_text(&params, event->transaction_id);
    orders_param_int_or_null(&params, event->amount != 0, event->amount);
    orders_param_text(&params, event->currency);
    orders_param_text(&params, event->code);
    orders_param_text(&params, event->message);
    orders_param_text(&params, event->raw_type);
    orders_param_text(&params, event->capture_id);
    orders_param_int_or_null(&params, event->for_tenant != 0, event->for_tenant);
    return orders_store_work(reader, &apply_event, &params, written);
}

orders_problem_t *orders_payment_work_task(const orders_reader_t *reader,
                                           const orders_statement_t *statement,
                                           const orders_params_t *params,
                                           orders_payment_task_t **task)
{
    apr_array_header_t *rows;
    ORDERS_TRY(orders_store_work_rows(reader, statement, params, &orders_payment_task_type, &rows));
    *task = orders_first(rows);
    return NULL;
}

orders_problem_t *orders_payment_begin_capture(const orders_reader_t *reader, int64_t payment_id,
                                               bool read_first, int lease,
                                               orders_payment_task_t **task)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_int(&params, payment_id);
    orders_param_bool(&params, read_first);
    orders_param_int(&params, lease);
    return orders_payment_work_task(reader, &begin_capture, &params, task);
}

orders_problem_t *orders_payment_record_capture(const orders_reader_t *reader,
                                                const orders_record_capture_t *capture,
                                                orders_written_t **written)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_int(&params, capture->payment_id);
    orders_param_text(&params, capture->outcome);
    orders_param_text(&params, capture->transaction_id);
    orders_param_int_or_null(&params, capture->amount != 0, capture->amount);
    orders_param_text(&params, capture->currency);
    orders_param_text(&params, capture->code);
    orders_param_text(&params, capture->message);
    orders_param_text(&params, capture->payer);
    return orders_store_work(reader, &record_capture, &params, written);
}

orders_problem_t *orders_payment_settle(const orders_writer_t *writer,
                                        const orders_settle_t *settle, orders_written_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, settle->order.text);
    orders_param_text(&params, settle->method);
    orders_param_text(&params, settle->reference);
    orders_param_texts(&params, settle->match);
    return orders_store_write(writer, &settle_payment, &params, written);
}

orders_problem_t *orders_payment_refunds_to_send(const orders_reader_t *reader, int64_t order_id,
                                                 apr_array_header_t **tasks)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_int(&params, order_id);
    return orders_store_read(reader, &refunds_to_send, &params, &orders_refund_task_type, tasks);
}

orders_problem_t *orders_payment_settle_refund(const orders_writer_t *writer,
                                               const orders_settle_refund_t *settle,
                                               orders_written_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_int(&params, settle->refund_id);
    orders_param_text(&params, settle->transaction_id);
    orders_param_bool(&params, settle->ok);
    orders_param_text(&params, settle->code);
    orders_param_text(&params, settle->message);
    orders_param_texts(&params, settle->match);
    return orders_store_write(writer, &settle_refund, &params, written);
}

orders_problem_t *orders_payment_post_balance(const orders_writer_t *writer,
                                              const orders_post_balance_t *post,
                                              orders_posted_t **posted)
{
    orders_params_t params;
    apr_array_header_t *rows;
    orders_writer_params(&params, writer);
    orders_param_text(&params, post->user);
    orders_param_int(&params, post->amount);
    orders_param_text(&params, post->currency);
    orders_param_text(&params, post->reference);
    ORDERS_TRY(orders_store_write_rows(writer, &post_balance, &params, &orders_posted_type, &rows));
    *posted = orders_first(rows);
    return NULL;
}
