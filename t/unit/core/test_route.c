/* SPDX-License-Identifier: Apache-2.0 */
/* Methods and paths against a route table. */
#include "support.h"

#include "core/route.h"

static const orders_route_t routes[] = {
    {.name = "create", .method = ORDERS_POST, .path = ""},
    {.name = "list", .method = ORDERS_GET, .path = ""},
    {.name = "events", .method = ORDERS_POST, .path = "/payments/:channel/events"},
    {.name = "summary", .method = ORDERS_GET, .path = "/summary"},
    {.name = "slash", .method = ORDERS_PUT, .path = "/slash/"},
    {.name = "detail", .method = ORDERS_GET, .path = "/:id"},
    {.name = "remove", .method = ORDERS_DELETE, .path = "/:id"},
    {.name = "cancel", .method = ORDERS_POST, .path = "/:id/cancel"},
    {.name = "four", .method = ORDERS_GET, .path = "/:a/:b/:c/:d"},
};
static const orders_api_t api = {.name = "sample", .groups = ORDERS_ONE_GROUP(routes)};

/** "cancel 57", "405 GET, HEAD", "404" */
static const char *match_of(const char *method, const char *path)
{
    orders_match_t match;
    const char *text;
    int index;

    switch (orders_route_match(&api, orders_method_parse(method), path, pool, &match)) {
    case ORDERS_ROUTE_UNKNOWN:
        return "404";
    case ORDERS_ROUTE_METHOD:
        return apr_pstrcat(pool, "405 ", orders_method_list(pool, match.allowed), NULL);
    default:
        break;
    }
    text = match.route->name;
    for (index = 0; index < ORDERS_MAX_PARAMS && match.param[index]; index++) {
        text = apr_pstrcat(pool, text, " ", match.param[index], NULL);
    }
    return text;
}

static void finds_routes(void **state)
{
    static const struct {
        const char *method, *path, *match;
    } cases[] = {
        {"POST", "", "create"},
        {"GET", "", "list"},
        {"HEAD", "", "list"},
        {"GET", "/", "list"},
        {"GET", "/57", "detail 57"},
        {"GET", "/57/", "detail 57"},
        {"DELETE", "/57", "remove 57"},
        {"POST", "/57/cancel", "cancel 57"},
        {"POST", "/57/cancel/", "cancel 57"},
        {"POST", "/57/c%61ncel", "cancel 57"},
        {"GET", "/summary", "summary"},
        {"PUT", "/slash", "slash"},
        {"PUT", "/slash/", "slash"},
        {"PUT", "/slash/1", "404"},
        {"POST", "/payments/simulator/events", "events simulator"},
        {"GET", "/a%20b", "detail a b"},
        {"GET", "/a%2Fb", "detail a/b"},
        {"GET", "/a+b", "detail a+b"},
        {"GET", "/%E6%9D%B1", "detail 東"},
        {"GET", "/..", "detail .."},
        {"GET", "/1/2/3/4", "four 1 2 3 4"},
    };
    size_t index;

    for (index = 0; index < COUNT(cases); index++) {
        assert_string_equal(match_of(cases[index].method, cases[index].path), cases[index].match);
    }
}

static void reports_the_allowed_methods(void **state)
{
    assert_string_equal(match_of("DELETE", ""), "405 GET, HEAD, POST");
    assert_string_equal(match_of("PUT", "/57"), "405 GET, HEAD, DELETE");
    assert_string_equal(match_of("HEAD", "/57/cancel"), "405 POST");
    assert_string_equal(match_of("OPTIONS", "/57/cancel"), "405 POST");
    assert_string_equal(match_of("get", ""), "405 GET, HEAD, POST");
    assert_string_equal(orders_method_list(pool, 0), "");
}

static void refuses_other_paths(void **state)
{
    static const char *const paths[] = {
        "//",
        "/57//",
        "//57",
        "/57//cancel",
        "/57/Cancel",
        "/57/cancel/more",
        "/57/cancelled",
        "/57/cance",
        "57",
        "x/57",
        "/%",
        "/%4",
        "/%zz",
        "/%00",
        "/a%00",
        "/a%0Ab",
        "/%7F",
        "/\xFF",
        "/%FF",
        "/%C0%AF",
        "/%ED%A0%80",
        "/1/2/3/4/5",
        "/1/2/3/4/5/6/7/8/9/10/11/12",
    };
    size_t index;

    for (index = 0; index < COUNT(paths); index++) {
        assert_string_equal(match_of("GET", paths[index]), "404");
    }
}

/** Routes in two groups match as if they were in one table, and each has its own position. */
static void joins_groups(void **state)
{
    static const orders_route_t second[] = {
        {.name = "change", .method = ORDERS_PATCH, .path = "/:id"},
        {.name = "late", .method = ORDERS_GET, .path = "/summary"},
    };
    static const orders_route_group_t groups[] = {ORDERS_ROUTE_GROUP(routes),
                                                  ORDERS_ROUTE_GROUP(second)};
    static const orders_route_group_t *const list[] = {&groups[0], &groups[1], NULL};
    static const orders_api_t joined = {.name = "joined", .groups = list};
    orders_match_t match;

    assert_int_equal(orders_route_match(&joined, ORDERS_PATCH, "/7", pool, &match),
                     ORDERS_ROUTE_FOUND);
    assert_ptr_equal(match.route, &second[0]);
    assert_string_equal(match.fitting->name, "detail");
    assert_int_equal(orders_route_match(&joined, ORDERS_GET, "/summary", pool, &match),
                     ORDERS_ROUTE_FOUND);
    assert_string_equal(match.route->name, "summary");
    assert_int_equal(orders_route_match(&joined, ORDERS_PUT, "/7", pool, &match),
                     ORDERS_ROUTE_METHOD);
    assert_int_equal(match.allowed, ORDERS_GET | ORDERS_DELETE | ORDERS_PATCH);

    assert_int_equal(orders_route_count(&joined), COUNT(routes) + COUNT(second));
    for (size_t i = 0; i < orders_route_count(&joined); i++) {
        assert_int_equal(orders_route_position(&joined, orders_route_at(&joined, i)), i);
    }
    assert_ptr_equal(orders_route_at(&joined, COUNT(routes)), &second[0]);
    assert_null(orders_route_at(&joined, orders_route_count(&joined)));
    assert_int_equal(orders_route_position(&api, &second[0]), orders_route_count(&api));
}

static const orders_route_t link_routes[] = {
    {.name = "pay", .method = ORDERS_GET, .path = "/pay/:token/page", .secret = true},
    {.name = "list", .method = ORDERS_GET, .path = "/list/:id"},
};
static const orders_api_t links = {.name = "links", .groups = ORDERS_ONE_GROUP(link_routes)};

static void masks_secrets(void **state)
{
    static const struct {
        const char *path, *masked;
    } cases[] = {
        {"/pay/abc/page", "/pay/*/page"},
        {"/pay/abc/p%61ge/", "/pay/*/page"},
        {"/pay/abc", "/pay/*"},
        {"/pay/abc/pag", "/pay/*/*"},
        {"/pay/abc//page", "/pay/*//page"},
        {"/list/7", NULL},
        {"/list/7/abc", "/list/*/*"},
        {"", ""},
        {"abc", "*"},
        {"/:token", "/*"},
    };
    for (size_t index = 0; index < COUNT(cases); index++) {
        orders_match_t match;
        (void)orders_route_match(&links, ORDERS_POST, cases[index].path, pool, &match);
        const char *masked = orders_route_mask(&links, &match, cases[index].path, pool);
        if (cases[index].masked) {
            assert_non_null(masked);
            assert_string_equal(masked, cases[index].masked);
        } else {
            assert_null(masked);
        }
        (void)orders_route_match(&api, ORDERS_GET, "/1/2/3", pool, &match);
        assert_null(orders_route_mask(&api, &match, "/1/2/3", pool));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(finds_routes),        TEST(reports_the_allowed_methods),
        TEST(refuses_other_paths), TEST(masks_secrets),
        TEST(joins_groups),
    };

    return RUN(tests);
}
