/* SPDX-License-Identifier: Apache-2.0 */
/* The supported versions of the schema, how often the version is read, and the log lines. No database is needed. */
#include "support.h"

#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "store/schema_version.h"

static char last[512]; /* the last line that was logged */
static orders_level_e level;
static int lines;

static bool enabled(void *context, orders_level_e wanted)
{
    return true;
}

static void write_line(void *context, orders_level_e of, const char *line)
{
    (void)snprintf(last, sizeof(last), "%s", line);
    level = of;
    lines++;
}

static const orders_log_t heard = {.enabled = enabled, .write = write_line};

static int begin(void **state)
{
    last[0] = '\0';
    lines = 0;
    return pool_open(state);
}

/* The row of a version; NULL: no row. */
static PGresult *row(char *number)
{
    static char name[] = "number", second[] = "release", release[] = "9.9";
    PGresAttDesc columns[2] = {{.name = name}, {.name = second}};
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    assert_true(PQsetResultAttrs(result, 2, columns));
    if (number) {
        assert_true(PQsetvalue(result, 0, 0, number, (int)strlen(number)));
        assert_true(PQsetvalue(result, 0, 1, release, (int)strlen(release)));
    }
    return result;
}

static bool judged(orders_schema_t *schema, int number)
{
    PGresult *result = row(apr_psprintf(pool, "%d", number));
    bool fits = orders_schema_check(schema, NULL, result);
    PQclear(result);
    return fits;
}

static void versions_in_the_range_are_supported(void **state)
{
    orders_schema_t *schema = orders_schema_create(pool, &heard);
    assert_true(judged(schema, ORDERS_SCHEMA_OLDEST));
    assert_true(judged(schema, ORDERS_SCHEMA_NEWEST));
    assert_int_equal(level, ORDERS_LOG_NOTICE);
    assert_false(judged(schema, ORDERS_SCHEMA_OLDEST - 1));
    assert_int_equal(level, ORDERS_LOG_ERROR);
    assert_non_null(strstr(last, "until the schema is upgraded"));
    assert_false(judged(schema, ORDERS_SCHEMA_NEWEST + 1));
    assert_non_null(strstr(last, "until the module is upgraded"));
    assert_string_equal(code_of(orders_schema_problem(schema, pool)), "schema_version_unsupported");
}

static void no_row_means_an_older_schema(void **state)
{
    orders_schema_t *schema = orders_schema_create(pool, &heard);
    PGresult *none = row(NULL);
    assert_false(orders_schema_check(schema, NULL, none));
    assert_non_null(strstr(last, "no version of the schema"));
    PQclear(none);
}

static void a_version_is_logged_once(void **state)
{
    orders_schema_t *schema = orders_schema_create(pool, &heard);
    for (int i = 0; i < 3; i++) {
        judged(schema, ORDERS_SCHEMA_OLDEST);
    }
    assert_int_equal(lines, 1);
    judged(schema, ORDERS_SCHEMA_NEWEST + 1);
    judged(schema, ORDERS_SCHEMA_NEWEST + 1);
    assert_int_equal(lines, 2);
}

static void one_caller_per_second_reads_the_version(void **state)
{
    orders_schema_t *schema = orders_schema_create(pool, &heard);
    assert_true(orders_schema_may_acquire(schema, orders_clock_now()));
    judged(schema, ORDERS_SCHEMA_NEWEST + 1);
    apr_time_t now = orders_clock_now();
    assert_false(orders_schema_may_acquire(schema, now));
    now += ORDERS_SCHEMA_PAUSE;
    assert_true(orders_schema_may_acquire(schema, now));
    assert_false(orders_schema_may_acquire(schema, now));
    assert_true(orders_schema_needs_check(schema, NULL));
    judged(schema, ORDERS_SCHEMA_NEWEST);
    assert_true(orders_schema_may_acquire(schema, now));
    assert_true(orders_schema_may_acquire(schema, now));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(versions_in_the_range_are_supported, begin, pool_close),
        cmocka_unit_test_setup_teardown(no_row_means_an_older_schema, begin, pool_close),
        cmocka_unit_test_setup_teardown(a_version_is_logged_once, begin, pool_close),
        cmocka_unit_test_setup_teardown(one_caller_per_second_reads_the_version, begin, pool_close),
    };
    return RUN(tests);
}
