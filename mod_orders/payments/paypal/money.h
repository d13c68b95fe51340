/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Amounts as PayPal writes them: decimal text, with no decimals at all for HUF, JPY and TWD. The order book has decimals
 * of its own (HUF and TWD 2), so that amounts are converted; exactly, or not at all.
 */
#ifndef ORDERS_PAYMENTS_PAYPAL_MONEY_H
#define ORDERS_PAYMENTS_PAYPAL_MONEY_H

#include <apr_pools.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/problem.h"

/**
 * Writes minor units; `exponent` is the order book's, or ORDERS_EXPONENT_UNKNOWN: as the order book is shipped. A currency
 * that PayPal does not take, and an amount that it cannot write, are `provider_refused`.
 */
orders_problem_t *orders_paypal_money_write(const char **text, apr_pool_t *pool, int64_t minor,
                                            const char *currency, int exponent) ORDERS_MUSTCHECK;

/** Reads an amount that is not negative into minor units of the order book. False: none, or not exactly one. */
bool orders_paypal_money_read(int64_t *minor, const char *text, const char *currency,
                              int exponent) ORDERS_MUSTCHECK;

#endif
