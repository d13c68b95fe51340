/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Amounts: 64-bit integers in minor units, and the exponent of the currency (JPY 0, CHF 2, TND 3). Decimal text is parsed and written exactly;
 * no floating point is used.
 */
#ifndef ORDERS_CORE_MONEY_H
#define ORDERS_CORE_MONEY_H

#include <apr_pools.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/decimal.h"

typedef orders_decimal_e orders_money_e;
#define ORDERS_MONEY_OK ORDERS_DECIMAL_OK
#define ORDERS_MONEY_NONE ORDERS_DECIMAL_NONE
#define ORDERS_MONEY_PRECISE ORDERS_DECIMAL_PRECISE /**< more decimals than the currency has */
#define ORDERS_MONEY_RANGE ORDERS_DECIMAL_RANGE     /**< beyond 64 bits of minor units */

/** Maximum number of decimals of a currency (ISO 4217 uses up to 4). */
#define ORDERS_MONEY_MAX_EXPONENT 6

/**
 * Parses a number in JSON's syntax (284.04, -3, 2.5e2) into minor units. Decimals beyond those of the currency must be zeros.
 * Sets `*minor` only on ORDERS_MONEY_OK.
 */
orders_money_e orders_money_parse(const char *text, apr_size_t length, int exponent,
                                  int64_t *minor) ORDERS_MUSTCHECK;

/** Room for any amount and a NUL. */
#define ORDERS_MONEY_SIZE 40

/** Writes 28400 with exponent 2 as 284.00, or as 284 when `trim`, without a NUL; returns the length. */
apr_size_t orders_money_write(char *out, int64_t minor, int exponent, bool trim);

/** An amount with all its decimals and the currency: "284.00 USD". */
const char *orders_money_text(apr_pool_t *pool, int64_t minor, int exponent, const char *currency);

#endif
