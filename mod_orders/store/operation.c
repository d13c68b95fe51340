/* SPDX-License-Identifier: Apache-2.0 */
#include "store/operation.h"

#include <apr_strings.h>
#include <string.h>

#define FINGERPRINT_SIZE 32

void orders_reader_params(orders_params_t *params, const orders_reader_t *reader)
{
    orders_params_init(params, reader->pool);
    orders_param_int(params, reader->tenant);
}

void orders_writer_params(orders_params_t *params, const orders_writer_t *writer)
{
    orders_params_init(params, writer->pool);
    orders_param_int(params, writer->tenant);
    orders_param_text(params, writer->api);
    orders_param_text(params, writer->actor);
    orders_param_int_or_null(params, writer->actor_id != 0, writer->actor_id);
    orders_param_text(params, writer->route);
    orders_param_text(params, writer->key);
    orders_param_bytes(params, writer->key ? writer->fingerprint : NULL, FINGERPRINT_SIZE);
}

/* Writes a quoted element and returns the end of it. */
static char *quote(char *out, const char *element)
{
    *out++ = '"';
    for (; *element; element++) {
        if (*element == '"' || *element == '\\') {
            *out++ = '\\';
        }
        *out++ = *element;
    }
    *out++ = '"';
    return out;
}

void orders_param_array(orders_params_t *params, const char *const *elements, int count)
{
    apr_size_t size = 3;
    for (int i = 0; i < count; i++) {
        size += 2 * strlen(elements[i]) + 3;
    }
    char *text = apr_palloc(params->pool, size);
    char *out = text;
    *out++ = '{';
    for (int i = 0; i < count; i++) {
        if (i > 0) {
            *out++ = ',';
        }
        out = quote(out, elements[i]);
    }
    *out++ = '}';
    *out = '\0';
    orders_param_text(params, text);
}

void orders_param_texts(orders_params_t *params, const apr_array_header_t *texts)
{
    if (texts) {
        orders_param_array(params, (const char *const *)(void *)texts->elts, texts->nelts);
    } else {
        orders_param_text(params, NULL);
    }
}

void orders_param_bool(orders_params_t *params, bool value)
{
    orders_param_text(params, value ? "true" : "false");
}

orders_problem_t *orders_store_read(const orders_reader_t *reader,
                                    const orders_statement_t *statement,
                                    const orders_params_t *params, const orders_row_type_t *type,
                                    apr_array_header_t **rows)
{
    PGresult *result;
    ORDERS_TRY(orders_database_execute(reader->database, reader->pool, statement, params,
                                       ORDERS_READ, &result));
    return orders_rows_read(reader->pool, result, type, rows);
}

orders_problem_t *orders_store_read_order(const orders_reader_t *reader,
                                          const orders_statement_t *statement,
                                          const orders_params_t *params, orders_order_t **order)
{
    apr_array_header_t *rows;
    ORDERS_TRY(orders_store_read(reader, statement, params, &orders_order_type, &rows));
    *order = orders_first(rows);
    return *order ? NULL : orders_problem(reader->pool, ORDERS_E_not_found, NULL);
}

static orders_problem_t *no_row(apr_pool_t *pool, const orders_statement_t *statement)
{
    return orders_problem_logged(pool, ORDERS_E_internal_error,
                                 apr_pstrcat(pool, statement->name, " has returned no row", NULL));
}

orders_problem_t *orders_store_read_list(const orders_reader_t *reader,
                                         const orders_statement_t *statement,
                                         const orders_params_t *params, orders_order_list_t **list)
{
    PGresult *result;
    void *row;
    ORDERS_TRY(orders_database_execute(reader->database, reader->pool, statement, params,
                                       ORDERS_READ, &result));
    ORDERS_TRY(orders_rows_read_first(reader->pool, result, &orders_order_list_type, &row));
    *list = row ? row : apr_pcalloc(reader->pool, sizeof(**list));
    return orders_rows_read(reader->pool, result, &orders_order_type, &(*list)->orders);
}

/* The database reports a refused key as a field. A key from a header is not a field of the request. */
static orders_problem_t *about_header(const orders_writer_t *writer, orders_problem_t *problem)
{
    if (writer->key_in_header && (problem->error == ORDERS_E_idempotency_key_reused ||
                                  problem->error == ORDERS_E_idempotency_in_flight)) {
        problem->fields = NULL;
    }
    return problem;
}

static orders_problem_t *write_as(const orders_writer_t *writer,
                                  const orders_statement_t *statement,
                                  const orders_params_t *params, PGresult **result)
{
    orders_intent_e intent =
        writer->key || statement->repeatable ? ORDERS_WRITE_KEYED : ORDERS_WRITE;
    orders_problem_t *problem =
        orders_database_execute(writer->database, writer->pool, statement, params, intent, result);
    return problem ? about_header(writer, problem) : NULL;
}

static orders_problem_t *read_written(apr_pool_t *pool, const orders_statement_t *statement,
                                      const PGresult *result, orders_written_t **written)
{
    apr_array_header_t *orders;
    void *row;
    ORDERS_TRY(orders_rows_read_first(pool, result, &orders_written_type, &row));
    ORDERS_TRY(orders_rows_read(pool, result, &orders_order_type, &orders));
    if (!row) {
        return no_row(pool, statement);
    }
    *written = row;
    (*written)->order = orders_first(orders);
    return NULL;
}

orders_problem_t *orders_store_write(const orders_writer_t *writer,
                                     const orders_statement_t *statement,
                                     const orders_params_t *params, orders_written_t **written)
{
    PGresult *result;
    ORDERS_TRY(write_as(writer, statement, params, &result));
    return read_written(writer->pool, statement, result, written);
}

orders_problem_t *orders_store_write_rows(const orders_writer_t *writer,
                                          const orders_statement_t *statement,
                                          const orders_params_t *params,
                                          const orders_row_type_t *type, apr_array_header_t **rows)
{
    PGresult *result;
    ORDERS_TRY(write_as(writer, statement, params, &result));
    ORDERS_TRY(orders_rows_read(writer->pool, result, type, rows));
    return (*rows)->nelts ? NULL : no_row(writer->pool, statement);
}

orders_problem_t *orders_store_work(const orders_reader_t *reader,
                                    const orders_statement_t *statement,
                                    const orders_params_t *params, orders_written_t **written)
{
    PGresult *result;
    ORDERS_TRY(orders_database_execute(reader->database, reader->pool, statement, params,
                                       ORDERS_WRITE_KEYED, &result));
    return read_written(reader->pool, statement, result, written);
}

orders_problem_t *orders_store_work_rows(const orders_reader_t *reader,
                                         const orders_statement_t *statement,
                                         const orders_params_t *params,
                                         const orders_row_type_t *type, apr_array_header_t **rows)
{
    PGresult *result;
    ORDERS_TRY(orders_database_execute(reader->database, reader->pool, statement, params,
                                       ORDERS_WRITE_KEYED, &result));
    return orders_rows_read(reader->pool, result, type, rows);
}

orders_problem_t *orders_written_order(apr_pool_t *pool, const orders_written_t *written,
                                       const orders_order_t **order)
{
    *order = written->order;
    return *order ? NULL : orders_problem(pool, ORDERS_E_not_found, NULL);
}

bool orders_outcome_is(const char *outcome, const char *expected)
{
    return outcome && strcmp(outcome, expected) == 0;
}
