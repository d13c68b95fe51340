/* SPDX-License-Identifier: Apache-2.0 */
/* The user API: one order, and its payment status. */
#include <apr_strings.h>

#include "api/user/user.h"
#include "core/etag.h"
#include "core/number.h"

orders_problem_t *orders_user_detail(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    orders_order_t *order;
    ORDERS_TRY(orders_order_read_own(&reader, call->identity->user_id,
                                     orders_number_id(call->param[0]), &order));
    return orders_user_reply(call, order, false, reply);
}

orders_problem_t *orders_user_payment_state(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    orders_order_t *order;
    ORDERS_TRY(orders_order_read_status(&reader, call->identity->user_id,
                                        orders_number_id(call->param[0]), &order));
    reply->json = orders_json_open(call->pool);
    orders_user_write_payment_status(reply->json, order);
    reply->etag =
        orders_etag(call->pool, order->id, order->version,
                    apr_psprintf(call->pool, "payment %" APR_INT64_T_FMT, (apr_int64_t)order->id));
    return NULL;
}
