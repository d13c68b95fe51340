/* SPDX-License-Identifier: Apache-2.0 */
/** The lines of an order that are goods; the others are what these cost more or less: shipping, discounts, tax. */
#ifndef ORDERS_API_COMMON_GOODS_H
#define ORDERS_API_COMMON_GOODS_H

#include "store/views.h"

bool orders_is_goods(const orders_line_t *line);

/** The goods at or after line `*at`, which moves on behind them; NULL when there are none. */
const orders_line_t *orders_next_goods(const orders_order_t *order, int *at);

/** The tax of the goods, or of all that is not goods. */
int64_t orders_tax_of(const orders_order_t *order, bool goods);

#endif
