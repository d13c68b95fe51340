/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Strict parsing of decimal integers: digits with an optional leading minus. No spaces, no plus sign, no overflow.
 */
#ifndef ORDERS_CORE_NUMBER_H
#define ORDERS_CORE_NUMBER_H

#include <apr.h>
#include <stdint.h>

#include "core/problem.h"

typedef enum {
    ORDERS_NUMBER_OK,
    ORDERS_NUMBER_NONE, /**< not an integer */
    ORDERS_NUMBER_RANGE /**< out of range */
} orders_number_e;

/** `*value` is set only on ORDERS_NUMBER_OK. `text` need not end with a NUL. */
orders_number_e orders_number_n(const char *text, apr_size_t length, int64_t min, int64_t max,
                                int64_t *value) ORDERS_MUSTCHECK;

/** The same for a NUL-terminated text; NULL is ORDERS_NUMBER_NONE. */
orders_number_e orders_number(const char *text, int64_t min, int64_t max,
                              int64_t *value) ORDERS_MUSTCHECK;

/**
 * Parses an integer of a request: digits as above, or a JSON number whose value is an integer (1.0, 1e0, 10e-1). Any other number
 * is ORDERS_NUMBER_NONE.
 */
orders_number_e orders_number_integral(const char *text, int64_t min, int64_t max,
                                       int64_t *value) ORDERS_MUSTCHECK;

/** An id in a path: 1 to INT64_MAX; 0, which no row has, for any other text. */
int64_t orders_number_id(const char *text);

/** Room for any 64-bit number, its sign and a NUL. */
#define ORDERS_NUMBER_SIZE 24

/** Writes without a NUL; returns the length. */
apr_size_t orders_number_write_uint(char *out, uint64_t number);
apr_size_t orders_number_write_int(char *out, int64_t number);

#endif
