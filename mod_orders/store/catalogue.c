/* SPDX-License-Identifier: Apache-2.0 */
#include "store/catalogue.h"

static const orders_statement_t upsert = {
    .name = "orders_catalogue_upsert",
    .text = "SELECT * FROM orders_v1.catalogue_upsert(" ORDERS_WRITER_SQL ", $8, $9, $10)",
    .param_count = 10,
    .repeatable = true,
};
static const orders_statement_t bulk = {
    .name = "orders_catalogue_bulk",
    .text = "SELECT * FROM orders_v1.catalogue_bulk(" ORDERS_WRITER_SQL ", $8)",
    .param_count = 8,
    .repeatable = true,
};

orders_problem_t *orders_catalogue_upsert(const orders_writer_t *writer,
                                          const orders_entry_t *entry, orders_stored_t **stored)
{
    orders_params_t params;
    apr_array_header_t *rows;
    orders_writer_params(&params, writer);
    orders_param_text(&params, entry->kind);
    orders_param_text(&params, entry->ref);
    orders_param_text(&params, entry->document);
    ORDERS_TRY(orders_store_write_rows(writer, &upsert, &params, &orders_stored_type, &rows));
    *stored = orders_first(rows);
    return NULL;
}

orders_problem_t *orders_catalogue_bulk(const orders_writer_t *writer, const char *const *lines,
                                        int count, apr_array_header_t **results)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_array(&params, lines, count);
    return orders_store_write_rows(writer, &bulk, &params, &orders_stored_type, results);
}
