/* SPDX-License-Identifier: Apache-2.0 */
/* The parameter of a dry run, and its response. */
#include "support.h"

#include "core/dry_run.h"

static const orders_field_table_t own = {.exactly = true};
static const orders_route_t can = {.name = "can", .dry_run = ORDERS_DRY_RUN_YES};
static const orders_route_t cannot = {.name = "cannot", .dry_run = ORDERS_DRY_RUN_NO};
static const orders_route_t with_query = {
    .name = "with_query", .dry_run = ORDERS_DRY_RUN_YES, .query = &own};
static const orders_route_t open_to_all = {
    .name = "open", .dry_run = ORDERS_DRY_RUN_NO, .auth = ORDERS_AUTH_NONE};

static orders_call_t call;

/** "dry", "write", or the code of the problem. */
static const char *mode_of(const orders_route_t *route, const char *query)
{
    call = (orders_call_t){.pool = pool, .route = route, .query = query};
    const orders_problem_t *problem = orders_dry_run_read(&call);

    if (problem) {
        return problem->fields ? orders_error_code(
                                     APR_ARRAY_IDX(problem->fields, 0, orders_field_error_t).error)
                               : code_of(problem);
    }
    return call.dry_run ? "dry" : "write";
}

static void only_true_is_a_dry_run(void **state)
{
    assert_string_equal(mode_of(&can, ""), "write");
    assert_string_equal(mode_of(&can, "dry_run=true"), "dry");
    assert_string_equal(mode_of(&can, "dry%5Frun=tru%65"), "dry");
    assert_string_equal(mode_of(&can, "dry_run=false"), "write");
}

static void other_values_are_refused(void **state)
{
    static const char *const queries[] = {"dry_run",       "dry_run=",    "dry_run=1",
                                          "dry_run=TRUE",  "dry_run=yes", "dry_run=0",
                                          "dry_run=+true", "dry_run=null"};

    for (size_t i = 0; i < COUNT(queries); i++) {
        assert_string_equal(mode_of(&can, queries[i]), "invalid_type");
        assert_string_equal(mode_of(&cannot, queries[i]), "invalid_type");
    }
    assert_string_equal(mode_of(&can, "dry_run=false&dry_run=true"), "malformed_request");
    assert_string_equal(mode_of(&can, "dry_run=true&a=%zz"), "malformed_request");
}

static void misspelled_parameters_are_refused(void **state)
{
    static const char *const queries[] = {"dryrun=true",    "dry-run=true",     "Dry_Run=true",
                                          "dry_run[]=true", "dry_run=true&a=1", "a"};

    for (size_t i = 0; i < COUNT(queries); i++) {
        assert_string_equal(mode_of(&can, queries[i]), "unknown_field");
    }
    assert_string_equal(mode_of(&cannot, "dryrun=true"), "unknown_field");
    assert_string_equal(mode_of(&open_to_all, "dryrun=true"), "write");
}

static void a_route_may_be_unable_to_run_dry(void **state)
{
    assert_string_equal(mode_of(&cannot, "dry_run=true"), "dry_run_not_supported");
    assert_string_equal(mode_of(&cannot, "dry_run=false"), "write");
    assert_string_equal(mode_of(&open_to_all, "a=1&dry_run=true"), "dry_run_not_supported");
}

static void other_parameters_are_kept(void **state)
{
    assert_string_equal(mode_of(&with_query, "a=1%262&dry_run=true&b=%C3%A9+x&c"), "dry");
    assert_string_equal(call.query, "a=1%262&b=%C3%A9%20x&c=");
    assert_string_equal(mode_of(&with_query, "dry_run=true"), "dry");
    assert_string_equal(call.query, "");
}

/* `body` NULL: none. */
static const char *marked(const char *body, orders_reply_t *reply)
{
    *reply = (orders_reply_t){
        .status = 201, .etag = "\"1\"", .replayed = true, .headers = apr_table_make(pool, 2)};
    apr_table_setn(reply->headers, "Location", "/x");
    apr_table_setn(reply->headers, "Link", "<?cursor=x>");
    apr_table_setn(reply->headers, "Vary", "Accept");
    if (body) {
        reply->json = orders_json_open(pool);
        orders_json_raw(reply->json, body, strlen(body));
    }
    call = (orders_call_t){.pool = pool, .route = &can, .dry_run = true};
    orders_dry_run_reply(&call, reply);
    return orders_json_text(reply->json, pool, NULL);
}

static void the_response_is_marked(void **state)
{
    orders_reply_t reply;

    assert_string_equal(marked("{\"a\":{\"b\":1}}", &reply), "{\"dry_run\":true,\"a\":{\"b\":1}}");
    assert_string_equal(marked("{}", &reply), "{\"dry_run\":true}");
    assert_string_equal(marked(NULL, &reply), "{\"dry_run\":true}");
    assert_string_equal(
        marked("{\"a\":1}\n{}\n{\"b\":2}\n", &reply),
        "{\"dry_run\":true,\"a\":1}\n{\"dry_run\":true}\n{\"dry_run\":true,\"b\":2}\n");
    assert_int_equal(reply.status, 200);
    assert_null(reply.etag);
    assert_false(reply.replayed);
    assert_null(apr_table_get(reply.headers, "Location"));
    assert_null(apr_table_get(reply.headers, "Link"));
    assert_string_equal(apr_table_get(reply.headers, "Vary"), "Accept");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_true_is_a_dry_run),
        TEST(other_values_are_refused),
        TEST(misspelled_parameters_are_refused),
        TEST(a_route_may_be_unable_to_run_dry),
        TEST(other_parameters_are_kept),
        TEST(the_response_is_marked),
    };

    return RUN(tests);
}
