/* SPDX-License-Identifier: Apache-2.0 */
#include "core/route.h"

#include <apr_strings.h>
#include <string.h>

#include "core/text.h"

#define MAX_SEGMENTS 8

typedef struct {
    const char *at[MAX_SEGMENTS];
    int count;
} segments_t;

static const struct {
    const char *name;
    unsigned method;
} methods[] = {
    {"GET", ORDERS_GET}, {"HEAD", ORDERS_GET},    {"POST", ORDERS_POST},
    {"PUT", ORDERS_PUT}, {"PATCH", ORDERS_PATCH}, {"DELETE", ORDERS_DELETE},
};
#define METHODS (sizeof(methods) / sizeof(methods[0]))

unsigned orders_method_parse(const char *name)
{
    size_t index;

    for (index = 0; index < METHODS; index++) {
        if (strcmp(methods[index].name, name) == 0) {
            return methods[index].method;
        }
    }
    return 0;
}

const char *orders_method_list(apr_pool_t *pool, unsigned allowed)
{
    const char *list = "";
    size_t index;

    for (index = 0; index < METHODS; index++) {
        if (allowed & methods[index].method) {
            list = apr_pstrcat(pool, list, *list ? ", " : "", methods[index].name, NULL);
        }
    }
    return list;
}

size_t orders_route_count(const orders_api_t *api)
{
    size_t count = 0;

    for (const orders_route_group_t *const *group = api->groups; *group; group++) {
        count += (*group)->count;
    }
    return count;
}

const orders_route_t *orders_route_at(const orders_api_t *api, size_t position)
{
    for (const orders_route_group_t *const *group = api->groups; *group; group++) {
        if (position < (*group)->count) {
            return &(*group)->routes[position];
        }
        position -= (*group)->count;
    }
    return NULL;
}

size_t orders_route_position(const orders_api_t *api, const orders_route_t *route)
{
    size_t position = 0;

    for (const orders_route_group_t *const *group = api->groups; *group; group++) {
        const orders_route_t *first = (*group)->routes;

        if (route >= first && route < first + (*group)->count) {
            return position + (size_t)(route - first);
        }
        position += (*group)->count;
    }
    return position;
}

int orders_route_status(const orders_route_t *route)
{
    return route->success[0] ? route->success[0] : 200;
}

/** Splits the path into decoded segments. False: no route can match. */
static bool split(segments_t *segments, const char *path, apr_pool_t *pool)
{
    char *decoded = apr_palloc(pool, strlen(path) + 1);

    segments->count = 0;
    while (*path == '/' && path[1] != '\0') {
        apr_size_t raw = strcspn(path + 1, "/");
        apr_size_t length;

        if (raw == 0 || segments->count == MAX_SEGMENTS ||
            !orders_percent_decode(decoded, &length, path + 1, raw, false) ||
            orders_text_has_control(decoded, length, false)) {
            return false;
        }
        segments->at[segments->count++] = decoded;
        decoded[length] = '\0';
        decoded += length + 1;
        path += 1 + raw;
    }
    return *path == '\0' || *path == '/';
}

/** Compares with a template such as "/:id/cancel" or "/list/" and captures its parameters. */
static bool fits(const char *template, const segments_t *segments,
                 const char *param[ORDERS_MAX_PARAMS])
{
    int index, params = 0;

    memset(param, 0, ORDERS_MAX_PARAMS * sizeof(param[0]));
    for (index = 0; index < segments->count; index++) {
        apr_size_t length;

        if (*template != '/') {
            return false;
        }
        length = strcspn(++template, "/");
        if (*template == ':') {
            if (params == ORDERS_MAX_PARAMS) {
                return false;
            }
            param[params++] = segments->at[index];
        } else if (strlen(segments->at[index]) != length ||
                   memcmp(segments->at[index], template, length) != 0) {
            return false;
        }
        template += length;
    }
    return *template == '\0' || strcmp(template, "/") == 0;
}

/** Adds the routes of a group that fit the path to `match`. True: one of them is of this method. */
static bool match_group(const orders_route_group_t *group, unsigned method,
                        const segments_t *segments, orders_match_t *match)
{
    for (size_t index = 0; index < group->count; index++) {
        const orders_route_t *route = &group->routes[index];

        if (!fits(route->path, segments, match->param)) {
            continue;
        }
        if (!match->fitting) {
            match->fitting = route;
        }
        match->allowed |= route->method;
        if (route->method == method) {
            match->route = route;
            return true;
        }
    }
    return false;
}

orders_route_e orders_route_match(const orders_api_t *api, unsigned method, const char *path,
                                  apr_pool_t *pool, orders_match_t *match)
{
    segments_t segments;

    memset(match, 0, sizeof(*match));
    if (!split(&segments, path, pool)) {
        return ORDERS_ROUTE_UNKNOWN;
    }
    for (const orders_route_group_t *const *group = api->groups; *group; group++) {
        if (match_group(*group, method, &segments, match)) {
            return ORDERS_ROUTE_FOUND;
        }
    }
    return match->allowed ? ORDERS_ROUTE_METHOD : ORDERS_ROUTE_UNKNOWN;
}

/** Whether a route of the API has this segment of `length` bytes as a literal. */
static bool is_literal(const orders_api_t *api, const char *segment, apr_size_t length)
{
    const orders_route_t *route;

    for (size_t index = 0; (route = orders_route_at(api, index)); index++) {
        const char *at = route->path;

        while (*at == '/') {
            apr_size_t size = strcspn(++at, "/");

            if (*at != ':' && size == length && memcmp(at, segment, length) == 0) {
                return true;
            }
            at += size;
        }
    }
    return false;
}

static bool has_secrets(const orders_api_t *api)
{
    const orders_route_t *route;

    for (size_t index = 0; (route = orders_route_at(api, index)); index++) {
        if (route->secret) {
            return true;
        }
    }
    return false;
}

/** Masks segments of `path`: with `api`, those that are not a literal of any route; without, the parameters of a template ("/:id"). */
static const char *mask(const orders_api_t *api, const char *path, apr_pool_t *pool)
{
    char *masked = apr_palloc(pool, 2 * strlen(path) + 1), *to = masked;

    while (*path) {
        apr_size_t length = strcspn(path, "/");

        if (length && (api ? !is_literal(api, path, length) : *path == ':')) {
            *to++ = '*';
        } else {
            memcpy(to, path, length);
            to += length;
        }
        path += length;
        if (*path == '/') {
            *to++ = *path++;
        }
    }
    *to = '\0';
    return masked;
}

const char *orders_route_mask(const orders_api_t *api, const orders_match_t *match,
                              const char *path, apr_pool_t *pool)
{
    if (match->fitting) {
        return match->fitting->secret ? mask(NULL, match->fitting->path, pool) : NULL;
    }
    return has_secrets(api) ? mask(api, path, pool) : NULL;
}
