/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Projections: from an order's canonical states to the status values of an API, and from a value back to the states that it shows.
 *
 * A projection is a table that is read from the top: the first row that matches the states of the order has the value. The
 * last row matches all orders, so every order has a value.
 */
#ifndef ORDERS_API_COMMON_PROJECTION_H
#define ORDERS_API_COMMON_PROJECTION_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "store/views.h"

enum {
#define X(name, state) ORDERS_ORDER_INDEX_##name,
    ORDERS_ORDER_STATES(X)
#undef X
        ORDERS_ORDER__COUNT
};
enum {
#define X(name, state) ORDERS_PAYMENT_INDEX_##name,
    ORDERS_PAYMENT_STATES(X)
#undef X
        ORDERS_PAYMENT__COUNT
};
enum {
#define X(name, state) ORDERS_FULFILMENT_INDEX_##name,
    ORDERS_FULFILMENT_STATES(X)
#undef X
        ORDERS_FULFILMENT__COUNT
};

/** Bits of states, for tables. */
#define ORDERS_ORDER(name) (1u << ORDERS_ORDER_INDEX_##name)
#define ORDERS_PAYMENT(name) (1u << ORDERS_PAYMENT_INDEX_##name)
#define ORDERS_FULFILMENT(name) (1u << ORDERS_FULFILMENT_INDEX_##name)

/** The order is closed without being completed. */
#define ORDERS_CLOSED (ORDERS_ORDER(CANCELLED) | ORDERS_ORDER(EXPIRED) | ORDERS_ORDER(ERROR))
/** The order is paid. A refund may be pending, or a part of the amount may have been refunded. */
#define ORDERS_PAID                                                                                \
    (ORDERS_PAYMENT(PAID) | ORDERS_PAYMENT(REFUND_PENDING) | ORDERS_PAYMENT(PARTIALLY_REFUNDED))
/** The order has been paid, even if all of the amount has been refunded. */
#define ORDERS_ONCE_PAID (ORDERS_PAID | ORDERS_PAYMENT(REFUNDED))
/** Some or all of the amount has been refunded, or a refund is pending. */
#define ORDERS_REFUNDING                                                                           \
    (ORDERS_PAYMENT(REFUND_PENDING) | ORDERS_PAYMENT(PARTIALLY_REFUNDED) | ORDERS_PAYMENT(REFUNDED))
/** The goods have been shipped and not delivered. */
#define ORDERS_IN_DELIVERY (ORDERS_FULFILMENT(SHIPPED) | ORDERS_FULFILMENT(OUT_FOR_DELIVERY))
/** The goods have been delivered, even if they were returned later. */
#define ORDERS_ARRIVED (ORDERS_FULFILMENT(DELIVERED) | ORDERS_FULFILMENT(RETURNED))

typedef struct orders_projection_t {
    unsigned order, payment, fulfilment; /**< any of these states; 0: any state */
    const char *value;
} orders_projection_t;

/** The names of the states, for filters; NULL-terminated. */
extern const char *const orders_order_states[];
extern const char *const orders_payment_states[];
extern const char *const orders_fulfilment_states[];
extern const char *const orders_return_states[];

/** The value that `table` has for the order. */
const char *orders_project(const orders_projection_t *table, const orders_order_t *order);

/** A filter: the orders for which `table` has this value. */
typedef struct orders_shown_t {
    const orders_projection_t *table;
    const char *value; /**< NULL: any */
} orders_shown_t;

/**
 * The pairs "order state/payment state" that match all filters, as an array of const char *. NULL if no filter has a value.
 * The tables must not depend on the fulfilment state. For tables that do, the list statement must compare all three states.
 */
apr_array_header_t *orders_states_shown(apr_pool_t *pool, const orders_shown_t *filters, int count);

#endif
