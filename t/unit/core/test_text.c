/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8, control characters, percent-encoding. */
#include "support.h"

#include "core/text.h"

static void accepts_utf8(void **state)
{
    static const char *const cases[] = {
        "",
        "plain",
        "\x7F",
        "\xC2\x80",
        "\xDF\xBF",
        "\xE0\xA0\x80",
        "\xED\x9F\xBF",
        "\xEE\x80\x80",
        "\xEF\xBF\xBF",
        "\xF0\x90\x80\x80",
        "\xF4\x8F\xBF\xBF",
        "Grüße, 東京 🚲",
    };
    size_t index;

    for (index = 0; index < COUNT(cases); index++) {
        assert_true(orders_utf8_valid(cases[index], strlen(cases[index])));
    }
    assert_true(orders_utf8_valid("a\0b", 3));
    assert_int_equal(orders_utf8_count("Grüße, 東京 🚲", strlen("Grüße, 東京 🚲")), 11);
}

static void refuses_other_bytes(void **state)
{
    static const char *const cases[] = {
        "\x80",             /* a continuation by itself */
        "\xBF",             /**/
        "\xC0\xAF",         /* overlong */
        "\xC1\xBF",         /* overlong */
        "\xE0\x9F\xBF",     /* overlong */
        "\xF0\x8F\xBF\xBF", /* overlong */
        "\xED\xA0\x80",     /* a high surrogate */
        "\xED\xBF\xBF",     /* a low surrogate */
        "\xF4\x90\x80\x80", /* beyond U+10FFFF */
        "\xF5\x80\x80\x80", /**/
        "\xFE",             /**/
        "\xFF",             /**/
        "\xC2",             /* cut off */
        "\xE2\x82",         /* cut off */
        "\xF0\x9F\x9A",     /* cut off */
        "\xC2x",            /* not continued */
        "\xE2\x82x",        /**/
        "\xF0\x9F\x9Ax",    /**/
    };
    size_t index;

    for (index = 0; index < COUNT(cases); index++) {
        assert_false(orders_utf8_valid(cases[index], strlen(cases[index])));
    }
}

static void finds_controls(void **state)
{
    assert_false(orders_text_has_control("Grüße \xC2\xA0", 10, false));
    assert_true(orders_text_has_control("a\nb", 3, false));
    assert_false(orders_text_has_control("a\r\n\tb", 5, true));
    assert_true(orders_text_has_control("a\rb", 3, true));
    assert_true(orders_text_has_control("a\r\r\nb", 5, true));
    assert_true(orders_text_has_control("a\r\nb", 2, true)); /* ends before the LF */
    assert_true(orders_text_has_control("a\x1B[0m", 5, true));
    assert_true(orders_text_has_control("a\0b", 3, true));
    assert_true(orders_text_has_control("\x7F", 1, true));
    assert_true(orders_text_has_control("\xC2\x85", 2, true));
}

static void finds_bidirectional_controls(void **state)
{
    static const char *const controls[] = {
        "\u202A", "\u202B", "\u202C", "\u202D", "\u202E", "\u2066", "\u2067", "\u2068", "\u2069",
    };
    static const char *const others[] = {
        "\u200E", "\u200F", "\u061C", "\u2027", "\u202F", "\u2065", "\u206A", "\u2025",
    };

    for (size_t i = 0; i < COUNT(controls); i++) {
        assert_true(orders_text_has_control(controls[i], 3, false));
        assert_true(orders_text_has_control(controls[i], 3, true));
    }
    for (size_t i = 0; i < COUNT(others); i++) {
        assert_false(orders_text_has_control(others[i], strlen(others[i]), false));
    }
}

static void finds_separators_in_one_line(void **state)
{
    static const char *const separators[] = {"\u2028", "\u2029"};

    for (size_t i = 0; i < COUNT(separators); i++) {
        assert_true(orders_text_has_control(separators[i], 3, false));
        assert_false(orders_text_has_control(separators[i], 3, true));
    }
}

static void decodes_percents(void **state)
{
    char out[64];
    apr_size_t length;

    assert_true(orders_percent_decode(out, &length, "a%20b%C3%a9+%2B", 15, false));
    assert_int_equal(length, 7);
    assert_memory_equal(out, "a bé++", 7);
    assert_true(orders_percent_decode(out, &length, "a+b%2B", 6, true));
    assert_int_equal(length, 4);
    assert_memory_equal(out, "a b+", 4);
    assert_true(orders_percent_decode(out, &length, "", 0, true));
    assert_int_equal(length, 0);
}

static void refuses_bad_percents(void **state)
{
    static const char *const cases[] = {"%",   "%4",  "a%",  "a%4", "%zz",    "%4g",
                                        "%g4", "%00", "% 1", "%+1", "%C3%28", "%ED%A0%80"};
    char out[64];
    apr_size_t length;
    size_t index;

    for (index = 0; index < COUNT(cases); index++) {
        assert_false(orders_percent_decode(out, &length, cases[index], strlen(cases[index]), true));
    }
    assert_false(orders_percent_decode(out, &length, "a\0b", 3, true));
    assert_false(orders_percent_decode(out, &length, "%411", 2, true)); /* ends inside the escape */
}

static void encodes_percents(void **state)
{
    assert_string_equal(orders_percent_encode(pool, "a/b c~é&=\"<>\r\n", 14),
                        "a%2Fb%20c~%C3%A9%26%3D%22%3C%3E%0D");
}

static void checks_uuids(void **state)
{
    static const char *const good[] = {"01234567-89ab-cdef-0123-456789abcdef",
                                       "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"};
    static const char *const bad[] = {
        "",
        "0",
        "01234567-89ab-cdef-0123-456789abcde",
        "01234567-89ab-cdef-0123-456789abcdef0",
        "g1234567-89ab-cdef-0123-456789abcdef",
        "0123456789abcdef0123456789abcdef",
        "01234567-89ab-cdef-0123_456789abcdef",
        "{01234567-89ab-cdef-0123-456789abcdef}",
        "0123456-789ab-cdef-0123-456789abcdef",
        " 01234567-89ab-cdef-0123-456789abcde",
    };
    for (size_t index = 0; index < COUNT(good); index++) {
        assert_true(orders_text_is_uuid(good[index]));
    }
    for (size_t index = 0; index < COUNT(bad); index++) {
        assert_false(orders_text_is_uuid(bad[index]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(accepts_utf8),
        TEST(refuses_other_bytes),
        TEST(finds_controls),
        TEST(decodes_percents),
        TEST(refuses_bad_percents),
        TEST(encodes_percents),
        TEST(checks_uuids),
        TEST(finds_bidirectional_controls),
        TEST(finds_separators_in_one_line),
    };

    return RUN(tests);
}
