/* SPDX-License-Identifier: Apache-2.0 */
/* The header traceparent. */
#include "support.h"

#include "core/trace.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"
#define VALID "00-" TRACE "-" PARENT "-01"

static void passes_version_00_on_unchanged(void **state)
{
    static const char *const cases[] = {VALID, "00-" TRACE "-" PARENT "-00",
                                        "00-" TRACE "-" PARENT "-ff",
                                        "00-00000000000000000000000000000001-0000000000000001-01"};

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_ptr_equal(orders_trace_parent(pool, cases[i]), cases[i]);
    }
    assert_string_equal(orders_trace_id(pool, VALID), TRACE);
}

static void reads_later_versions_as_version_00(void **state)
{
    assert_string_equal(orders_trace_parent(pool, "01-" TRACE "-" PARENT "-01"), VALID);
    assert_string_equal(orders_trace_parent(pool, "cc-" TRACE "-" PARENT "-03-more"), VALID);
    assert_string_equal(orders_trace_parent(pool, "fe-" TRACE "-" PARENT "-f2-"),
                        "00-" TRACE "-" PARENT "-00");
}

static void ignores_malformed_headers(void **state)
{
    static const char *const cases[] = {
        "",
        "00",
        "00-" TRACE,
        "00-" TRACE "-" PARENT,
        "00-" TRACE "-" PARENT "-",
        "00-" TRACE "-" PARENT "-1",
        "00-" TRACE "-" PARENT "-0g",
        "00-" TRACE "-" PARENT "-01-",
        "00-" TRACE "-" PARENT "-01-more",
        "00-" TRACE "-" PARENT "-011",
        " " VALID,
        VALID " ",
        VALID ", " VALID,
        "ff-" TRACE "-" PARENT "-01",
        "0F-" TRACE "-" PARENT "-01",
        "01-" TRACE "-" PARENT "-01more",
        "00_" TRACE "-" PARENT "-01",
        "00-" TRACE "_" PARENT "-01",
        "00-" TRACE "-" PARENT "_01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01",
        "00-" TRACE "-00F067AA0BA902B7-01",
        "00-00000000000000000000000000000000-" PARENT "-01",
        "00-" TRACE "-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e47\n6-" PARENT "-01",
    };

    assert_null(orders_trace_parent(pool, NULL));
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_null(orders_trace_parent(pool, cases[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(passes_version_00_on_unchanged),
        TEST(reads_later_versions_as_version_00),
        TEST(ignores_malformed_headers),
    };

    return RUN(tests);
}
