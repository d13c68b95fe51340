/* SPDX-License-Identifier: Apache-2.0 */
#include "api/common/cancel.h"

#include "core/call_input.h"

typedef struct cancel_t {
    const char *reason;
} cancel_t;

static const orders_field_t fields[] = {
    ORDERS_FIELD(cancel_t, STRING, reason, .max = 255),
};
const orders_field_table_t orders_cancel_fields = ORDERS_FIELD_TABLE(fields);
const orders_field_table_t orders_cancel_fields_exactly =
    ORDERS_FIELD_TABLE(fields, .exactly = true);

orders_problem_t *orders_cancel_read(orders_cancel_t *cancel, orders_writer_t *writer,
                                     orders_call_t *call, const char *actor)
{
    cancel_t body = {NULL};
    ORDERS_TRY(orders_call_read(call, &body));
    ORDERS_TRY(orders_call_writer(writer, call, actor, NULL));
    ORDERS_TRY(orders_call_match(call, &cancel->match));
    cancel->reason = orders_or_null(body.reason);
    return NULL;
}
