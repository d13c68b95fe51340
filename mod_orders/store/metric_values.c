/* SPDX-License-Identifier: Apache-2.0 */
#include "store/metric_values.h"

#include <string.h>

#include "store/rows.h"

static const orders_statement_t read_values = {
    .name = "orders_metric_values",
    .text = "SELECT family, label, channel, sum(value)::bigint AS total, max(value) AS largest"
            " FROM orders_v1.metric_values($1) GROUP BY family, label, channel",
    .param_count = 1,
};

#define T orders_metric_value_t
static const orders_row_field_t value_fields[] = {
    ORDERS_ROW_FIELD(T, TEXT, family), ORDERS_ROW_FIELD(T, TEXT, label),
    ORDERS_ROW_FIELD(T, TEXT, channel), ORDERS_ROW_FIELD(T, INT8, total),
    ORDERS_ROW_FIELD(T, INT8, largest)};
static const orders_row_type_t value_type =
    ORDERS_ROW_TYPE("metric_value", "family", T, value_fields);
#undef T

orders_problem_t *orders_metric_values_read(const orders_reader_t *reader, int64_t *after,
                                            apr_array_header_t **values)
{
    orders_params_t params;
    PGresult *result;

    orders_params_init(&params, reader->pool);
    orders_param_int_or_null(&params, *after > 0, *after);
    ORDERS_TRY(orders_database_execute(reader->database, reader->pool, &read_values, &params,
                                       ORDERS_READ, &result));
    ORDERS_TRY(orders_rows_read(reader->pool, result, &value_type, values));
    *after = 0;
    for (int i = 0; i < (*values)->nelts; i++) {
        const orders_metric_value_t *value = &APR_ARRAY_IDX(*values, i, orders_metric_value_t);

        if (!strcmp(value->family, "next")) {
            *after = value->total;
        }
    }
    return NULL;
}
