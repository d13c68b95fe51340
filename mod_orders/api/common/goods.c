/* SPDX-License-Identifier: Apache-2.0 */
#include "api/common/goods.h"

#include <string.h>

#include "api/common/request.h"

bool orders_is_goods(const orders_line_t *line)
{
    static const char *const kinds[] = {"product", "plan", "package"};
    for (size_t i = 0; i < ORDERS_COUNT(kinds); i++) {
        if (strcmp(kinds[i], line->kind) == 0) {
            return true;
        }
    }
    return false;
}

const orders_line_t *orders_next_goods(const orders_order_t *order, int *at)
{
    while (*at < order->of.lines->nelts) {
        const orders_line_t *line = &APR_ARRAY_IDX(order->of.lines, *at, orders_line_t);
        (*at)++;
        if (orders_is_goods(line)) {
            return line;
        }
    }
    return NULL;
}

int64_t orders_tax_of(const orders_order_t *order, bool goods)
{
    int64_t tax = 0;
    for (int i = 0; i < order->of.lines->nelts; i++) {
        const orders_line_t *line = &APR_ARRAY_IDX(order->of.lines, i, orders_line_t);
        tax += orders_is_goods(line) == goods ? line->tax : 0;
    }
    return tax;
}
