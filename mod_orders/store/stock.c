/* SPDX-License-Identifier: Apache-2.0 */
#include "store/stock.h"

#define FIELD(oid, member) ORDERS_ROW_FIELD(T, oid, member)

#define T orders_stock_t
static const orders_row_field_t stock_fields[] = {
    FIELD(INT8, id),           FIELD(TEXT, product),
    FIELD(TEXT, product_name), FIELD(TEXT, variant),
    FIELD(TEXT, number),       FIELD(TEXT, name),
    FIELD(BOOL, active),       FIELD(BOOL, counted),
    FIELD(INT4, on_hand),      FIELD(INT4, reserved),
    FIELD(INT4, available),    FIELD(INT4, stated),
    FIELD(INT4, version),      FIELD(TIMESTAMPTZ, updated_at),
};
const orders_row_type_t orders_stock_type = ORDERS_ROW_TYPE("stock_view", "id", T, stock_fields);
#undef T

#define T orders_movement_t
static const orders_row_field_t movement_fields[] = {
    FIELD(INT8, id),           FIELD(TEXT, kind),      FIELD(INT4, change),
    FIELD(INT4, on_hand),      FIELD(TEXT, reason),    FIELD(TEXT, comment),
    FIELD(TEXT, actor),        FIELD(INT8, actor_id),  FIELD(INT8, order_id),
    FIELD(TEXT, order_number), FIELD(INT8, return_id), FIELD(TIMESTAMPTZ, created_at),
};
const orders_row_type_t orders_movement_type =
    ORDERS_ROW_TYPE("movement_view", "id", T, movement_fields);
#undef T

#define T orders_written_stock_t
static const orders_row_field_t written_fields[] = {
    FIELD(TEXT, outcome),
    FIELD(INT8, id),
    FIELD(BOOL, replayed),
    ORDERS_ROW_RECORD(T, "stock", stock, &orders_stock_type),
    ORDERS_ROW_RECORD(T, "movement", movement, &orders_movement_type),
};
const orders_row_type_t orders_written_stock_type =
    ORDERS_ROW_TYPE("written_stock", NULL, T, written_fields);
#undef T

static const orders_statement_t list_stock = {
    .name = "orders_list_stock",
    .text = "SELECT * FROM orders_v1.list_stock($1, $2, $3, $4, $5, $6, $7, $8)",
    .param_count = 8,
};
static const orders_statement_t read_stock = {
    .name = "orders_read_stock",
    .text = "SELECT * FROM orders_v1.read_stock($1, orders_v1.variant_id_of($1, $2))",
    .param_count = 2,
};
static const orders_statement_t list_movements = {
    .name = "orders_list_movements",
    .text = "SELECT * FROM orders_v1.list_movements($1, orders_v1.variant_id_of($1, $2), $3, $4)",
    .param_count = 4,
};
static const orders_statement_t count_stock = {
    .name = "orders_count_stock",
    .text = "SELECT * FROM orders_v1.count_stock(" ORDERS_WRITER_SQL
            ", orders_v1.variant_id_of($1, $8), $9, $10, $11)",
    .param_count = 11,
};
static const orders_statement_t adjust_stock = {
    .name = "orders_adjust_stock",
    .text = "SELECT * FROM orders_v1.adjust_stock(" ORDERS_WRITER_SQL
            ", orders_v1.variant_id_of($1, $8), $9, $10, $11, $12)",
    .param_count = 12,
};

static void param_bool_or_null(orders_params_t *params, bool given, bool value)
{
    orders_param_text(params, given ? (value ? "true" : "false") : NULL);
}

orders_problem_t *orders_stock_list(const orders_reader_t *reader, const orders_stock_list_t *list,
                                    apr_array_header_t **rows)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_text(&params, list->product);
    orders_param_text(&params, list->variant);
    orders_param_text(&params, list->number);
    orders_param_int_or_null(&params, list->has_low, list->low);
    param_bool_or_null(&params, list->has_counted, list->counted);
    orders_param_int(&params, list->size);
    orders_param_int_or_null(&params, list->before_id != 0, list->before_id);
    return orders_store_read(reader, &list_stock, &params, &orders_stock_type, rows);
}

orders_problem_t *orders_stock_read(const orders_reader_t *reader, const char *variant,
                                    const orders_stock_t **stock)
{
    orders_params_t params;
    apr_array_header_t *rows;
    orders_reader_params(&params, reader);
    orders_param_text(&params, variant);
    ORDERS_TRY(orders_store_read(reader, &read_stock, &params, &orders_stock_type, &rows));
    *stock = orders_first(rows);
    return *stock ? NULL : orders_problem(reader->pool, ORDERS_E_not_found, NULL);
}

orders_problem_t *orders_movement_list(const orders_reader_t *reader, const char *variant, int size,
                                       int64_t before_id, apr_array_header_t **rows)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_text(&params, variant);
    orders_param_int(&params, size);
    orders_param_int_or_null(&params, before_id != 0, before_id);
    return orders_store_read(reader, &list_movements, &params, &orders_movement_type, rows);
}

static orders_problem_t *write_stock(const orders_writer_t *writer,
                                     const orders_statement_t *statement,
                                     const orders_params_t *params,
                                     orders_written_stock_t **written)
{
    apr_array_header_t *rows;
    ORDERS_TRY(
        orders_store_write_rows(writer, statement, params, &orders_written_stock_type, &rows));
    *written = orders_first(rows);
    return (*written)->stock && (*written)->movement
               ? NULL
               : orders_problem(writer->pool, ORDERS_E_internal_error, NULL);
}

orders_problem_t *orders_stock_count(const orders_writer_t *writer, const char *variant,
                                     const orders_count_stock_t *count,
                                     orders_written_stock_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, variant);
    orders_param_int(&params, count->on_hand);
    orders_param_text(&params, count->comment);
    orders_param_texts(&params, count->match);
    return write_stock(writer, &count_stock, &params, written);
}

orders_problem_t *orders_stock_adjust(const orders_writer_t *writer, const char *variant,
                                      const orders_adjust_stock_t *adjust,
                                      orders_written_stock_t **written)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, variant);
    orders_param_int(&params, adjust->by);
    orders_param_text(&params, adjust->reason);
    orders_param_text(&params, adjust->comment);
    orders_param_texts(&params, adjust->match);
    return write_stock(writer, &adjust_stock, &params, written);
}
