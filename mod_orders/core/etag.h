/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Entity tags and the conditions on them (RFC 9110, sections 8.8.3 and 13.1).
 */
#ifndef ORDERS_CORE_ETAG_H
#define ORDERS_CORE_ETAG_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * The strong tag of an order's representation: `"7-1f6ab0c2d3e4.kq2Xb0cUQ8w"`. The part before the dot, the version and a
 * checksum of order and version, is the same in every representation of the order; the part after it is a checksum of
 * `view`, the parameters that also determine the representation. NULL: SHA-256 failed.
 */
const char *orders_etag(apr_pool_t *pool, int64_t order, int64_t version, const char *view);

/**
 * The strong tag of the representation of a document without a version: `"5d41402abc4b2a76b9719d91.kq2Xb0cUQ8w"`. `tag`, the part before
 * the dot, is that of the document (orders_v1.document_tag). The part after it is a checksum of `view`, all data that the representation
 * has in addition to the document.
 */
const char *orders_etag_document(apr_pool_t *pool, const char *tag, const char *view);

/** If-None-Match: whether one of its tags (or `*`) is `etag`, by weak comparison: the response is 304. NULL header: false. */
bool orders_etag_none_match(const char *header, const char *etag);

typedef enum {
    ORDERS_IF_MATCH_ANY,  /**< no condition: no header, or `*` */
    ORDERS_IF_MATCH_TAGS, /**< one of `*tags` must be that of the order */
    ORDERS_IF_MATCH_NEVER /**< no tag has the form of an order's tag: precondition failed */
} orders_if_match_e;

/**
 * If-Match. `*tags`: the parts before the dot of all tags that have the form of an order's tag (const char *), NULL without a condition.
 * Only strong tags match (RFC 9110, section 13.1.1). The part after the dot is ignored: the condition protects the order,
 * not the rest of the representation, and a compressing filter adds its suffix (`-gzip`) there.
 */
orders_if_match_e orders_etag_if_match(const char *header, apr_pool_t *pool,
                                       apr_array_header_t **tags);
/** The same with tags of documents. */
orders_if_match_e orders_etag_if_match_document(const char *header, apr_pool_t *pool,
                                                apr_array_header_t **tags);
/** Whether the value of If-Match or If-None-Match is `*`. NULL header: false. */
bool orders_etag_is_any(const char *header);

#endif
