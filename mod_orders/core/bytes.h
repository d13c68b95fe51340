/* SPDX-License-Identifier: Apache-2.0 */
/** A growing byte buffer in a pool, for libraries that produce their output in chunks. */
#ifndef ORDERS_CORE_BYTES_H
#define ORDERS_CORE_BYTES_H

#include <apr_pools.h>

/** Initialise all members but the pool with zero. `data` is NULL while the buffer is empty; growing may move it. */
typedef struct orders_bytes_t {
    apr_pool_t *pool;
    unsigned char *data;
    apr_size_t length;
    apr_size_t capacity; /**< allocated bytes */
} orders_bytes_t;

/** Appends a copy of `length` bytes. */
void orders_bytes_add(orders_bytes_t *bytes, const void *data, apr_size_t length);

#endif
