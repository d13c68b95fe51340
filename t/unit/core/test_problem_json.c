/* SPDX-License-Identifier: Apache-2.0 */
/* Problems as problem+json. */
#include "support.h"

#include <jansson.h>

#include "core/problem_json.h"

static const char *json_of(const orders_problem_t *problem, int status, const char *request_id)
{
    orders_json_t *json = orders_json_open(pool);

    orders_problem_json(json, problem, status, request_id);
    return orders_json_text(json, pool, NULL);
}

static void writes_the_members(void **state)
{
    assert_string_equal(json_of(orders_problem(pool, ORDERS_E_not_found, NULL), 0, "req-1"),
                        "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
                        "\"detail\":\"Not found.\",\"message\":\"Not found.\","
                        "\"code\":\"not_found\","
                        "\"request_id\":\"req-1\"}");
    assert_string_equal(
        json_of(orders_problem(pool, ORDERS_E_http_error, "Too long."), 414, NULL),
        "{\"type\":\"about:blank\",\"title\":\"URI Too Long\",\"status\":414,"
        "\"detail\":\"Too long.\",\"message\":\"Too long.\",\"code\":\"http_error\"}");
}

static void writes_refused_fields(void **state)
{
    orders_problem_t *problem = NULL;

    orders_problem_field(&problem, pool, "plan_id", ORDERS_E_required_field, NULL);
    orders_problem_field(&problem, pool, "quantity", ORDERS_E_out_of_range, "Must be \"less\".");
    assert_string_equal(
        json_of(problem, 0, NULL),
        "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\",\"status\":422,"
        "\"detail\":\"Some fields are not valid.\",\"message\":\"Some fields are not "
        "valid.\",\"code\":\"invalid_fields\",\"errors\":["
        "{\"field\":\"plan_id\",\"code\":\"required_field\",\"message\":\"The field is "
        "required.\"},"
        "{\"field\":\"quantity\",\"code\":\"out_of_range\",\"message\":\"Must be "
        "\\\"less\\\".\"}]}");
}

static void adds_extra_members(void **state)
{
    orders_problem_t *problem = orders_problem(pool, ORDERS_E_busy, NULL);

    problem->extra = "{\"state\":\"paid\",\"status\":200,\"code\":1,\"message\":\"x\",\"a\\\"b\":1,"
                     "\"left\":[1,null]}";
    assert_non_null(strstr(json_of(problem, 0, NULL),
                           "\"code\":\"busy\",\"state\":\"paid\",\"left\":[1,null]}"));
    problem->extra = "[1]";
    assert_non_null(strstr(json_of(problem, 0, NULL), "\"code\":\"busy\"}"));
    problem->extra = "{\"broken\"";
    assert_non_null(strstr(json_of(problem, 0, NULL), "\"code\":\"busy\"}"));
}

static void every_problem_has_a_phrase(void **state)
{
    int error;

    for (error = 0; error < ORDERS_E__COUNT; error++) {
        const char *text = json_of(orders_problem(pool, (orders_error_e)error, NULL), 0, NULL);
        json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

        assert_non_null(json);
        assert_null(strstr(text, "Request Failed"));
        assert_null(strstr(text, "Server Failed"));
        json_decref(json);
    }
    assert_non_null(strstr(json_of(orders_problem(pool, ORDERS_E_http_error, NULL), 418, NULL),
                           "Request Failed"));
}

static orders_reply_t reply_to(orders_error_e error, int retry_after)
{
    const orders_call_t call = {.pool = pool, .request_id = "req-2"};
    orders_problem_t *problem = orders_problem(pool, error, NULL);
    orders_reply_t reply = {.etag = "\"3\""};

    problem->retry_after = retry_after;
    orders_problem_reply(&call, problem, &reply);
    return reply;
}

static void makes_replies(void **state)
{
    orders_reply_t reply = reply_to(ORDERS_E_busy, 2);

    assert_int_equal(reply.status, 503);
    assert_string_equal(reply.content_type, "application/problem+json");
    assert_string_equal(apr_table_get(reply.headers, "Retry-After"), "2");
    assert_null(apr_table_get(reply.headers, "WWW-Authenticate"));
    assert_null(reply.etag);
    assert_non_null(strstr(orders_json_text(reply.json, pool, NULL), "\"request_id\":\"req-2\""));
    reply = reply_to(ORDERS_E_unauthenticated, 0);
    assert_int_equal(reply.status, 401);
    assert_string_equal(apr_table_get(reply.headers, "WWW-Authenticate"),
                        "Bearer realm=\"orders\"");
    assert_null(apr_table_get(reply.headers, "Retry-After"));
    reply = reply_to(ORDERS_E_invalid_signature, 0);
    assert_string_equal(apr_table_get(reply.headers, "WWW-Authenticate"),
                        "Signature realm=\"orders\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(writes_the_members),         TEST(writes_refused_fields), TEST(adds_extra_members),
        TEST(every_problem_has_a_phrase), TEST(makes_replies),
    };

    return RUN(tests);
}
