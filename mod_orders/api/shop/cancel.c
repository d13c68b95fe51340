/* SPDX-License-Identifier: Apache-2.0 */
/* The shop API: cancelling. */
#include "api/common/cancel.h"
#include "api/common/members.h"
#include "api/shop/shop.h"
#include "core/text.h"

static void write_response(orders_json_t *json, const orders_order_t *order)
{
    orders_json_begin_object(json);
    orders_json_key(json, "data");
    orders_json_begin_object(json);
    orders_member_uuid(json, "orderId", order->public_id);
    orders_json_member_string(json, "status", orders_project(orders_shop_status, order));
    orders_json_member_string(json, "message", "Order cancelled successfully");
    orders_json_end_object(json);
    orders_json_end_object(json);
}

orders_problem_t *orders_shop_cancel(orders_call_t *call, orders_reply_t *reply)
{
    orders_writer_t writer;
    orders_written_t *written;
    const orders_order_t *order;
    orders_cancel_t cancel = {
        .order = {.text = call->param[0]},
        .user_id = call->identity->user_id,
    };
    ORDERS_TRY(orders_cancel_read(&cancel, &writer, call, "buyer"));
    if (!orders_text_is_uuid(call->param[0])) {
        return orders_problem(call->pool, ORDERS_E_not_found, NULL);
    }
    ORDERS_TRY(orders_order_cancel(&writer, &cancel, &written));
    ORDERS_TRY(orders_written_order(call->pool, written, &order));
    reply->json = orders_json_open(call->pool);
    write_response(reply->json, order);
    reply->replayed = written->replayed;
    return NULL;
}
