/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies and queries: valid input, and each kind of malformed input. */
#include "support.h"

#include "core/fields.h"
#include "core/input.h"

static const char *read_json(const char *text, apr_size_t length)
{
    orders_input_t *input = NULL;

    return code_of(orders_input_json(&input, pool, text, length, false));
}

static void reads_json(void **state)
{
    static const char *const cases[] = {
        "{}",
        " \r\n\t{ \"a\" : 1 } \n",
        "{\"a\":{\"a\":1}}",
        "{\"a\":[1,2.5,-3e2,true,false,null,\"x\\n\\u00e9\\ud83d\\udeb2\"]}",
        "{\"a\":9223372036854775807,\"b\":-9223372036854775808}",
        "{\"a\":[1e308,-1E+308,5e-324,1e-0005,\"1e-20000\"]}",
        "{\"\":1}",
    };
    size_t index;

    for (index = 0; index < COUNT(cases); index++) {
        assert_string_equal(read_json(cases[index], strlen(cases[index])), "");
    }
}

static void refuses_malformed_json(void **state)
{
    static const char *const cases[] = {
        "",
        "  ",
        "[]",
        "3",
        "\"x\"",
        "null",
        "{",
        "}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":1}{}",
        "{\"a\":tru}",
        "{\"a\":01}",
        "{\"a\":+1}",
        "{\"a\":.5}",
        "{\"a\":1.}",
        "{\"a\":0x1}",
        "{\"a\":NaN}",
        "{\"a\":1e400}",
        "{\"a\":-1e400}",
        "{\"a\":9223372036854775808}",
        "{\"a\":-9223372036854775809}",
        "{\"a\":18446744073709551616}",
        "{\"a\":1,\"a\":1}",
        "{\"a\":1,\"\\u0061\":1}",
        "{\"b\":[{\"a\":1,\"a\":2}]}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\udc00\"}",
        "{\"a\":\"\\udc00\\ud800\"}",
        "{\"a\":\"\\u0000\"}",
        "{\"a\\u0000b\":1}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"line\nbreak\"}",
        "{\"a\":\"\xFF\"}",
        "{\"a\":\"\xC0\xAF\"}",
        "{\"a\":\"\xED\xA0\x80\"}",
        "\xEF\xBB\xBF{}",
        "{\"a\":\"",
        "{\"a\":\"\\",
        "/**/{}",
    };
    size_t index;

    for (index = 0; index < COUNT(cases); index++) {
        assert_string_equal(read_json(cases[index], strlen(cases[index])), "malformed_json");
    }
    assert_string_equal(read_json("{\"a\":1\0}", 8), "malformed_json");
    assert_string_equal(read_json("{\"a\":\"x\0y\"}", 11), "malformed_json");
    assert_string_equal(read_json("\0{}", 3), "malformed_json");
    assert_string_equal(read_json("{}\0", 3), "malformed_json");
}

static void refuses_exponents_beyond_a_double(void **state)
{
    static const char *const cases[] = {
        "{\"a\":1e-20000}", "{\"a\":-1.5E-20000}", "{\"a\":[{\"b\":1e-325}]}",
        "{\"a\":0e-20000}", "{\"a\":0e309}",       "{\"a\":1e-99999999999999999999}",
    };
    size_t index;

    for (index = 0; index < COUNT(cases); index++) {
        assert_string_equal(read_json(cases[index], strlen(cases[index])), "malformed_json");
    }
}

/** {"a": `count` times `open`, `middle`, `count` times `close`} */
static const char *nested(int count, char open, const char *middle, char close)
{
    char *text = apr_pcalloc(pool, (apr_size_t)(2 * count) + strlen(middle) + 16);

    strcpy(text, "{\"a\":");
    memset(text + strlen(text), open, (size_t)count);
    strcat(text, middle);
    memset(text + strlen(text), close, (size_t)count);
    strcat(text, "}");
    return text;
}

static void bounds_depth(void **state)
{
    const char *fine = nested(31, '[', "1", ']');
    const char *deep = nested(32, '[', "1", ']');
    const char *bottomless = nested(30000, '[', "", ']');
    const char *in_string = apr_psprintf(pool, "{\"a\":\"%s\"}", nested(99, '[', "", ']') + 6);

    assert_string_equal(read_json(fine, strlen(fine)), "");
    assert_string_equal(read_json(deep, strlen(deep)), "malformed_json");
    assert_string_equal(read_json(bottomless, strlen(bottomless)), "malformed_json");
    assert_string_equal(read_json(in_string, strlen(in_string)), "");
}

static void bounds_numbers(void **state)
{
    const char *digits = nested(4000, '1', "", '1');
    const char *decimals = nested(4000, '1', ".", '1');
    const char *in_string = apr_psprintf(pool, "{\"a\":\"%s\"}", nested(99, '1', "", '1') + 6);

    assert_string_equal(read_json(digits, strlen(digits)), "malformed_json");
    assert_string_equal(read_json(decimals, strlen(decimals)), "malformed_json");
    assert_string_equal(read_json(in_string, strlen(in_string)), "");
}

static void reports_the_position_but_not_the_value(void **state)
{
    orders_input_t *input;
    const char *text = "{\n  \"secret\": tru}";
    orders_problem_t *problem = orders_input_json(&input, pool, text, strlen(text), false);

    assert_non_null(strstr(problem->detail, "Line 2, column "));
    assert_null(strstr(problem->detail, "tru"));
    text = "{\n\n\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[";
    problem = orders_input_json(&input, pool, text, strlen(text), false);
    assert_non_null(strstr(problem->detail, "Line 3, column 36:"));
}

static void accepts_an_empty_body_if_allowed(void **state)
{
    orders_input_t *input = NULL;

    assert_null(orders_input_json(&input, pool, "", 0, true));
    assert_int_equal(json_object_size(orders_input_object(input)), 0);
    assert_null(orders_input_json(&input, pool, "\r\n", 2, true));
}

static void keeps_literals(void **state)
{
    const char *text = "{\"a\":1.50,\"s\":\"2.5\",\"b\":[7,2.250,{\"c\":1E2}],\"d\":-0.10}";
    orders_input_t *input = NULL;
    json_t *root, *list;

    assert_null(orders_input_json(&input, pool, text, strlen(text), false));
    root = orders_input_object(input);
    list = json_object_get(root, "b");
    assert_string_equal(orders_input_literal(input, json_object_get(root, "a")), "1.50");
    assert_string_equal(orders_input_literal(input, json_array_get(list, 1)), "2.250");
    assert_null(orders_input_literal(input, json_object_get(json_array_get(list, 2), "c")));
    assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 2), "c")), 100);
    assert_string_equal(orders_input_literal(input, json_object_get(root, "d")), "-0.10");
    assert_null(orders_input_literal(input, json_object_get(root, "s")));
    assert_null(orders_input_literal(input, json_array_get(list, 0)));
}

static const char *form_value(const char *text, const char *name)
{
    orders_input_t *input = NULL;

    assert_null(orders_input_form(&input, pool, text, strlen(text), NULL));
    return orders_input_string(input, name);
}

static void reads_forms(void **state)
{
    assert_string_equal(form_value("a=1&b=two+words%21", "b"), "two words!");
    assert_string_equal(form_value("a=1&b=two+words%21", "a"), "1");
    assert_string_equal(form_value("a=x=y", "a"), "x=y");
    assert_string_equal(form_value("a", "a"), "");
    assert_string_equal(form_value("a=&b=1", "a"), "");
    assert_string_equal(form_value("&&a=1&", "a"), "1");
    assert_string_equal(form_value("%61=%E6%9D%B1", "a"), "東");
    assert_null(form_value("a=1", "b"));
    assert_null(form_value("", "a"));
}

/* "1 2": the values of the list `id` */
static const char *list_of(const char *text)
{
    orders_input_t *input = NULL;

    assert_null(orders_input_form(&input, pool, text, strlen(text), "id"));
    return apr_array_pstrcat(pool, orders_input_form_values(input, "id", pool), ' ');
}

static void reads_lists_of_forms(void **state)
{
    orders_input_t *input;
    const char *other = "id=1&name=a&name=b";

    assert_string_equal(list_of("id=1&a=x&id=2"), "1 2");
    assert_string_equal(list_of("id%5B%5D=1&id[]=2"), "1 2");
    assert_string_equal(list_of("id[0]=7&id[12]=8&id[x]=9&ids=1&id[=2&id[1]x=3"), "7 8");
    assert_string_equal(list_of("id=3"), "3");
    assert_string_equal(list_of("a=1"), "");
    assert_string_equal(code_of(orders_input_form(&input, pool, other, strlen(other), "id")),
                        "malformed_form");
}

static void refuses_malformed_forms(void **state)
{
    static const char *const cases[] = {"a=%",         "a=%4",    "a=%zz",     "a=%00",
                                        "%00=a",       "a=\xFF",  "a=%FF",     "a=%C0%AF",
                                        "a=%ED%A0%80", "a=1&a=1", "a=1&%61=2", "a&a"};
    orders_input_t *input;
    char *many = apr_pstrdup(pool, "");
    size_t index;

    for (index = 0; index < COUNT(cases); index++) {
        assert_string_equal(
            code_of(orders_input_form(&input, pool, cases[index], strlen(cases[index]), NULL)),
            "malformed_form");
        assert_string_equal(code_of(orders_input_query(&input, pool, cases[index])),
                            "malformed_request");
    }
    assert_string_equal(code_of(orders_input_form(&input, pool, "a=1\0", 4, NULL)),
                        "malformed_form");
    for (index = 0; index < 101; index++) {
        if (index == 100) {
            assert_null(orders_input_query(&input, pool, many));
        }
        many = apr_psprintf(pool, "%sf%d=1&", many, (int)index);
    }
    assert_string_equal(code_of(orders_input_query(&input, pool, many)), "malformed_request");
}

static void reads_json_of_a_field(void **state)
{
    orders_input_t *input;
    const json_t *list;

    assert_null(orders_input_json_member(&input, pool, "lines", " [{\"price\":1.50}, 2.0] "));
    list = json_object_get(orders_input_object(input), "lines");
    assert_int_equal(json_array_size(list), 2);
    assert_int_equal(json_integer_value(json_array_get(list, 1)), 2);
    list = json_object_get(json_array_get(list, 0), "price");
    assert_string_equal(orders_input_literal(input, list), "1.50");
    assert_null(orders_input_json_member(&input, pool, "a", "7"));
    assert_string_equal(orders_input_text(input, "a"), "7");
    assert_string_equal(code_of(orders_input_json_member(&input, pool, "a", "")), "malformed_json");
    assert_string_equal(code_of(orders_input_json_member(&input, pool, "a", "[1], \"b\": 2")),
                        "malformed_json");
    assert_string_equal(code_of(orders_input_json_member(&input, pool, "a", "{\"b\":1,\"b\":1}")),
                        "malformed_json");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_json),
        TEST(refuses_malformed_json),
        TEST(refuses_exponents_beyond_a_double),
        TEST(bounds_depth),
        TEST(bounds_numbers),
        TEST(reports_the_position_but_not_the_value),
        TEST(accepts_an_empty_body_if_allowed),
        TEST(keeps_literals),
        TEST(reads_json_of_a_field),
        TEST(reads_forms),
        TEST(reads_lists_of_forms),
        TEST(refuses_malformed_forms),
    };

    return RUN(tests);
}
