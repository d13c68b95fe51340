/* SPDX-License-Identifier: Apache-2.0 */
#include "store/provider_event.h"

#define HASH_SIZE 32

static const orders_statement_t store_notice = {
    .name = "orders_store_provider_notice",
    .text = "SELECT outcome, notice, replayed, refusal, detail FROM"
            " orders_v1.store_provider_notice($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    .param_count = 12,
};
static const orders_statement_t store_unreadable = {
    .name = "orders_store_unreadable_event",
    .text = "SELECT outcome, notice, replayed, refusal, detail FROM"
            " orders_v1.store_unreadable_event($1, $2, $3, $4, $5)",
    .param_count = 5,
};
static const orders_statement_t postpone_notice = {
    .name = "orders_postpone_notice",
    .text = "SELECT orders_v1.postpone_notice($1, $2, $3, $4)",
    .param_count = 4,
};
static const orders_statement_t finish_notice = {
    .name = "orders_finish_notice",
    .text = "SELECT orders_v1.finish_notice($1, $2, $3)",
    .param_count = 3,
};
static const orders_statement_t list_events = {
    .name = "orders_list_provider_events",
    .text = "SELECT * FROM orders_v1.list_provider_events($1, $2, $3, $4, $5, $6, $7)",
    .param_count = 7,
};
static const orders_statement_t list_order_events = {
    .name = "orders_list_order_provider_events",
    .text = "SELECT * FROM orders_v1.list_provider_events($1, $2, $3, $4,"
            " coalesce(orders_v1.order_id_of($1, $5), 0), $6, $7)",
    .param_count = 7,
};
static const orders_statement_t read_event = {
    .name = "orders_read_provider_event",
    .text = "SELECT * FROM orders_v1.read_provider_event($1, $2)",
    .param_count = 2,
};
static const orders_statement_t resolve_event = {
    .name = "orders_resolve_provider_event",
    .text = "SELECT * FROM orders_v1.resolve_provider_event(" ORDERS_WRITER_SQL ", $8, $9)",
    .param_count = 9,
};
static const orders_statement_t retry_event = {
    .name = "orders_retry_provider_event",
    .text = "SELECT * FROM orders_v1.retry_provider_event(" ORDERS_WRITER_SQL ", $8)",
    .param_count = 8,
};

#define T orders_stored_notice_t
static const orders_row_field_t stored_fields[] = {
    ORDERS_ROW_FIELD(T, TEXT, outcome), ORDERS_ROW_FIELD(T, INT8, notice),
    ORDERS_ROW_FIELD(T, BOOL, replayed), ORDERS_ROW_FIELD(T, TEXT, refusal),
    ORDERS_ROW_FIELD(T, TEXT, detail)};
static const orders_row_type_t stored_type = ORDERS_ROW_TYPE("notice", NULL, T, stored_fields);
#undef T

static orders_problem_t *store(const orders_reader_t *reader, const orders_statement_t *statement,
                               const orders_params_t *params, orders_stored_notice_t **stored)
{
    apr_array_header_t *rows;
    ORDERS_TRY(orders_store_work_rows(reader, statement, params, &stored_type, &rows));
    *stored = orders_first(rows);
    return *stored ? NULL : orders_problem(reader->pool, ORDERS_E_internal_error, NULL);
}

orders_problem_t *orders_notice_store(const orders_reader_t *reader,
                                      const orders_store_notice_t *notice,
                                      orders_stored_notice_t **stored)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_text(&params, notice->channel);
    orders_param_bytes(&params, notice->body_hash, HASH_SIZE);
    orders_param_text(&params, notice->raw_type);
    orders_param_text(&params, notice->resource_kind);
    orders_param_text(&params, notice->resource_id);
    orders_param_text(&params, notice->payment_key);
    orders_param_text(&params, notice->transaction_id);
    orders_param_int_or_null(&params, notice->for_tenant != 0, notice->for_tenant);
    orders_param_text(&params, notice->refusal);
    orders_param_text(&params, notice->detail);
    orders_param_int(&params, notice->lease);
    return store(reader, &store_notice, &params, stored);
}

orders_problem_t *orders_notice_store_unreadable(const orders_reader_t *reader,
                                                 const orders_store_notice_t *notice,
                                                 orders_stored_notice_t **stored)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_text(&params, notice->channel);
    orders_param_bytes(&params, notice->body_hash, HASH_SIZE);
    orders_param_text(&params, notice->refusal);
    orders_param_text(&params, notice->detail);
    return store(reader, &store_unreadable, &params, stored);
}

static orders_problem_t *execute(const orders_reader_t *reader, const orders_statement_t *statement,
                                 const orders_params_t *params)
{
    PGresult *result;
    return orders_database_execute(reader->database, reader->pool, statement, params,
                                   ORDERS_WRITE_KEYED, &result);
}

orders_problem_t *orders_notice_postpone(const orders_reader_t *reader, int64_t id,
                                         const char *detail, bool undecided)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_int(&params, id);
    orders_param_text(&params, detail);
    orders_param_bool(&params, undecided);
    return execute(reader, &postpone_notice, &params);
}

orders_problem_t *orders_notice_finish(const orders_reader_t *reader, int64_t id,
                                       const char *event_id)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_int(&params, id);
    orders_param_text(&params, event_id);
    return execute(reader, &finish_notice, &params);
}

orders_problem_t *orders_provider_event_list(const orders_reader_t *reader,
                                             const orders_provider_event_list_t *list,
                                             apr_array_header_t **events)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_text(&params, list->verdict);
    orders_param_text(&params, list->channel);
    orders_param_text(&params, list->resolved);
    orders_param_text(&params, list->order);
    orders_param_int(&params, list->size);
    orders_param_int_or_null(&params, list->before != 0, list->before);
    return orders_store_read(reader, list->order ? &list_order_events : &list_events, &params,
                             &orders_provider_event_type, events);
}

orders_problem_t *orders_provider_event_read(const orders_reader_t *reader, int64_t id,
                                             orders_provider_event_t **event)
{
    orders_params_t params;
    apr_array_header_t *rows;
    orders_reader_params(&params, reader);
    orders_param_int(&params, id);
    ORDERS_TRY(orders_store_read(reader, &read_event, &params, &orders_provider_event_type, &rows));
    *event = orders_first(rows);
    return NULL;
}

orders_problem_t *orders_provider_event_resolve(const orders_writer_t *writer, int64_t id,
                                                const char *comment,
                                                orders_written_provider_event_t **written)
{
    orders_params_t params;
    apr_array_header_t *rows;
    orders_writer_params(&params, writer);
    orders_param_int(&params, id);
    orders_param_text(&params, comment);
    ORDERS_TRY(orders_store_write_rows(writer, &resolve_event, &params,
                                       &orders_written_provider_event_type, &rows));
    *written = orders_first(rows);
    return NULL;
}

orders_problem_t *orders_provider_event_retry(const orders_writer_t *writer, int64_t id,
                                              orders_written_provider_event_t **written)
{
    orders_params_t params;
    apr_array_header_t *rows;
    orders_writer_params(&params, writer);
    orders_param_int(&params, id);
    ORDERS_TRY(orders_store_write_rows(writer, &retry_event, &params,
                                       &orders_written_provider_event_type, &rows));
    *written = orders_first(rows);
    return NULL;
}
