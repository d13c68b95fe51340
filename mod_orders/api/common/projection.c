/* SPDX-License-Identifier: Apache-2.0 */
#include "api/common/projection.h"

#include <apr_strings.h>
#include <string.h>

#define X(name, state) state,
const char *const orders_order_states[] = {ORDERS_ORDER_STATES(X) NULL};
const char *const orders_payment_states[] = {ORDERS_PAYMENT_STATES(X) NULL};
const char *const orders_fulfilment_states[] = {ORDERS_FULFILMENT_STATES(X) NULL};
const char *const orders_return_states[] = {ORDERS_RETURN_STATES(X) NULL};
#undef X

/* The bit of a state; 0 for a state that a later schema has added. */
static unsigned bit_of(const char *const *states, const char *state)
{
    for (unsigned i = 0; state && states[i]; i++) {
        if (strcmp(states[i], state) == 0) {
            return 1u << i;
        }
    }
    return 0;
}

static const char *value_of(const orders_projection_t *row, unsigned order, unsigned payment,
                            unsigned fulfilment)
{
    while ((row->order && !(row->order & order)) || (row->payment && !(row->payment & payment)) ||
           (row->fulfilment && !(row->fulfilment & fulfilment))) {
        row++;
    }
    return row->value;
}

const char *orders_project(const orders_projection_t *table, const orders_order_t *order)
{
    return value_of(table, bit_of(orders_order_states, order->state),
                    bit_of(orders_payment_states, order->payment_state),
                    bit_of(orders_fulfilment_states, order->fulfilment_state));
}

static bool all_show(const orders_shown_t *filters, int count, int order, int payment)
{
    for (int i = 0; i < count; i++) {
        if (filters[i].value && strcmp(filters[i].value, value_of(filters[i].table, 1u << order,
                                                                  1u << payment, 0)) != 0) {
            return false;
        }
    }
    return true;
}

apr_array_header_t *orders_states_shown(apr_pool_t *pool, const orders_shown_t *filters, int count)
{
    bool any = false;
    for (int i = 0; i < count; i++) {
        any = any || filters[i].value;
    }
    if (!any) {
        return NULL;
    }
    apr_array_header_t *pairs = apr_array_make(pool, 8, sizeof(const char *));
    for (int order = 0; order < ORDERS_ORDER__COUNT; order++) {
        for (int payment = 0; payment < ORDERS_PAYMENT__COUNT; payment++) {
            if (all_show(filters, count, order, payment)) {
                APR_ARRAY_PUSH(pairs, const char *) = apr_pstrcat(
                    pool, orders_order_states[order], "/", orders_payment_states[payment], NULL);
            }
        }
    }
    return pairs;
}
