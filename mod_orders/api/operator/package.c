/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: paid orders of packages that the module could not apply. */
#include "api/operator/operator.h"
#include "core/call_input.h"
#include "store/member.h"

orders_problem_t *orders_operator_apply(orders_call_t *call, orders_reply_t *reply)
{
    orders_writer_t writer;
    orders_written_t *written;
    apr_array_header_t *match;
    ORDERS_TRY(orders_call_read(call, NULL));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_call_match(call, &match));
    ORDERS_TRY(orders_member_apply(&writer, call->param[0], match, &written));
    return orders_operator_reply(call, written->order, written->replayed, reply);
}
