/* SPDX-License-Identifier: Apache-2.0 */
/* The shop API: how an order came to its word. */
#include <string.h>

#include "api/common/members.h"
#include "api/shop/shop.h"

/* The axes that the words follow from; others leave them as they are. */
static const struct {
    const char *axis;
    size_t member;
} axes[] = {
    {"order", offsetof(orders_order_t, state)},
    {"payment", offsetof(orders_order_t, payment_state)},
    {"fulfilment", offsetof(orders_order_t, fulfilment_state)},
};

static void take_step(orders_order_t *at, const orders_history_t *step)
{
    for (size_t i = 0; i < ORDERS_COUNT(axes); i++) {
        if (strcmp(axes[i].axis, step->axis) == 0) {
            *(const char **)(void *)((char *)at + axes[i].member) = step->to;
        }
    }
}

/* The steps of one operation have one version: the order was never seen between them. */
static bool ends_operation(const apr_array_header_t *history, int i)
{
    return i + 1 == history->nelts || APR_ARRAY_IDX(history, i, orders_history_t).version !=
                                          APR_ARRAY_IDX(history, i + 1, orders_history_t).version;
}

void orders_shop_write_history(orders_json_t *json, const orders_order_t *order)
{
    const apr_array_header_t *history = order->of.history;
    orders_order_t at = {.state = "open", .payment_state = "unpaid", .fulfilment_state = "none"};
    const char *shown = NULL;
    orders_json_begin_array(json);
    for (int i = 0; i < history->nelts; i++) {
        const orders_history_t *step = &APR_ARRAY_IDX(history, i, orders_history_t);
        take_step(&at, step);
        const char *word = orders_project(orders_shop_status, &at);
        if (ends_operation(history, i) && (!shown || strcmp(shown, word) != 0)) {
            orders_json_begin_object(json);
            orders_json_member_string(json, "status", word);
            orders_member_time(json, "timestamp", step->created_at);
            orders_json_end_object(json);
            shown = word;
        }
    }
    orders_json_end_array(json);
}
