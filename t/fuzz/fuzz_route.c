/* SPDX-License-Identifier: Apache-2.0 */
/* Paths against a route table. The first byte chooses the method. */
#include "support.h"

#include "core/route.h"
#include "core/text.h"

static const orders_route_t routes[] = {
    {.name = "list", .method = ORDERS_GET, .path = ""},
    {.name = "create", .method = ORDERS_POST, .path = ""},
    {.name = "summary", .method = ORDERS_GET, .path = "/summary"},
    {.name = "detail", .method = ORDERS_GET, .path = "/:id"},
    {.name = "cancel", .method = ORDERS_POST, .path = "/:id/cancel"},
    {.name = "events", .method = ORDERS_POST, .path = "/payments/:channel/events"},
    {.name = "four", .method = ORDERS_PUT, .path = "/:a/:b/:c/:d"},
};
static const orders_api_t api = {.name = "fuzz", .groups = ORDERS_ONE_GROUP(routes)};

static void check_params(const orders_match_t *match)
{
    const char *at = match->route->path;
    int index, count = 0;

    for (; (at = strchr(at, ':')); at++) {
        count++;
    }
    for (index = 0; index < ORDERS_MAX_PARAMS; index++) {
        const char *param = match->param[index];

        HOLDS((param != NULL) == (index < count));
        if (param) {
            HOLDS(*param && orders_utf8_valid(param, strlen(param)));
            HOLDS(!orders_text_has_control(param, strlen(param), false));
        }
    }
}

static void fuzz_one(const char *text, size_t length, apr_pool_t *pool)
{
    unsigned method = length ? 1u << (text[0] & 7) : 0;
    char *path = length ? fuzz_string(text + 1, length - 1) : fuzz_string("", 0);
    orders_match_t match;

    switch (orders_route_match(&api, method, path, pool, &match)) {
    case ORDERS_ROUTE_FOUND:
        HOLDS(match.route->method == method);
        check_params(&match);
        break;
    case ORDERS_ROUTE_METHOD:
        HOLDS(!match.route && match.allowed && !(match.allowed & method));
        HOLDS(*orders_method_list(pool, match.allowed));
        break;
    default:
        HOLDS(!match.route && !match.allowed);
    }
    HOLDS(orders_method_parse(path) < 1u << 5);
    free(path);
}
