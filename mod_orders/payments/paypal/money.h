/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Amounts in PayPal's format: decimal text, without decimals for HUF, JPY and TWD. The database may use other decimals (HUF and TWD: 2), so
 * amounts are converted; a conversion that is not exact fails.
 */
#ifndef ORDERS_PAYMENTS_PAYPAL_MONEY_H
#define ORDERS_PAYMENTS_PAYPAL_MONEY_H

#include <apr_pools.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/problem.h"

/**
 * Writes an amount in minor units of `exponent` (ORDERS_EXPONENT_UNKNOWN: that of the currency table as shipped). `provider_refused`: PayPal does
 * not support the currency, or the amount is not positive or not a multiple of PayPal's smallest unit.
 */
orders_problem_t *orders_paypal_money_write(const char **text, apr_pool_t *pool, int64_t minor,
                                            const char *currency, int exponent) ORDERS_MUSTCHECK;

/** Parses an amount that is not negative into minor units of `exponent`. False: malformed, or not exact. */
bool orders_paypal_money_read(int64_t *minor, const char *text, const char *currency,
                              int exponent) ORDERS_MUSTCHECK;

#endif
