/* SPDX-License-Identifier: Apache-2.0 */
#include "store/reconciliation.h"

#include "core/time.h"

#define FIELD(oid, member) ORDERS_ROW_FIELD(T, oid, member)

#define T orders_reconciliation_sum_t
static const orders_row_field_t sum_fields[] = {
    FIELD(TEXT, currency),      FIELD(TEXT, kind),           FIELD(INT4, here_count),
    FIELD(INT8, here_amount),   FIELD(INT4, there_count),    FIELD(INT8, there_amount),
    FIELD(INT4, matched_count), FIELD(INT8, matched_amount),
};
const orders_row_type_t orders_reconciliation_sum_type =
    ORDERS_ROW_TYPE("reconciliation_sum_view", NULL, T, sum_fields);
#undef T

#define T orders_reconciliation_t
static const orders_row_field_t reconciliation_fields[] = {
    FIELD(INT8, id),
    FIELD(TEXT, channel),
    FIELD(TEXT, provider),
    FIELD(TEXT, source),
    FIELD(TEXT, state),
    FIELD(TIMESTAMPTZ, from_at),
    FIELD(TIMESTAMPTZ, to_at),
    FIELD(INT8, requested_by),
    FIELD(INT4, entries),
    FIELD(INT4, matched),
    FIELD(INT4, different),
    FIELD(INT4, unsettled),
    FIELD(INT4, ignored),
    FIELD(INT4, transactions),
    FIELD(INT4, missing_there),
    FIELD(INT4, open),
    FIELD(TEXT, error_code),
    FIELD(TEXT, error_message),
    FIELD(TIMESTAMPTZ, created_at),
    FIELD(TIMESTAMPTZ, finished_at),
    ORDERS_ROW_ARRAY(T, "sums", sums, &orders_reconciliation_sum_type),
};
const orders_row_type_t orders_reconciliation_type =
    ORDERS_ROW_TYPE("reconciliation_view", "id", T, reconciliation_fields);
#undef T

#define T orders_difference_t
static const orders_row_field_t difference_fields[] = {
    FIELD(INT8, id),
    FIELD(INT8, reconciliation_id),
    FIELD(TEXT, channel),
    FIELD(TEXT, kind),
    FIELD(TEXT, transaction_id),
    FIELD(INT8, order_id),
    FIELD(TEXT, order_number),
    FIELD(INT8, payment_id),
    FIELD(INT8, refund_id),
    FIELD(TEXT, there_kind),
    FIELD(INT8, there_amount),
    FIELD(TEXT, there_currency),
    FIELD(TIMESTAMPTZ, occurred_at),
    FIELD(TEXT, payment_key),
    FIELD(TEXT, intent_id),
    FIELD(TEXT, capture_id),
    FIELD(TEXT, here_kind),
    FIELD(INT8, here_amount),
    FIELD(TEXT, here_currency),
    FIELD(TIMESTAMPTZ, recorded_at),
    FIELD(BOOL, applicable),
    FIELD(TEXT, state),
    FIELD(TEXT, resolution),
    FIELD(TIMESTAMPTZ, resolved_at),
    FIELD(INT8, resolved_by),
    FIELD(TEXT, comment),
    FIELD(TIMESTAMPTZ, created_at),
};
const orders_row_type_t orders_difference_type =
    ORDERS_ROW_TYPE("difference_view", "id", T, difference_fields);
#undef T

#define T orders_written_reconciliation_t
static const orders_row_field_t written_reconciliation_fields[] = {
    FIELD(TEXT, outcome),
    FIELD(INT8, id),
    FIELD(BOOL, replayed),
    ORDERS_ROW_RECORD(T, "reconciliation", reconciliation, &orders_reconciliation_type),
};
const orders_row_type_t orders_written_reconciliation_type =
    ORDERS_ROW_TYPE("written_reconciliation", NULL, T, written_reconciliation_fields);
#undef T

#define T orders_written_difference_t
static const orders_row_field_t written_difference_fields[] = {
    FIELD(TEXT, outcome),
    FIELD(INT8, id),
    FIELD(BOOL, replayed),
    ORDERS_ROW_RECORD(T, "difference", difference, &orders_difference_type),
};
const orders_row_type_t orders_written_difference_type =
    ORDERS_ROW_TYPE("written_difference", NULL, T, written_difference_fields);
#undef T

static const orders_statement_t start_reconciliation = {
    .name = "orders_start_reconciliation",
    .text = "SELECT * FROM orders_v1.start_reconciliation(" ORDERS_WRITER_SQL ", $8, $9, $10, $11)",
    .param_count = 11,
};
static const orders_statement_t read_reconciliation = {
    .name = "orders_read_reconciliation",
    .text = "SELECT * FROM orders_v1.read_reconciliation($1, $2)",
    .param_count = 2,
};
static const orders_statement_t list_reconciliations = {
    .name = "orders_list_reconciliations",
    .text = "SELECT * FROM orders_v1.list_reconciliations($1, $2, $3, $4, $5)",
    .param_count = 5,
};
static const orders_statement_t list_differences = {
    .name = "orders_list_differences",
    .text = "SELECT * FROM orders_v1.list_differences($1, $2, $3, $4, $5, $6, $7)",
    .param_count = 7,
};
static const orders_statement_t apply_difference = {
    .name = "orders_apply_difference",
    .text = "SELECT * FROM orders_v1.apply_difference(" ORDERS_WRITER_SQL ", $8)",
    .param_count = 8,
    .repeatable = true,
};
static const orders_statement_t resolve_difference = {
    .name = "orders_resolve_difference",
    .text = "SELECT * FROM orders_v1.resolve_difference(" ORDERS_WRITER_SQL ", $8, $9)",
    .param_count = 9,
    .repeatable = true,
};

orders_problem_t *orders_reconciliation_start(const orders_writer_t *writer,
                                              const orders_start_reconciliation_t *start,
                                              orders_written_reconciliation_t **written)
{
    orders_params_t params;
    apr_array_header_t *rows;
    orders_writer_params(&params, writer);
    orders_param_text(&params, start->channel);
    orders_param_text(&params, orders_time_text(writer->pool, start->from, true));
    orders_param_text(&params, orders_time_text(writer->pool, start->to, true));
    orders_param_text(&params, start->entries);
    ORDERS_TRY(orders_store_write_rows(writer, &start_reconciliation, &params,
                                       &orders_written_reconciliation_type, &rows));
    *written = orders_first(rows);
    return NULL;
}

orders_problem_t *orders_reconciliation_read(const orders_reader_t *reader, int64_t id,
                                             const orders_reconciliation_t **reconciliation)
{
    orders_params_t params;
    apr_array_header_t *rows;
    orders_reader_params(&params, reader);
    orders_param_int(&params, id);
    ORDERS_TRY(orders_store_read(reader, &read_reconciliation, &params, &orders_reconciliation_type,
                                 &rows));
    *reconciliation = orders_first(rows);
    return *reconciliation ? NULL : orders_problem(reader->pool, ORDERS_E_not_found, NULL);
}

orders_problem_t *orders_reconciliation_list(const orders_reader_t *reader,
                                             const orders_reconciliation_list_t *list,
                                             apr_array_header_t **rows)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_text(&params, list->channel);
    orders_param_text(&params, list->state);
    orders_param_int(&params, list->size);
    orders_param_int_or_null(&params, list->before_id != 0, list->before_id);
    return orders_store_read(reader, &list_reconciliations, &params, &orders_reconciliation_type,
                             rows);
}

orders_problem_t *orders_difference_list(const orders_reader_t *reader,
                                         const orders_reconciliation_list_t *list,
                                         apr_array_header_t **rows)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_int_or_null(&params, list->reconciliation_id != 0, list->reconciliation_id);
    orders_param_text(&params, list->channel);
    orders_param_text(&params, list->state);
    orders_param_text(&params, list->kind);
    orders_param_int(&params, list->size);
    orders_param_int_or_null(&params, list->before_id != 0, list->before_id);
    return orders_store_read(reader, &list_differences, &params, &orders_difference_type, rows);
}

static orders_problem_t *write_difference(const orders_writer_t *writer,
                                          const orders_statement_t *statement,
                                          const orders_params_t *params,
                                          orders_written_difference_t **written)
{
    apr_array_header_t *rows;
    ORDERS_TRY(
        orders_store_write_rows(writer, statement, params, &orders_written_difference_type, &rows));
    *written = orders_first(rows);
    return NULL;
}

orders_problem_t *orders_difference_apply(const orders_writer_t *writer, int64_t id,
                                          orders_written_difference_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_int(&params, id);
    return write_difference(writer, &apply_difference, &params, written);
}

orders_problem_t *orders_difference_resolve(const orders_writer_t *writer, int64_t id,
                                            const char *comment,
                                            orders_written_difference_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_int(&params, id);
    orders_param_text(&params, comment);
    return write_difference(writer, &resolve_difference, &params, written);
}
