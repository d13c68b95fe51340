/* SPDX-License-Identifier: Apache-2.0 */
/* The user API: cancelling. */
#include "api/user.h"
#include "core/input_body.h"
#include "core/number.h"

typedef struct cancel_t {
    const char *reason;
} cancel_t;

static const orders_field_t fields[] = {
    ORDERS_FIELD(cancel_t, STRING, reason, .max = 255),
};

orders_problem_t *orders_user_cancel(orders_call_t *call, orders_reply_t *reply)
{
    orders_input_t *input;
    cancel_t body = {NULL};
    orders_writer_t writer;
    orders_answer_t *answer;
    orders_cancel_t cancel = {
        .order = {.id = orders_number_id(call->param[0])},
        .user_id = call->identity->user_id,
    };
    ORDERS_TRY(orders_input_body(&input, call, true));
    ORDERS_TRY(orders_fields_decode(fields, ORDERS_COUNT(fields), input, &body, call->pool));
    ORDERS_TRY(orders_call_writer(&writer, call, "buyer", NULL));
    ORDERS_TRY(orders_call_version(call, &cancel.version));
    if (!cancel.order.id) {
        return orders_problem(call->pool, ORDERS_E_not_found, NULL);
    }
    cancel.reason = orders_or_null(body.reason);
    ORDERS_TRY(orders_order_cancel(&writer, &cancel, &answer));
    return orders_user_reply(call, answer, reply);
}
