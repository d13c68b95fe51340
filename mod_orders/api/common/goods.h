/* SPDX-License-Identifier: Apache-2.0 */
/** The lines of an order that are sold: products, plans and packages. All other lines are shipping, discounts, vouchers and tax. */
#ifndef ORDERS_API_COMMON_GOODS_H
#define ORDERS_API_COMMON_GOODS_H

#include "store/views.h"

bool orders_is_goods(const orders_line_t *line);

/** The first goods line at index `*at` or later, or NULL. `*at` becomes the index after it. */
const orders_line_t *orders_next_goods(const orders_order_t *order, int *at);

/** The tax of the goods lines, or of all other lines. */
int64_t orders_tax_of(const orders_order_t *order, bool goods);

#endif
