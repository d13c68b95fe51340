/* SPDX-License-Identifier: Apache-2.0 */
/* Multipart forms, and the parser for each content type. */
#include "support.h"

#include "core/call_input.h"
#include "core/input_body.h"

#define TYPE "multipart/form-data; boundary=AaB03x"
#define PART(name) "--AaB03x\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n"

static orders_problem_t *read_parts(orders_input_t **input, const char *type, const char *text)
{
    return orders_input_multipart(input, pool, type, text, strlen(text), NULL);
}

static void reads_parts(void **state)
{
    orders_input_t *input;

    assert_null(read_parts(&input, TYPE,
                           PART("plan_id") "7\r\n" PART("reason") "two\r\nlines & 100%\r\n" PART(
                               "empty") "\r\n"
                                        "--AaB03x\r\ncontent-type: text/plain; charset=utf-8\r\n"
                                        "CONTENT-DISPOSITION: form-data; Name=city\r\n\r\n東京\r\n"
                                        "--AaB03x--\r\n"));
    assert_string_equal(orders_input_string(input, "plan_id"), "7");
    assert_string_equal(orders_input_string(input, "reason"), "two\r\nlines & 100%");
    assert_string_equal(orders_input_string(input, "empty"), "");
    assert_string_equal(orders_input_string(input, "city"), "東京");
}

static void reads_boundaries(void **state)
{
    orders_input_t *input;

    assert_null(read_parts(&input, "multipart/form-data; charset=utf-8; boundary=\"AaB03x\"",
                           "preamble\r\n" PART("a") "1\r\n--AaB03x--epilogue"));
    assert_string_equal(orders_input_string(input, "a"), "1");
    assert_null(read_parts(&input, TYPE,
                           PART("a") "--AaB03\r\n--AaB03x  \r\n"
                                     "Content-Disposition: form-data; name=b\r\n\r\n"
                                     "2\r\n--AaB03x--"));
    assert_string_equal(orders_input_string(input, "a"), "--AaB03");
    assert_string_equal(orders_input_string(input, "b"), "2");
    assert_null(read_parts(&input, TYPE, "--AaB03x--\r\n"));
    assert_null(orders_input_string(input, "a"));
}

static void accepts_known_encodings_and_quoted_names(void **state)
{
    static const char *const encodings[] = {"7bit", "8BIT", "binary "};
    orders_input_t *input;

    for (size_t i = 0; i < COUNT(encodings); i++) {
        assert_null(read_parts(
            &input, TYPE,
            apr_pstrcat(pool, "--AaB03x\r\nContent-Transfer-Encoding: ", encodings[i],
                        "\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--AaB03x--",
                        NULL)));
        assert_string_equal(orders_input_string(input, "a"), "1");
    }
    assert_null(read_parts(&input, TYPE,
                           "--AaB03x\r\nContent-Disposition: form-data; name=\"x; "
                           "filename=b\"\r\n\r\n1\r\n--AaB03x--"));
    assert_string_equal(orders_input_string(input, "x; filename=b"), "1");
}

static void refuses_malformed_parts(void **state)
{
    static const char *const cases[] = {
        "",
        "a=1",
        "--AaB03x",
        "--AaB03x\r\n",
        "--AaB03xx\r\n",
        "--AaB03y--",
        PART("a"),
        PART("a") "1",
        PART("a") "1\r\n--AaB03x",
        PART("a") "1\r\n--AaB03x-",
        PART("a") "1\n--AaB03x--",
        PART("a") "1\r\n" PART("a") "2\r\n--AaB03x--",
        PART("a") "\xFF\r\n--AaB03x--",
        PART("\xFF") "1\r\n--AaB03x--",
        "--AaB03x\r\n\r\n1\r\n--AaB03x--",
        "--AaB03x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--AaB03x--",
        "--AaB03x\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n--AaB03x--",
        "--AaB03x\r\nno header\r\n\r\n1\r\n--AaB03x--",
        "--AaB03x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"x.txt\"\r\n\r\n1"
        "\r\n--AaB03x--",
        "--AaB03x\r\nContent-Disposition: form-data; name=a; filename*=UTF-8''x\r\n\r\n1"
        "\r\n--AaB03x--",
        "--AaB03x\r\nContent-Transfer-Encoding: base64\r\n"
        "Content-Disposition: form-data; name=a\r\n\r\nMQ==\r\n--AaB03x--",
    };
    orders_input_t *input;
    size_t index;

    for (index = 0; index < COUNT(cases); index++) {
        assert_string_equal(code_of(read_parts(&input, TYPE, cases[index])), "malformed_form");
    }
    assert_string_equal(
        code_of(orders_input_multipart(&input, pool, TYPE, PART("a") "\0\r\n--AaB03x--",
                                       sizeof(PART("a") "\0\r\n--AaB03x--") - 1, NULL)),
        "malformed_form");
}

static void refuses_bad_boundaries(void **state)
{
    static const char *const types[] = {
        "multipart/form-data",
        "multipart/form-data; boundary",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"\"",
        "multipart/form-data; boundary=\"AaB03x",
        "multipart/form-data; boundary="
        "12345678901234567890123456789012345678901234567890123456789012345678901",
    };
    orders_input_t *input;
    size_t index;

    for (index = 0; index < COUNT(types); index++) {
        assert_string_equal(
            code_of(read_parts(&input, types[index], PART("a") "1\r\n--AaB03x--\r\n")),
            "malformed_form");
    }
}

static const char *content_type_of(const orders_call_t *call, const char *name)
{
    return strcmp(name, "Content-Type") == 0 ? TYPE : NULL;
}

static const char *read_body(const char *type, const char *text, bool allow_empty,
                             const char **value)
{
    orders_call_t call = {.pool = pool,
                          .content_type = type,
                          .body = text,
                          .body_length = strlen(text),
                          .header = content_type_of};
    orders_input_t *input = NULL;
    orders_problem_t *problem = orders_input_body(&input, &call, allow_empty);

    *value = problem ? NULL : orders_input_string(input, "a");
    return code_of(problem);
}

static void chooses_by_content_type(void **state)
{
    const char *value;

    assert_string_equal(read_body("application/json", "{\"a\":\"1\"}", false, &value), "");
    assert_string_equal(value, "1");
    assert_string_equal(read_body("application/x-www-form-urlencoded", "a=2", false, &value), "");
    assert_string_equal(value, "2");
    assert_string_equal(
        read_body("multipart/form-data", PART("a") "3\r\n--AaB03x--\r\n", false, &value), "");
    assert_string_equal(value, "3");
    assert_string_equal(read_body("", "", true, &value), "");
    assert_string_equal(read_body("", "", false, &value), "malformed_json");
    assert_string_equal(read_body("", "{}", true, &value), "unsupported_media_type");
    assert_string_equal(read_body("text/plain", "{}", true, &value), "unsupported_media_type");
}

typedef struct {
    const char *a;
} fields_t;

static const orders_field_t fields[] = {
    {.name = "a", .type = ORDERS_FIELD_STRING, .flags = ORDERS_FIELD_REQUIRED, .given = SIZE_MAX},
};
static const orders_field_table_t table = ORDERS_FIELD_TABLE(fields);
static const orders_field_table_t exact_table = ORDERS_FIELD_TABLE(fields, .exactly = true);

static const char *read_call(orders_route_t route, const char *type, const char *text,
                             const char **value)
{
    fields_t decoded = {NULL};
    orders_call_t call = {.pool = pool,
                          .route = &route,
                          .content_type = type,
                          .body = text,
                          .body_length = strlen(text),
                          .header = content_type_of};
    orders_problem_t *problem = orders_call_read(&call, &decoded);

    *value = decoded.a;
    return code_of(problem);
}

#define JSON_TYPE "application/json"
#define FORM_TYPE "application/x-www-form-urlencoded"

static void reads_by_the_row_of_the_route(void **state)
{
    const orders_route_t required = {.body = ORDERS_BODY_REQUIRED, .fields = &table};
    const orders_route_t optional = {.body = ORDERS_BODY_OPTIONAL, .fields = &table};
    const orders_route_t exact = {.body = ORDERS_BODY_REQUIRED, .fields = &exact_table};
    const orders_route_t json = {
        .body = ORDERS_BODY_REQUIRED, .media = ORDERS_MEDIA_JSON, .fields = &table};
    const orders_route_t none = {.body = ORDERS_BODY_REQUIRED};
    const char *value;

    assert_string_equal(read_call(required, JSON_TYPE, "{\"a\":\"1\",\"b\":2}", &value), "");
    assert_string_equal(value, "1");
    assert_string_equal(read_call(required, "", "", &value), "malformed_json");
    assert_string_equal(read_call(optional, "", "", &value), "invalid_fields");
    assert_string_equal(read_call(exact, FORM_TYPE, "a=1&b=2", &value), "invalid_fields");
    assert_string_equal(read_call(json, JSON_TYPE, "{\"a\":\"1\"}", &value), "");
    assert_string_equal(read_call(json, FORM_TYPE, "a=1", &value), "unsupported_media_type");
    assert_string_equal(read_call(none, JSON_TYPE, "{}", &value), "internal_error");
}

static void reads_a_page_by_the_row_of_the_route(void **state)
{
    const orders_page_rules_t rules = {
        .page = "page", .size = "limit", .default_size = 20, .max_size = 50};
    const orders_route_t route = {.query = &table, .pages = &rules};
    const orders_settings_t settings = {.tenant = 1};
    const orders_call_t call = {
        .pool = pool, .route = &route, .query = "a=7&page=3&limit=90", .settings = &settings};
    orders_input_t *input;
    orders_page_t page;
    fields_t decoded = {NULL};

    assert_null(orders_call_query(&input, &call));
    assert_null(orders_call_decode_query(&call, input, &decoded));
    assert_null(orders_call_page(&page, &call, input, "list"));
    assert_string_equal(decoded.a, "7");
    assert_int_equal(page.page, 3);
    assert_int_equal(page.size, 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_parts),
        TEST(reads_boundaries),
        TEST(accepts_known_encodings_and_quoted_names),
        TEST(refuses_malformed_parts),
        TEST(refuses_bad_boundaries),
        TEST(chooses_by_content_type),
        TEST(reads_by_the_row_of_the_route),
        TEST(reads_a_page_by_the_row_of_the_route),
    };

    return RUN(tests);
}
