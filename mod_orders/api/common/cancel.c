/* SPDX-License-Identifier: Apache-2.0 */
#include "api/common/cancel.h"

#include "core/input_body.h"

typedef struct cancel_t {
    const char *reason;
} cancel_t;

static const orders_field_t fields[] = {
    ORDERS_FIELD(cancel_t, STRING, reason, .max = 255),
};

orders_problem_t *orders_cancel_read(orders_cancel_t *cancel, orders_writer_t *writer,
                                     orders_call_t *call, const char *actor, bool exactly)
{
    orders_input_t *input;
    cancel_t body = {NULL};
    ORDERS_TRY(orders_input_body(&input, call, true));
    ORDERS_TRY(exactly
                   ? orders_fields_decode_exactly(fields, ORDERS_COUNT(fields), NULL, input, &body,
                                                  call->pool)
                   : orders_fields_decode(fields, ORDERS_COUNT(fields), input, &body, call->pool));
    ORDERS_TRY(orders_call_writer(writer, call, actor, NULL));
    ORDERS_TRY(orders_call_match(call, &cancel->match));
    cancel->reason = orders_or_null(body.reason);
    return NULL;
}
