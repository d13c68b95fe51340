/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/export_rows.h"

#include <apr_strings.h>
#include <string.h>

#include "core/json_writer.h"
#include "store/rows.h"

/** 2026-11-21 10:00:00.123456+00, as PostgreSQL writes times in UTC. */
#define DATE_LENGTH 10
#define TIME_LENGTH 19
/** The only column of documents that PostgreSQL renders: they are lines of NDJSON. */
#define LINE "line"

void orders_export_rows_open(orders_export_rows_t *rows, apr_pool_t *pool,
                             orders_export_file_writer_t *file, bool is_csv)
{
    *rows = (orders_export_rows_t){.file = file, .is_csv = is_csv};
    apr_pool_create(&rows->scratch, pool);
    orders_csv_writer_open(&rows->csv, pool);
}

static bool is_integer(Oid type)
{
    return type == ORDERS_OID_INT8 || type == ORDERS_OID_INT4 || type == ORDERS_OID_INT2;
}

/** ISO 8601 to the second; other texts, such as infinity, unchanged. */
static const char *format_time(apr_pool_t *pool, const char *text)
{
    char *time;

    if (strlen(text) < TIME_LENGTH || text[DATE_LENGTH] != ' ') {
        return text;
    }
    time = apr_pstrcat(pool, apr_pstrmemdup(pool, text, TIME_LENGTH), "Z", NULL);
    time[DATE_LENGTH] = 'T';
    return time;
}

/** NULL: a null. */
static const char *value_of(const orders_export_rows_t *rows, const PGresult *result, int row,
                            int column)
{
    const char *text = PQgetvalue(result, row, column);

    if (PQgetisnull(result, row, column)) {
        return NULL;
    }
    switch (PQftype(result, column)) {
    case ORDERS_OID_TIMESTAMPTZ:
        return format_time(rows->scratch, text);
    case ORDERS_OID_BOOL:
        return *text == 't' ? "true" : "false";
    default:
        return text;
    }
}

static void write_csv_header(orders_export_rows_t *rows, const PGresult *result)
{
    for (int i = 0; i < PQnfields(result); i++) {
        orders_csv_text(&rows->csv, PQfname(result, i));
    }
    orders_csv_end_record(&rows->csv);
    rows->has_header = true;
}

static void write_csv_row(orders_export_rows_t *rows, const PGresult *result, int row)
{
    for (int i = 0; i < PQnfields(result); i++) {
        const char *value = value_of(rows, result, row, i);

        if (value && is_integer(PQftype(result, i))) {
            orders_csv_int(&rows->csv, apr_atoi64(value));
        } else {
            orders_csv_text(&rows->csv, value);
        }
    }
    orders_csv_end_record(&rows->csv);
}

static const orders_export_fault_t *add_csv(orders_export_rows_t *rows, const PGresult *result)
{
    const orders_export_fault_t *fault;

    if (!rows->has_header) {
        write_csv_header(rows, result);
    }
    for (int row = 0; row < PQntuples(result); row++) {
        write_csv_row(rows, result, row);
    }
    fault = orders_export_file_add(rows->file, rows->csv.text, rows->csv.length);
    orders_csv_clear(&rows->csv);
    return fault;
}

static void write_json_member(orders_json_t *json, const char *name, Oid type, const char *value)
{
    if (value && (is_integer(type) || type == ORDERS_OID_BOOL || type == ORDERS_OID_JSONB)) {
        orders_json_member_raw(json, name, value, strlen(value));
    } else {
        orders_json_member_string(json, name, value);
    }
}

static const orders_export_fault_t *add_json_row(orders_export_rows_t *rows, const PGresult *result,
                                                 int row)
{
    orders_json_t *json = orders_json_open(rows->scratch);
    apr_size_t length;
    const char *text;

    orders_json_begin_object(json);
    for (int i = 0; i < PQnfields(result); i++) {
        write_json_member(json, PQfname(result, i), PQftype(result, i),
                          value_of(rows, result, row, i));
    }
    orders_json_end_object(json);
    text = orders_json_text(json, rows->scratch, &length);
    return orders_export_file_add(rows->file, text, length);
}

static const orders_export_fault_t *add_ndjson(orders_export_rows_t *rows, const PGresult *result)
{
    const bool is_line = !strcmp(PQfname(result, 0), LINE);
    const orders_export_fault_t *fault = NULL;

    for (int row = 0; row < PQntuples(result) && !fault; row++) {
        fault = is_line ? orders_export_file_add(rows->file, PQgetvalue(result, row, 0),
                                                 (apr_size_t)PQgetlength(result, row, 0))
                        : add_json_row(rows, result, row);
        fault = fault ? fault : orders_export_file_add(rows->file, "\n", 1);
    }
    return fault;
}

const orders_export_fault_t *orders_export_rows_add(orders_export_rows_t *rows,
                                                    const PGresult *result)
{
    const orders_export_fault_t *fault;

    apr_pool_clear(rows->scratch);
    fault = rows->is_csv ? add_csv(rows, result) : add_ndjson(rows, result);
    rows->count += PQntuples(result);
    return fault;
}
