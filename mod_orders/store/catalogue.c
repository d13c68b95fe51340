/* SPDX-License-Identifier: Apache-2.0 */
#include "store/catalogue.h"

static const orders_statement_t upsert = {
    .name = "orders_catalogue_upsert",
    .text = "SELECT * FROM orders_v1.catalogue_upsert(" ORDERS_WRITER_SQL ", $8, $9, $10)",
    .param_count = 10,
};
static const orders_statement_t bulk = {
    .name = "orders_catalogue_bulk",
    .text = "SELECT * FROM orders_v1.catalogue_bulk(" ORDERS_WRITER_SQL ", $8)",
    .param_count = 8,
};

orders_problem_t *orders_catalogue_upsert(const orders_writer_t *writer,
                                          const orders_entry_t *entry, orders_answer_t **answer)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_text(&params, entry->kind);
    orders_param_text(&params, entry->ref);
    orders_param_text(&params, entry->document);
    return orders_store_write_again(writer, &upsert, &params, answer);
}

orders_problem_t *orders_catalogue_bulk(const orders_writer_t *writer, const char *const *lines,
                                        int count, orders_answer_t **answer)
{
    orders_params_t params;
    orders_writer_params(&params, writer);
    orders_param_array(&params, lines, count);
    return orders_store_write_again(writer, &bulk, &params, answer);
}
