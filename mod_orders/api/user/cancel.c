/* SPDX-License-Identifier: Apache-2.0 */
/* The user API: cancelling. */
#include "api/common/cancel.h"
#include "api/user/user.h"
#include "core/number.h"

orders_problem_t *orders_user_cancel(orders_call_t *call, orders_reply_t *reply)
{
    orders_writer_t writer;
    orders_written_t *written;
    orders_cancel_t cancel = {
        .order = {.id = orders_number_id(call->param[0])},
        .user_id = call->identity->user_id,
    };
    ORDERS_TRY(orders_cancel_read(&cancel, &writer, call, "buyer"));
    if (!cancel.order.id) {
        return orders_problem(call->pool, ORDERS_E_not_found, NULL);
    }
    ORDERS_TRY(orders_order_cancel(&writer, &cancel, &written));
    return orders_user_reply(call, written->order, written->replayed, reply);
}
