/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Exact decimal numbers in JSON's syntax (284.04, -3, 2.5e2). Every integer and amount of a request is parsed here.
 */
#ifndef ORDERS_CORE_DECIMAL_H
#define ORDERS_CORE_DECIMAL_H

#include <apr_pools.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/problem.h"

/** Longer literals are ORDERS_DECIMAL_RANGE. */
#define ORDERS_DECIMAL_MAX_LENGTH 64

typedef enum {
    ORDERS_DECIMAL_OK,
    ORDERS_DECIMAL_NONE,    /**< not a decimal number */
    ORDERS_DECIMAL_PRECISE, /**< more decimals than allowed */
    ORDERS_DECIMAL_RANGE    /**< beyond 64 bits */
} orders_decimal_e;

/** Parses a number and scales it by 10 to the power of `exponent`; the result must be an integer. Sets `*value` only on ORDERS_DECIMAL_OK. */
orders_decimal_e orders_decimal_scaled(const char *text, apr_size_t length, int exponent,
                                       int64_t *value) ORDERS_MUSTCHECK;

/** The canonical form of a number: 2.50, 25e-1 and 2.5 become "25e-1", 1.0 becomes "1", -0.0 becomes "0". NULL: not a number. */
const char *orders_decimal_canonical(apr_pool_t *pool, const char *text, apr_size_t length);

/** Number of characters of a number written without an exponent, as PostgreSQL writes it. 0: not a number. */
apr_size_t orders_decimal_plain_length(const char *text, apr_size_t length);

#endif
