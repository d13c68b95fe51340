/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: packages whose orders were paid and could not be applied by themselves. */
#include "api/operator/operator.h"
#include "core/input_body.h"
#include "store/member.h"

orders_problem_t *orders_operator_apply(orders_call_t *call, orders_reply_t *reply)
{
    orders_input_t *input;
    orders_writer_t writer;
    orders_written_t *written;
    apr_array_header_t *match;
    ORDERS_TRY(orders_input_body(&input, call, true));
    ORDERS_TRY(orders_fields_decode_exactly(NULL, 0, NULL, input, NULL, call->pool));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_call_match(call, &match));
    ORDERS_TRY(orders_member_apply(&writer, call->param[0], match, &written));
    return orders_operator_reply(call, written->order, written->replayed, reply);
}
