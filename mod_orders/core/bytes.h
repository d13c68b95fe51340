/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Bytes that grow in a pool: where a library hands over its output piece by piece.
 */
#ifndef ORDERS_CORE_BYTES_H
#define ORDERS_CORE_BYTES_H

#include <apr_pools.h>

/** Empty when all but the pool is zero. `data` is NULL while there are no bytes, and moves as they grow. */
typedef struct orders_bytes_t {
    apr_pool_t *pool;
    unsigned char *data;
    apr_size_t length;
    apr_size_t room;
} orders_bytes_t;

/** Adds a copy of `length` bytes. */
void orders_bytes_add(orders_bytes_t *bytes, const void *data, apr_size_t length);

#endif
