/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The header `traceparent` of W3C Trace Context: version, trace id, parent id and flags, as in
 * 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01. The module records no spans, so it passes the header on with the
 * parent id that it received.
 */
#ifndef ORDERS_CORE_TRACE_H
#define ORDERS_CORE_TRACE_H

#include <apr_pools.h>

/**
 * The value to pass on, in version 00: `header` itself if it has this version, otherwise a copy in `pool` of the fields that version 00 has.
 * NULL: the header is absent or malformed.
 */
const char *orders_trace_parent(apr_pool_t *pool, const char *header);

/** The trace id of a value of orders_trace_parent(): 32 hexadecimal digits, in `pool`. */
const char *orders_trace_id(apr_pool_t *pool, const char *parent);

#endif
