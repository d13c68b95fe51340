/* SPDX-License-Identifier: Apache-2.0 */
#include "store/entry.h"

#define FIELD(oid, member) ORDERS_ROW_FIELD(T, oid, member)

#define T orders_entry_view_t
static const orders_row_field_t entry_view_fields[] = {
    FIELD(INT8, id),
    FIELD(TEXT, kind),
    FIELD(TEXT, ref),
    FIELD(JSONB, document),
    FIELD(TEXT, tag),
    FIELD(TIMESTAMPTZ, created_at),
    FIELD(TIMESTAMPTZ, updated_at),
};
const orders_row_type_t orders_entry_view_type =
    ORDERS_ROW_TYPE("entry_view", "id", T, entry_view_fields);
#undef T

#define T orders_written_entry_t
static const orders_row_field_t written_entry_fields[] = {
    FIELD(TEXT, outcome),
    FIELD(INT8, id),
    FIELD(BOOL, replayed),
    ORDERS_ROW_RECORD(T, "entry", entry, &orders_entry_view_type),
};
const orders_row_type_t orders_written_entry_type =
    ORDERS_ROW_TYPE("written_entry", NULL, T, written_entry_fields);
#undef T

static const orders_statement_t read_entry = {
    .name = "orders_read_entry",
    .text = "SELECT * FROM orders_v1.read_entry($1, $2, $3)",
    .param_count = 3,
};
static const orders_statement_t list_entries = {
    .name = "orders_list_entries",
    .text = "SELECT * FROM orders_v1.list_entries($1, $2, $3, $4, $5)",
    .param_count = 5,
};
static const orders_statement_t patch_entry = {
    .name = "orders_catalogue_patch",
    .text = "SELECT * FROM orders_v1.catalogue_patch(" ORDERS_WRITER_SQL ", $8, $9, $10, $11)",
    .param_count = 11,
};
static const orders_statement_t replace_entry = {
    .name = "orders_catalogue_replace",
    .text =
        "SELECT * FROM orders_v1.catalogue_replace(" ORDERS_WRITER_SQL ", $8, $9, $10, $11, $12)",
    .param_count = 12,
};

orders_problem_t *orders_entry_read(const orders_reader_t *reader, const char *kind,
                                    const char *ref, const orders_entry_view_t **entry)
{
    orders_params_t params;
    apr_array_header_t *rows;
    orders_reader_params(&params, reader);
    orders_param_text(&params, kind);
    orders_param_text(&params, ref);
    ORDERS_TRY(orders_store_read(reader, &read_entry, &params, &orders_entry_view_type, &rows));
    *entry = orders_first(rows);
    return NULL;
}

orders_problem_t *orders_entry_list(const orders_reader_t *reader, const char *kind,
                                    const char *filters, int limit, int64_t before,
                                    apr_array_header_t **rows)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_text(&params, kind);
    orders_param_text(&params, filters);
    orders_param_int(&params, limit);
    orders_param_int_or_null(&params, before != 0, before);
    return orders_store_read(reader, &list_entries, &params, &orders_entry_view_type, rows);
}

static void entry_params(orders_params_t *params, const orders_writer_t *writer,
                         const orders_entry_t *entry, const apr_array_header_t *match)
{
    orders_writer_params(params, writer);
    orders_param_text(params, entry->kind);
    orders_param_text(params, entry->ref);
    orders_param_text(params, entry->document);
    orders_param_texts(params, match);
}

orders_problem_t *orders_entry_patch(const orders_writer_t *writer, const orders_entry_t *patch,
                                     const apr_array_header_t *match,
                                     const orders_written_entry_t **written)
{
    orders_params_t params;
    apr_array_header_t *rows;
    entry_params(&params, writer, patch, match);
    ORDERS_TRY(
        orders_store_write_rows(writer, &patch_entry, &params, &orders_written_entry_type, &rows));
    *written = orders_first(rows);
    return NULL;
}

orders_problem_t *orders_entry_replace(const orders_writer_t *writer, const orders_entry_t *entry,
                                       const apr_array_header_t *match, bool exists,
                                       orders_stored_t **stored)
{
    orders_params_t params;
    apr_array_header_t *rows;
    entry_params(&params, writer, entry, match);
    orders_param_bool(&params, exists);
    ORDERS_TRY(
        orders_store_write_rows(writer, &replace_entry, &params, &orders_stored_type, &rows));
    *stored = orders_first(rows);
    return NULL;
}
