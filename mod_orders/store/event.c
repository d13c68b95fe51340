/* SPDX-License-Identifier: Apache-2.0 */
#include "store/event.h"

#include <apr_strings.h>
#include <string.h>

#include "core/number.h"

#define T orders_event_step_t
static const orders_row_field_t step_fields[] = {
    ORDERS_ROW_FIELD(T, TEXT, axis),
    ORDERS_ROW_COLUMN(T, TEXT, "from_state", from),
    ORDERS_ROW_COLUMN(T, TEXT, "to_state", to),
    ORDERS_ROW_FIELD(T, TEXT, comment),
};
const orders_row_type_t orders_event_step_type =
    ORDERS_ROW_TYPE("event_step_view", NULL, T, step_fields);
#undef T

#define T orders_event_t
static const orders_row_field_t event_fields[] = {
    ORDERS_ROW_FIELD(T, INT8, id),
    ORDERS_ROW_FIELD(T, INT4, epoch),
    ORDERS_ROW_FIELD(T, INT8, xid),
    ORDERS_ROW_FIELD(T, JSONB, types),
    ORDERS_ROW_FIELD(T, TEXT, subject),
    ORDERS_ROW_FIELD(T, INT8, subject_id),
    ORDERS_ROW_FIELD(T, UUID, public_id),
    ORDERS_ROW_FIELD(T, TEXT, order_number),
    ORDERS_ROW_FIELD(T, INT4, version),
    ORDERS_ROW_FIELD(T, TEXT, actor),
    ORDERS_ROW_FIELD(T, INT8, actor_id),
    ORDERS_ROW_FIELD(T, TEXT, api),
    ORDERS_ROW_FIELD(T, INT8, return_id),
    ORDERS_ROW_ARRAY(T, "steps", steps, &orders_event_step_type),
    ORDERS_ROW_FIELD(T, TIMESTAMPTZ, created_at),
    ORDERS_ROW_FIELD(T, TEXT, hash),
};
const orders_row_type_t orders_event_type = ORDERS_ROW_TYPE("event_view", "id", T, event_fields);
#undef T

void orders_event_cursor_write(char text[ORDERS_EVENT_CURSOR_SIZE],
                               const orders_event_cursor_t *cursor)
{
    apr_snprintf(text, ORDERS_EVENT_CURSOR_SIZE,
                 "%" APR_INT64_T_FMT ".%" APR_INT64_T_FMT ".%" APR_INT64_T_FMT,
                 (apr_int64_t)cursor->epoch, (apr_int64_t)cursor->xid, (apr_int64_t)cursor->id);
}

bool orders_event_cursor_parse(orders_event_cursor_t *cursor, const char *text)
{
    char same[ORDERS_EVENT_CURSOR_SIZE];
    const char *xid = strchr(text, '.');
    const char *id = xid ? strchr(xid + 1, '.') : NULL;
    if (!id ||
        orders_number_n(text, (apr_size_t)(xid - text), 0, INT32_MAX, &cursor->epoch) !=
            ORDERS_NUMBER_OK ||
        orders_number_n(xid + 1, (apr_size_t)(id - xid - 1), 0, INT64_MAX, &cursor->xid) !=
            ORDERS_NUMBER_OK ||
        orders_number(id + 1, 0, INT64_MAX, &cursor->id) != ORDERS_NUMBER_OK) {
        return false;
    }
    orders_event_cursor_write(same, cursor);
    return strcmp(same, text) == 0;
}

orders_event_cursor_t orders_event_position(const orders_event_t *event)
{
    return (orders_event_cursor_t){event->epoch, event->xid, event->id};
}
