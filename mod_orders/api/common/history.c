/* SPDX-License-Identifier: Apache-2.0 */
#include "api/common/history.h"

#include <string.h>

void orders_history_apply(orders_order_t *then, const orders_history_t *step)
{
    if (strcmp(step->axis, "order") == 0) {
        then->state = step->to;
    } else if (strcmp(step->axis, "payment") == 0) {
        then->payment_state = step->to;
    } else if (strcmp(step->axis, "fulfilment") == 0) {
        then->fulfilment_state = step->to;
    }
}

bool orders_history_ends_operation(const apr_array_header_t *history, int i)
{
    return i + 1 == history->nelts || APR_ARRAY_IDX(history, i, orders_history_t).version !=
                                          APR_ARRAY_IDX(history, i + 1, orders_history_t).version;
}
