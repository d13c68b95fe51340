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
    ORDERS_ROUTE_METHOD, /**< the path is known, the method is not: `allowed` says which are */
    ORDERS_ROUTE_UNKNOWN /**< no such path in this API */
} orders_route_e;

typedef struct orders_match_t {
    const orders_route_t *route;
    const orders_route_t *fitting; /**< the row whose path fits, for whatever method; or NULL */
    const char *param[ORDERS_MAX_PARAMS]; /**< in the pool, NULL beyond the template's */
    unsigned allowed;                     /**< ORDERS_… of all routes with that path */
} orders_match_t;

/**
 * `path` is what follows the mount, percent-encoded as on the wire, without the query: "" or "/57/cancel". Each segment
 * is decoded by itself, so %2F never makes a new one; one that holds a bad escape, a NUL, a control character or invalid
 * UTF-8 belongs to no route, and neither does an empty one (but for a trailing slash). The first row that fits wins.
 */
orders_route_e orders_route_match(const orders_api_t *api, unsigned method, const char *path,
                                  apr_pool_t *pool, orders_match_t *match);

/**
 * What a log may show of the path that was matched: its secret parameters (orders_route_t.secret) are "*". NULL: all of
 * it. Where an API has such routes and the path fits none of its rows, every segment that no row names is masked, since
 * it may be a link that was cut or mistyped.
 */
const char *orders_route_mask(const orders_api_t *api, const orders_match_t *match,
                              const char *path, apr_pool_t *pool);

/** The status of success that a handler need not set. */
int orders_route_status(const orders_route_t *route);

/** The ORDERS_… of a method's name, HEAD being GET; 0 when no route can have it. */
unsigned orders_method_parse(const char *name);
/** For the Allow header: "GET, HEAD, POST". */
const char *orders_method_list(apr_pool_t *pool, unsigned methods);

#endif
