/* SPDX-License-Identifier: Apache-2.0 */
#include "store/import.h"

static const orders_statement_t import = {
    .name = "orders_import",
    .text = "SELECT * FROM orders_v1.import_orders(" ORDERS_WRITER_SQL ", $8)",
    .param_count = 8,
    .repeatable = true,
};

orders_problem_t *orders_import(const orders_writer_t *writer, const char *const *lines, int count,
                                apr_array_header_t **results)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_array(&params, lines, count);
    return orders_store_write_rows(writer, &import, &params, &orders_stored_type, results);
}
