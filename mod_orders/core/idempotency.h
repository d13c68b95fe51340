/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The idempotency key of a request.
 */
#ifndef ORDERS_CORE_IDEMPOTENCY_H
#define ORDERS_CORE_IDEMPOTENCY_H

#include <apr_pools.h>

#include "core/problem.h"

/**
 * The key from the header (NULL: none) and from a field of the body (NULL or "": none), or NULL when there is neither.
 * 1 to 255 visible ASCII characters, else `invalid_idempotency_key`; two that differ are `idempotency_key_mismatch`.
 * Not copied.
 */
orders_problem_t *orders_idempotency_key(const char **key, apr_pool_t *pool, const char *header,
                                         const char *field) ORDERS_MUSTCHECK;

#endif
