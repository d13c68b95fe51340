/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of exports as CSV and NDJSON, with results that the tests build, and the files that they are written to. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/rows.h"
#include "worker/export_rows.h"

#include "support.h"

static char directory[] = "/tmp/orders-export-rows-XXXXXX";

static PGresult *result_of(const char *const *values)
{
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    PGresAttDesc columns[] = {
        {.name = apr_pstrdup(pool, "title"), .typid = ORDERS_OID_TEXT},
        {.name = apr_pstrdup(pool, "amount"), .typid = ORDERS_OID_INT8},
        {.name = apr_pstrdup(pool, "inclusive"), .typid = ORDERS_OID_BOOL},
        {.name = apr_pstrdup(pool, "at"), .typid = ORDERS_OID_TIMESTAMPTZ},
    };

    assert_true(PQsetResultAttrs(result, COUNT(columns), columns));
    for (int i = 0; values && i < (int)COUNT(columns); i++) {
        assert_true(PQsetvalue(result, 0, i, (char *)(uintptr_t)values[i],
                               values[i] ? (int)strlen(values[i]) : -1));
    }
    return result;
}

/* The contents of a file with one row; NULL: no row. */
static const char *written(const char *const *values, bool is_csv)
{
    orders_export_file_writer_t *file;
    orders_export_rows_t rows;
    PGresult *result = result_of(values);
    const char *sha256;
    char *text = apr_pcalloc(pool, 1000);
    const char *path = apr_pstrcat(pool, directory, "/file", NULL);
    FILE *in;

    assert_null(orders_export_file_open(pool, directory, "file", &file));
    orders_export_rows_open(&rows, pool, file, is_csv);
    assert_null(orders_export_rows_add(&rows, result));
    assert_int_equal(rows.count, values ? 1 : 0);
    assert_null(orders_export_file_finish(file, &sha256));
    PQclear(result);
    in = fopen(path, "r");
    assert_non_null(in);
    assert_int_equal(fread(text, 1, 999, in), orders_export_file_size(file));
    (void)fclose(in);
    orders_export_file_remove(file);
    assert_int_equal(access(path, F_OK), -1);
    return text;
}

static const char *const usual[] = {"Lamp \"A\", red", "-1990", "t", "2026-11-21 10:00:00.123+00"};
static const char *const formula[] = {"-1+1", "-1", "f", "infinity"};
static const char *const nulls[] = {NULL, NULL, NULL, NULL};

static void csv_has_a_header_and_no_formulas(void **state)
{
    assert_string_equal(written(NULL, true), "title,amount,inclusive,at\r\n");
    assert_string_equal(written(usual, true),
                        "title,amount,inclusive,at\r\n"
                        "\"Lamp \"\"A\"\", red\",-1990,true,2026-11-21T10:00:00Z\r\n");
    assert_string_equal(written(formula, true),
                        "title,amount,inclusive,at\r\n'-1+1,-1,false,infinity\r\n");
    assert_string_equal(written(nulls, true), "title,amount,inclusive,at\r\n,,,\r\n");
}

static void ndjson_has_types(void **state)
{
    assert_string_equal(written(NULL, false), "");
    assert_string_equal(written(usual, false),
                        "{\"title\":\"Lamp \\\"A\\\", red\",\"amount\":-1990,\"inclusive\":true,"
                        "\"at\":\"2026-11-21T10:00:00Z\"}\n");
    assert_string_equal(written(nulls, false),
                        "{\"title\":null,\"amount\":null,\"inclusive\":null,\"at\":null}\n");
}

static void a_file_without_an_end_is_deleted(void **state)
{
    apr_pool_t *own;
    orders_export_file_writer_t *file;
    const char *part = apr_pstrcat(pool, directory, "/file" ORDERS_EXPORT_PART, NULL);
    struct stat found;

    apr_pool_create(&own, pool);
    assert_null(orders_export_file_open(own, directory, "file", &file));
    assert_int_equal(stat(part, &found), 0);
    assert_int_equal(found.st_mode & 07777, 0600);
    apr_pool_destroy(own);
    assert_int_equal(access(part, F_OK), -1);
}

static void a_missing_directory_is_a_fault(void **state)
{
    orders_export_file_writer_t *file;
    const orders_export_fault_t *fault =
        orders_export_file_open(pool, "/nowhere/exports", "file", &file);

    assert_non_null(fault);
    assert_string_equal(fault->code, "directory_unusable");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(csv_has_a_header_and_no_formulas),
        TEST(ndjson_has_types),
        TEST(a_file_without_an_end_is_deleted),
        TEST(a_missing_directory_is_a_fault),
    };
    int failed;

    if (!mkdtemp(directory)) {
        return 1;
    }
    failed = RUN(tests);
    (void)rmdir(directory);
    return failed;
}
