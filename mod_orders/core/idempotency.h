/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The idempotency key of a request.
 */
#ifndef ORDERS_CORE_IDEMPOTENCY_H
#define ORDERS_CORE_IDEMPOTENCY_H

#include <apr_pools.h>

#include "core/problem.h"

/**
 * The key from the header (NULL: none) or from a field of the body (NULL or "": none); NULL when there is neither.
 * `invalid_idempotency_key` unless it has 1 to 255 visible ASCII characters; `idempotency_key_mismatch` when header and field differ.
 * Not copied.
 */
orders_problem_t *orders_idempotency_key(const char **key, apr_pool_t *pool, const char *header,
                                         const char *field) ORDERS_MUSTCHECK;

#endif
