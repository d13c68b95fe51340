/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Pages of a list: by number, or from a cursor, which stays stable and cheap however deep it goes.
 */
#ifndef ORDERS_CORE_PAGE_H
#define ORDERS_CORE_PAGE_H

#include <apr_pools.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/fields.h"
#include "core/settings.h"

/** The place of a row in a list: what the list is sorted by (microseconds of a time, or minor units), then the id. */
typedef struct orders_cursor_t {
    int64_t key;
    int64_t id;
} orders_cursor_t;

/** How an API names and bounds its pages. */
typedef struct orders_page_rules_t {
    const char *page; /**< parameter with the number, "page"; NULL: there is none */
    const char *size; /**< parameter with the size, "per_page" or "limit"; NULL: there is none */
    int default_size; /**< unless the settings have another */
    int max_size;     /**< likewise; a larger size becomes this one */
    bool cursor;      /**< a parameter "cursor" is taken; it wins over a page number */
} orders_page_rules_t;

typedef struct orders_page_t {
    int64_t page; /**< from 1 */
    int size;
    int64_t offset; /**< rows before the page; 0 with a cursor */
    bool has_cursor;
    orders_cursor_t cursor; /**< the last row of the page before */
} orders_page_t;

/**
 * Reads the page a query asks for. `context` names the list and its order ("user.list|created|desc"): a cursor of another
 * one, like one that was tampered with, is a refused field. Problems: `invalid_fields`.
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
 * The value of a Link header that leads to the next page: a relative reference (RFC 8288), since only the client knows
 * under which address it sees the list behind a proxy or a rewrite. `query` as the client sent it: encoded anew, with this
 * cursor in place of any cursor and page number.
 */
const char *orders_page_next_link(apr_pool_t *pool, const char *query, const char *cursor);

#endif
