/* SPDX-License-Identifier: Apache-2.0 */
/**
 * From method and path to a row of an API's route table.
 */
#ifndef ORDERS_CORE_ROUTE_H
#define ORDERS_CORE_ROUTE_H

#include <apr_pools.h>

#include "core/call.h"

typedef enum {
    ORDERS_ROUTE_FOUND,
    ORDERS_ROUTE_METHOD, /**< the path has routes, but none of this method: see `allowed` */
    ORDERS_ROUTE_UNKNOWN /**< no such path in this API */
} orders_route_e;

typedef struct orders_match_t {
    const orders_route_t *route;
    const orders_route_t
        *fitting; /**< the first route with a matching path, of any method; or NULL */
    const char *param[ORDERS_MAX_PARAMS]; /**< in the pool, NULL beyond the template's */
    unsigned allowed;                     /**< ORDERS_… of all routes with that path */
} orders_match_t;

/**
 * Finds the route of a request. `path`: the path below the mount, percent-encoded, without the query: "" or "/57/cancel". Segments are
 * decoded separately, so %2F does not separate segments. A segment with a malformed escape, a NUL, a control character or invalid UTF-8
 * matches no route, nor does an empty one, except for a trailing slash. The first matching route is used.
 */
orders_route_e orders_route_match(const orders_api_t *api, unsigned method, const char *path,
                                  apr_pool_t *pool, orders_match_t *match);

/**
 * The path for logs, with secret parameters (orders_route_t.secret) replaced by "*". NULL: nothing is masked. If an API has such routes
 * and the path matches none of its routes, every segment that is not a literal of a route is masked: it may be a part of a truncated link.
 */
const char *orders_route_mask(const orders_api_t *api, const orders_match_t *match,
                              const char *path, apr_pool_t *pool);

/** The number of routes of an API. */
size_t orders_route_count(const orders_api_t *api);
/** The route at this position, from 0 on, across the groups of the API; NULL behind the last one. */
const orders_route_t *orders_route_at(const orders_api_t *api, size_t position);
/** The position of a route of the API, for orders_route_at(); the number of routes if it belongs to another API. */
size_t orders_route_position(const orders_api_t *api, const orders_route_t *route);

/** The default status of success. */
int orders_route_status(const orders_route_t *route);

/** The ORDERS_… of a method name; HEAD is ORDERS_GET. 0: unknown method. */
unsigned orders_method_parse(const char *name);
/** For the Allow header: "GET, HEAD, POST". */
const char *orders_method_list(apr_pool_t *pool, unsigned methods);

#endif
