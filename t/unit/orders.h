/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Orders for the tests of responses.
 */
#ifndef ORDERS_UNIT_ORDERS_H
#define ORDERS_UNIT_ORDERS_H

#include "support.h"

#include "api/common/projection.h"
#include "core/call.h"
#include "core/route.h"

/** The route of this name, or NULL without a name. */
static inline const orders_route_t *route_of(const orders_api_t *api, const char *name)
{
    const orders_route_t *route;

    for (size_t i = 0; name && (route = orders_route_at(api, i)); i++) {
        if (strcmp(route->name, name) == 0) {
            return route;
        }
    }
    assert_null(name);
    return NULL;
}

/** The value that a projection has for an order in these states. */
static inline const char *word_of(const orders_projection_t *projection, const char *state,
                                  const char *payment_state, const char *fulfilment_state)
{
    const orders_order_t order = {
        .state = state, .payment_state = payment_state, .fulfilment_state = fulfilment_state};
    return orders_project(projection, &order);
}

/** A paid order with these lines, in cents; its totals are the sums of the lines. */
static inline orders_order_t order_of(bool inclusive, const orders_line_t *lines, size_t count)
{
    orders_order_t order = {
        .id = 57,
        .number = "20230724-10415772C",
        .state = "open",
        .payment_state = "paid",
        .fulfilment_state = "pending",
        .method = "cod",
        .exponent = 2,
        .tax_inclusive = inclusive,
        .of = {.lines = apr_array_make(pool, 4, sizeof(orders_line_t)),
               .taxes = apr_array_make(pool, 2, sizeof(orders_tax_t)),
               .payments = apr_array_make(pool, 1, sizeof(orders_payment_t))},
    };
    for (size_t i = 0; i < count; i++) {
        bool shipping = strcmp(lines[i].kind, "shipping") == 0;
        bool discount = strcmp(lines[i].kind, "discount") == 0;
        APR_ARRAY_PUSH(order.of.lines, orders_line_t) = lines[i];
        order.subtotal += shipping || discount ? 0 : lines[i].subtotal;
        order.shipping += shipping ? lines[i].subtotal : 0;
        order.discount += lines[i].discount;
        order.tax += lines[i].tax;
    }
    order.total = order.subtotal - order.discount + order.shipping + (inclusive ? 0 : order.tax);
    return order;
}

#endif
