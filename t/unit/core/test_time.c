/* SPDX-License-Identifier: Apache-2.0 */
/* ISO 8601, compared with the C library over many days. */
#include "support.h"

#include <time.h>

#include "core/time.h"

static void writes_times(void **state)
{
    apr_time_t morning = apr_time_from_sec(1795255200);

    assert_string_equal(orders_time_text(pool, morning, false), "2026-11-21T10:00:00Z");
    assert_string_equal(orders_time_text(pool, morning + 42, true), "2026-11-21T10:00:00.000042Z");
    assert_string_equal(orders_time_text(pool, 0, false), "1970-01-01T00:00:00Z");
    assert_string_equal(orders_time_text(pool, -1, true), "1969-12-31T23:59:59.999999Z");
    assert_string_equal(orders_time_text(pool, -1, false), "1969-12-31T23:59:59Z");
    assert_null(orders_time_text(pool, INT64_MAX, true));
    assert_null(orders_time_text(pool, INT64_MIN, true));
}

static void agrees_with_gmtime(void **state)
{
    int64_t seconds;

    for (seconds = -60000000000; seconds < 250000000000; seconds += 86400 * 97 + 12345) {
        time_t given = (time_t)seconds;
        struct tm parts;
        char theirs[64];
        apr_time_t back;
        const char *ours = orders_time_text(pool, apr_time_from_sec(seconds), false);

        assert_non_null(gmtime_r(&given, &parts));
        snprintf(theirs, sizeof(theirs), "%04d-%02d-%02dT%02d:%02d:%02dZ", parts.tm_year + 1900,
                 parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
        assert_string_equal(ours, theirs);
        assert_true(orders_time_parse(ours, &back));
        assert_int_equal(back, apr_time_from_sec(seconds));
    }
}

static void reads_times(void **state)
{
    static const struct {
        const char *text;
        const char *same;
    } cases[] = {
        {"2026-11-21T10:00Z", "2026-11-21T10:00:00.000000Z"},
        {"2026-11-21T10:00:00Z", "2026-11-21T10:00:00.000000Z"},
        {"2026-11-21T10:00:00.5Z", "2026-11-21T10:00:00.500000Z"},
        {"2026-11-21T10:00:00.1234569Z", "2026-11-21T10:00:00.123456Z"},
        {"2026-11-21T10:00:00+07:00", "2026-11-21T03:00:00.000000Z"},
        {"2026-11-21T22:00:00-03:30", "2026-11-22T01:30:00.000000Z"},
        {"2024-02-29T00:00Z", "2024-02-29T00:00:00.000000Z"},
        {"2000-02-29T23:59:59Z", "2000-02-29T23:59:59.000000Z"},
        {"0001-01-01T00:00Z", "0001-01-01T00:00:00.000000Z"},
        {"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},
    };
    size_t index;

    for (index = 0; index < COUNT(cases); index++) {
        apr_time_t time;

        assert_true(orders_time_parse(cases[index].text, &time));
        assert_string_equal(orders_time_text(pool, time, true), cases[index].same);
    }
}

static void refuses_other_texts(void **state)
{
    static const char *const cases[] = {
        "",
        "2026",
        "2026-11",
        "2026-11-21T",
        "2026-11-21T10",
        "2026-11-21T10:00",
        "2026-11-21T10:00:00",
        "2026-11-21",
        "2026-11-21 10:00:00Z",
        "2026-11-21T10:00:00z",
        "2026-11-21T10:00:00Z ",
        " 2026-11-21",
        "2026-11-21T24:00:00Z",
        "2026-11-21T10:60:00Z",
        "2026-11-21T10:00:60Z",
        "2026-11-21T10:00:00.Z",
        "2026-11-21T10:00.5Z",
        "2026-11-21T10:00:00+0700",
        "2026-11-21T10:00:00+24:00",
        "2026-11-21T10:00:00+07:00Z",
        "2026-13-01",
        "2026-00-01",
        "2026-11-00",
        "2026-11-31",
        "2026-02-29",
        "1900-02-29",
        "2026-02-30",
        "0000-01-01",
        "-001-01-01",
        "10000-01-01",
        "26-11-21",
        "2026/11/21",
        "now",
        "infinity",
        "1795255200",
    };
    apr_time_t time;
    size_t index;

    for (index = 0; index < COUNT(cases); index++) {
        assert_false(orders_time_parse(cases[index], &time));
    }
    assert_false(orders_time_parse(NULL, &time));
}

static void reads_dates(void **state)
{
    static const char *const none[] = {"",           "2026-11",     "2026-11-21T",
                                       "2026-11-31", "2026-11-21 ", "2026-11-21T00:00Z"};
    apr_time_t time;
    size_t index;

    assert_true(orders_date_parse("2024-02-29", &time));
    assert_string_equal(orders_time_text(pool, time, false), "2024-02-29T00:00:00Z");
    for (index = 0; index < COUNT(none); index++) {
        assert_false(orders_date_parse(none[index], &time));
    }
    assert_false(orders_date_parse(NULL, &time));
}

static void rounds_down_to_seconds(void **state)
{
    assert_int_equal(orders_time_unix(1999999), 1);
    assert_int_equal(orders_time_unix(-1), -1);
    assert_int_equal(orders_time_unix(-1000000), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(writes_times),        TEST(agrees_with_gmtime), TEST(reads_times),
        TEST(refuses_other_texts), TEST(reads_dates),        TEST(rounds_down_to_seconds),
    };

    return RUN(tests);
}
