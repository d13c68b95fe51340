/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Entity tags and the conditions on them (RFC 9110, sections 8.8.3 and 13.1).
 */
#ifndef ORDERS_CORE_ETAG_H
#define ORDERS_CORE_ETAG_H

#include <apr_pools.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * The strong tag of an order's representation: `"7"`, or `"7-kq2Xb0cUQ8w"` when the answer shows more than the order
 * (a balance, a language), which `rest` then tells apart. NULL: nothing more.
 */
const char *orders_etag(apr_pool_t *pool, int64_t version, const char *rest);

/** If-None-Match: whether one of its tags (or `*`) is `etag`, compared weakly; then the answer is 304. NULL header: false. */
bool orders_etag_none_match(const char *header, const char *etag);

typedef enum {
    ORDERS_IF_MATCH_ANY,     /**< no condition: no header, or `*` */
    ORDERS_IF_MATCH_VERSION, /**< only at `*version` */
    ORDERS_IF_MATCH_NEVER    /**< no tag of ours among them: precondition failed */
} orders_if_match_e;

/**
 * If-Match, read down to the order's version: what else an answer shows is not protected by the condition. Of several
 * tags the highest version counts, because an order never goes back to an earlier one. Weak tags never match.
 */
orders_if_match_e orders_etag_if_match(const char *header, int32_t *version);

#endif
