/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Amounts: 64-bit minor units and a currency's exponent (JPY 0, CHF 2, TND 3). Decimal text is read and written exactly;
 * no floating point anywhere.
 */
#ifndef ORDERS_CORE_MONEY_H
#define ORDERS_CORE_MONEY_H

#include <apr.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/decimal.h"

typedef orders_decimal_e orders_money_e;
#define ORDERS_MONEY_OK ORDERS_DECIMAL_OK
#define ORDERS_MONEY_NONE ORDERS_DECIMAL_NONE
#define ORDERS_MONEY_PRECISE ORDERS_DECIMAL_PRECISE /**< more decimals than the currency has */
#define ORDERS_MONEY_RANGE ORDERS_DECIMAL_RANGE     /**< beyond 64 bits of minor units */

/** A currency has at most this many decimals (ISO 4217 knows up to 4). */
#define ORDERS_MONEY_MAX_EXPONENT 6

/**
 * Reads a number as JSON writes it (284.04, -3, 2.5e2) into minor units. Zeros beyond the currency's decimals are fine,
 * other digits there are not. `*minor` is set only on ORDERS_MONEY_OK.
 */
orders_money_e orders_money_parse(const char *text, apr_size_t length, int exponent,
                                  int64_t *minor) ORDERS_MUSTCHECK;

/** Room for any amount and a NUL. */
#define ORDERS_MONEY_SIZE 40

/** Writes 28400 with exponent 2 as 284.00, or as 284 when `trim`, without a NUL; returns the length. */
apr_size_t orders_money_write(char *out, int64_t minor, int exponent, bool trim);

#endif
