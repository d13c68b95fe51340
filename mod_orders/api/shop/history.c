/* SPDX-License-Identifier: Apache-2.0 */
/* The shop API: the status history of an order. */
#include <string.h>

#include "api/common/history.h"
#include "api/common/members.h"
#include "api/shop/shop.h"

void orders_shop_write_history(orders_json_t *json, const orders_order_t *order)
{
    const apr_array_header_t *history = order->of.history;
    orders_order_t at = {.state = "open", .payment_state = "unpaid", .fulfilment_state = "none"};
    const char *shown = NULL;
    orders_json_begin_array(json);
    for (int i = 0; i < history->nelts; i++) {
        const orders_history_t *step = &APR_ARRAY_IDX(history, i, orders_history_t);
        orders_history_apply(&at, step);
        const char *status = orders_project(orders_shop_status, &at);
        if (orders_history_ends_operation(history, i) && (!shown || strcmp(shown, status) != 0)) {
            orders_json_begin_object(json);
            orders_json_member_string(json, "status", status);
            orders_member_time(json, "timestamp", step->created_at);
            orders_json_end_object(json);
            shown = status;
        }
    }
    orders_json_end_array(json);
}
