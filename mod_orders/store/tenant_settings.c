/* SPDX-License-Identifier: Apache-2.0 */
#include "store/tenant_settings.h"

#define FIELD(oid, member) ORDERS_ROW_FIELD(T, oid, member)

#define T orders_tenant_settings_t
static const orders_row_field_t settings_fields[] = {
    FIELD(INT8, id),          FIELD(INT4, version),           FIELD(TEXT, name),
    FIELD(JSONB, address),    FIELD(TEXT, tax_number),        FIELD(TEXT, email),
    FIELD(TEXT, phone),       FIELD(TEXT, currency),          FIELD(BOOL, tax_inclusive),
    FIELD(TEXT, bill_series), FIELD(TEXT, invoice_series),    FIELD(TEXT, time_zone),
    FIELD(JSONB, metadata),   FIELD(TIMESTAMPTZ, created_at), FIELD(TIMESTAMPTZ, updated_at),
};
const orders_row_type_t orders_tenant_settings_type =
    ORDERS_ROW_TYPE("settings_view", "id", T, settings_fields);
#undef T

#define T orders_written_settings_t
static const orders_row_field_t written_fields[] = {
    FIELD(TEXT, outcome),
    FIELD(INT8, id),
    FIELD(BOOL, replayed),
    ORDERS_ROW_RECORD(T, "settings", settings, &orders_tenant_settings_type),
};
const orders_row_type_t orders_written_settings_type =
    ORDERS_ROW_TYPE("written_settings", NULL, T, written_fields);
#undef T

static const orders_statement_t read_settings = {
    .name = "orders_read_settings",
    .text = "SELECT * FROM orders_v1.read_settings($1)",
    .param_count = 1,
};
static const orders_statement_t change_settings = {
    .name = "orders_change_settings",
    .text = "SELECT * FROM orders_v1.change_settings(" ORDERS_WRITER_SQL ", $8, $9)",
    .param_count = 9,
};

orders_problem_t *orders_tenant_settings_read(const orders_reader_t *reader,
                                              const orders_tenant_settings_t **settings)
{
    orders_params_t params;
    apr_array_header_t *rows;
    orders_reader_params(&params, reader);
    ORDERS_TRY(
        orders_store_read(reader, &read_settings, &params, &orders_tenant_settings_type, &rows));
    *settings = orders_first(rows);
    return *settings ? NULL : orders_problem(reader->pool, ORDERS_E_not_found, NULL);
}

orders_problem_t *orders_tenant_settings_change(const orders_writer_t *writer,
                                                const apr_array_header_t *match,
                                                const char *changes,
                                                orders_written_settings_t **written)
{
    orders_params_t params;
    apr_array_header_t *rows;
    orders_writer_params(&params, writer);
    orders_param_texts(&params, match);
    orders_param_text(&params, changes);
    ORDERS_TRY(orders_store_write_rows(writer, &change_settings, &params,
                                       &orders_written_settings_type, &rows));
    *written = orders_first(rows);
    return NULL;
}
