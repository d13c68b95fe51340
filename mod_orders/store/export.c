/* SPDX-License-Identifier: Apache-2.0 */
#include "store/export.h"

#include <apr_strings.h>

#include "core/time.h"

#define FIELD(oid, member) ORDERS_ROW_FIELD(T, oid, member)

#define T orders_export_t
static const orders_row_field_t export_fields[] = {
    FIELD(INT8, id),
    FIELD(UUID, public_id),
    FIELD(TEXT, kind),
    FIELD(TEXT, format),
    FIELD(TEXT, state),
    FIELD(TIMESTAMPTZ, from_at),
    FIELD(TIMESTAMPTZ, to_at),
    FIELD(INT8, requested_by),
    FIELD(INT4, attempt),
    FIELD(INT8, rows),
    FIELD(INT8, bytes),
    FIELD(TEXT, sha256),
    FIELD(TEXT, error_code),
    FIELD(TEXT, error_message),
    FIELD(TIMESTAMPTZ, created_at),
    FIELD(TIMESTAMPTZ, started_at),
    FIELD(TIMESTAMPTZ, snapshot_at),
    FIELD(TIMESTAMPTZ, finished_at),
    FIELD(TIMESTAMPTZ, expires_at),
};
const orders_row_type_t orders_export_type = ORDERS_ROW_TYPE("export_view", "id", T, export_fields);
#undef T

#define T orders_written_export_t
static const orders_row_field_t written_export_fields[] = {
    FIELD(TEXT, outcome),
    FIELD(INT8, id),
    FIELD(BOOL, replayed),
    ORDERS_ROW_RECORD(T, "export", export, &orders_export_type),
};
const orders_row_type_t orders_written_export_type =
    ORDERS_ROW_TYPE("written_export", NULL, T, written_export_fields);
#undef T

#define T orders_export_task_t
static const orders_row_field_t task_fields[] = {
    FIELD(INT8, id),      FIELD(UUID, public_id),      FIELD(TEXT, kind),
    FIELD(TEXT, format),  FIELD(TIMESTAMPTZ, from_at), FIELD(TIMESTAMPTZ, to_at),
    FIELD(INT4, attempt),
};
const orders_row_type_t orders_export_task_type =
    ORDERS_ROW_TYPE("export_task", "id", T, task_fields);
#undef T

#define T orders_export_file_t
static const orders_row_field_t file_fields[] = {
    FIELD(UUID, export),
    FIELD(INT4, attempt),
    FIELD(BOOL, needed),
};
const orders_row_type_t orders_export_file_type =
    ORDERS_ROW_TYPE("export_file", "export", T, file_fields);
#undef T

static const orders_statement_t create_export = {
    .name = "orders_create_export",
    .text = "SELECT * FROM orders_v1.create_export(" ORDERS_WRITER_SQL ", $8, $9, $10, $11)",
    .param_count = 11,
};
static const orders_statement_t read_export = {
    .name = "orders_read_export",
    .text = "SELECT * FROM orders_v1.read_export($1, $2)",
    .param_count = 2,
};
static const orders_statement_t delete_export = {
    .name = "orders_delete_export",
    .text = "SELECT * FROM orders_v1.delete_export(" ORDERS_WRITER_SQL ", $8)",
    .param_count = 8,
};
static const orders_statement_t list_exports = {
    .name = "orders_list_exports",
    .text = "SELECT * FROM orders_v1.list_exports($1, $2, $3, $4, $5)",
    .param_count = 5,
};
static const orders_statement_t claim_export = {
    .name = "orders_claim_export",
    .text = "SELECT id, public_id, kind, format, from_at, to_at, attempt"
            " FROM orders_v1.claim_export($1, $2)",
    .param_count = 2,
};
static const orders_statement_t renew_export = {
    .name = "orders_renew_export",
    .text = "SELECT orders_v1.renew_export($1, $2, $3, $4, $5, $6)",
    .param_count = 6,
};
static const orders_statement_t finish_export = {
    .name = "orders_finish_export",
    .text = "SELECT orders_v1.finish_export($1, $2, $3, $4, $5, $6, $7, make_interval(days => "
            "$8::integer))",
    .param_count = 8,
};
static const orders_statement_t fail_export = {
    .name = "orders_fail_export",
    .text = "SELECT orders_v1.fail_export($1, $2, $3, $4, $5) = 'failed'",
    .param_count = 5,
};
static const orders_statement_t expire_exports = {
    .name = "orders_expire_exports",
    .text = "SELECT orders_v1.expire_exports($1)",
    .param_count = 1,
};
static const orders_statement_t find_export_files = {
    .name = "orders_find_export_files",
    .text = "SELECT export, attempt, needed FROM orders_v1.find_export_files($1, $2, $3)",
    .param_count = 3,
};

static const char *bound_text(apr_pool_t *pool, apr_time_t bound)
{
    return bound ? orders_time_text(pool, bound, true) : NULL;
}

orders_problem_t *orders_export_create(const orders_writer_t *writer,
                                       const orders_create_export_t *create,
                                       orders_written_export_t **written)
{
    orders_params_t params;
    apr_array_header_t *rows;
    orders_writer_params(&params, writer);
    orders_param_text(&params, create->kind);
    orders_param_text(&params, create->format);
    orders_param_text(&params, bound_text(writer->pool, create->from));
    orders_param_text(&params, bound_text(writer->pool, create->to));
    ORDERS_TRY(orders_store_write_rows(writer, &create_export, &params, &orders_written_export_type,
                                       &rows));
    *written = orders_first(rows);
    return NULL;
}

orders_problem_t *orders_export_read(const orders_reader_t *reader, const char *export,
                                     const orders_export_t **found)
{
    orders_params_t params;
    apr_array_header_t *rows;
    orders_reader_params(&params, reader);
    orders_param_text(&params, export);
    ORDERS_TRY(orders_store_read(reader, &read_export, &params, &orders_export_type, &rows));
    *found = orders_first(rows);
    return *found ? NULL : orders_problem(reader->pool, ORDERS_E_not_found, NULL);
}

orders_problem_t *orders_export_delete(const orders_writer_t *writer, const char *export,
                                       orders_written_export_t **written)
{
    orders_params_t params;
    apr_array_header_t *rows;
    orders_writer_params(&params, writer);
    orders_param_text(&params, export);
    ORDERS_TRY(orders_store_write_rows(writer, &delete_export, &params, &orders_written_export_type,
                                       &rows));
    *written = orders_first(rows);
    return NULL;
}

orders_problem_t *orders_export_list(const orders_reader_t *reader,
                                     const orders_export_list_t *list, apr_array_header_t **rows)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_text(&params, list->kind);
    orders_param_text(&params, list->state);
    orders_param_int(&params, list->size);
    orders_param_int_or_null(&params, list->before_id != 0, list->before_id);
    return orders_store_read(reader, &list_exports, &params, &orders_export_type, rows);
}

void orders_export_write_name(char name[ORDERS_EXPORT_NAME_SIZE], int32_t tenant,
                              const unsigned char *public_id, int64_t attempt, const char *format)
{
    const unsigned char *b = public_id;
    (void)apr_snprintf(name, ORDERS_EXPORT_NAME_SIZE,
                       "%d-%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x-%d"
                       ".%s",
                       (int)tenant, b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9],
                       b[10], b[11], b[12], b[13], b[14], b[15], (int)attempt, format);
}

orders_problem_t *orders_export_claim(const orders_reader_t *reader, int lease,
                                      orders_export_task_t **task)
{
    orders_params_t params;
    PGresult *result;
    void *row;
    orders_reader_params(&params, reader);
    orders_param_int(&params, lease);
    ORDERS_TRY(orders_database_execute(
        reader->database, reader->pool, &claim_export, &params, ORDERS_WRITE,
        &result)); /* not repeated: if the result of a claim is lost, the claim expires with its lease */
    ORDERS_TRY(orders_rows_read_first(reader->pool, result, &orders_export_task_type, &row));
    *task = row;
    return NULL;
}

static void task_params(orders_params_t *params, const orders_reader_t *reader,
                        const orders_export_task_t *task)
{
    orders_reader_params(params, reader);
    orders_param_int(params, task->id);
    orders_param_int(params, task->attempt);
}

/* Executes a function that returns a boolean. */
static orders_problem_t *execute(const orders_reader_t *reader, const orders_statement_t *statement,
                                 const orders_params_t *params, bool *value)
{
    PGresult *result;
    ORDERS_TRY(orders_database_execute(reader->database, reader->pool, statement, params,
                                       ORDERS_WRITE_KEYED, &result));
    *value = PQntuples(result) && !PQgetisnull(result, 0, 0) && *PQgetvalue(result, 0, 0);
    return NULL;
}

orders_problem_t *orders_export_renew(const orders_reader_t *reader,
                                      const orders_export_task_t *task, int lease,
                                      const orders_export_progress_t *progress, bool *owned)
{
    orders_params_t params;
    task_params(&params, reader, task);
    orders_param_int(&params, lease);
    orders_param_int(&params, progress->rows);
    orders_param_int(&params, progress->bytes);
    return execute(reader, &renew_export, &params, owned);
}

orders_problem_t *orders_export_finish(const orders_reader_t *reader,
                                       const orders_export_task_t *task,
                                       const orders_export_progress_t *progress, int kept_days,
                                       bool *owned)
{
    orders_params_t params;
    task_params(&params, reader, task);
    orders_param_int(&params, progress->rows);
    orders_param_int(&params, progress->bytes);
    orders_param_text(&params, progress->sha256);
    orders_param_text(&params, orders_time_text(reader->pool, progress->snapshot_at, true));
    orders_param_int(&params, kept_days);
    return execute(reader, &finish_export, &params, owned);
}

orders_problem_t *orders_export_fail(const orders_reader_t *reader,
                                     const orders_export_task_t *task, const char *code,
                                     const char *message, bool *final)
{
    orders_params_t params;
    task_params(&params, reader, task);
    orders_param_text(&params, code);
    orders_param_text(&params, message);
    return execute(reader, &fail_export, &params, final);
}

orders_problem_t *orders_export_expire(const orders_reader_t *reader, int64_t *count)
{
    orders_params_t params;
    PGresult *result;
    orders_reader_params(&params, reader);
    ORDERS_TRY(orders_database_execute(reader->database, reader->pool, &expire_exports, &params,
                                       ORDERS_WRITE_KEYED, &result));
    *count = PQntuples(result) ? orders_result_int(result, 0, 0) : 0;
    return NULL;
}

static const char *uuid_text(apr_pool_t *pool, const unsigned char *uuid)
{
    char *text = apr_palloc(pool, 33);
    for (int i = 0; i < 16; i++) {
        (void)apr_snprintf(text + 2 * i, 3, "%02x", uuid[i]);
    }
    return text;
}

orders_problem_t *orders_export_find_files(const orders_reader_t *reader,
                                           const apr_array_header_t *files,
                                           apr_array_header_t **found)
{
    const char **uuids = apr_palloc(reader->pool, ((size_t)files->nelts + 1) * sizeof *uuids);
    const char **attempts = apr_palloc(reader->pool, ((size_t)files->nelts + 1) * sizeof *attempts);
    orders_params_t params;
    for (int i = 0; i < files->nelts; i++) {
        const orders_export_file_t *file = &APR_ARRAY_IDX(files, i, orders_export_file_t);
        uuids[i] = uuid_text(reader->pool, file->export);
        attempts[i] = apr_itoa(reader->pool, (int)file->attempt);
    }
    orders_reader_params(&params, reader);
    orders_param_array(&params, uuids, files->nelts);
    orders_param_array(&params, attempts, files->nelts);
    return orders_store_read(reader, &find_export_files, &params, &orders_export_file_type, found);
}
