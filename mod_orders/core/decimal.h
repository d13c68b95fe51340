/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Decimal numbers as JSON writes them (284.04, -3, 2.5e2), read exactly. The one reader of every integer and amount that a
 * client sends.
 */
#ifndef ORDERS_CORE_DECIMAL_H
#define ORDERS_CORE_DECIMAL_H

#include <apr_pools.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/problem.h"

/** Longer literals are refused unread (ORDERS_DECIMAL_RANGE). */
#define ORDERS_DECIMAL_MAX_LENGTH 64

typedef enum {
    ORDERS_DECIMAL_OK,
    ORDERS_DECIMAL_NONE,    /**< no decimal number */
    ORDERS_DECIMAL_PRECISE, /**< more decimals than asked for */
    ORDERS_DECIMAL_RANGE    /**< beyond 64 bits */
} orders_decimal_e;

/** The number times 10 to the power of `exponent`, which must be an integer. `*value` is set only on ORDERS_DECIMAL_OK. */
orders_decimal_e orders_decimal_scaled(const char *text, apr_size_t length, int exponent,
                                       int64_t *value) ORDERS_MUSTCHECK;

/** One spelling for each value: 2.50, 25e-1 and 2.5 are "25e-1", 1.0 is "1", -0.0 is "0". NULL when it is no number. */
const char *orders_decimal_canonical(apr_pool_t *pool, const char *text, apr_size_t length);

#endif
