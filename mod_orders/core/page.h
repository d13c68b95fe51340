/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Paging of lists: by page number, or by cursor, whose cost does not grow with the depth.
 */
#ifndef ORDERS_CORE_PAGE_H
#define ORDERS_CORE_PAGE_H

#include <apr_pools.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/fields.h"
#include "core/settings.h"

/** Position of a row in a list: its sort key (microseconds of a time, or minor units), then its id. */
typedef struct orders_cursor_t {
    int64_t key;
    int64_t id;
} orders_cursor_t;

/** Parameters and limits of paging in an API. */
typedef struct orders_page_rules_t {
    const char *page; /**< name of the page number parameter, "page"; NULL: none */
    const char *size; /**< name of the page size parameter, "per_page" or "limit"; NULL: none */
    int default_size; /**< overridden by OrdersPageSize */
    int max_size;     /**< overridden by OrdersPageSize; larger sizes are reduced to it */
    bool cursor; /**< accepts the parameter "cursor", which takes precedence over a page number */
} orders_page_rules_t;

typedef struct orders_page_t {
    int64_t page; /**< from 1 */
    int size;
    int64_t offset; /**< rows before the page; 0 with a cursor */
    bool has_cursor;
    orders_cursor_t cursor; /**< last row of the previous page */
} orders_page_t;

/**
 * Parses the paging parameters of a query. `context` names the list and its order ("user.list|created|desc"); a cursor of another context and a
 * modified cursor are refused fields. `invalid_fields`.
 */
orders_problem_t *orders_page_read(orders_page_t *page, const orders_page_rules_t *rules,
                                   const orders_input_t *query, const char *context,
                                   const orders_settings_t *settings,
                                   apr_pool_t *pool) ORDERS_MUSTCHECK;

/** The cursor's text; URL-safe. NULL only when OpenSSL fails. */
const char *orders_cursor_text(apr_pool_t *pool, const orders_cursor_t *cursor, const char *context,
                               const orders_settings_t *settings);
bool orders_cursor_parse(orders_cursor_t *cursor, const char *text, const char *context,
                         const orders_settings_t *settings, apr_pool_t *pool) ORDERS_MUSTCHECK;

/**
 * The value of the Link header for the next page: a relative reference (RFC 8288), because the server does not know the client's URL behind a
 * proxy or a rewrite. `query`: the query string as the client sent it; it is encoded again, with this cursor instead of any cursor or page number.
 */
const char *orders_page_next_link(apr_pool_t *pool, const char *query, const char *cursor);

#endif
