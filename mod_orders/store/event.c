/* SPDX-License-Identifier: Apache-2.0 */
#include "store/event.h"

#include <apr_strings.h>
#include <string.h>

#include "core/number.h"

static const orders_statement_t list_events = {
    .name = "orders_list_events",
    .text = "SELECT * FROM orders_v1.list_events($1, $2, $3, $4, $5, $6)",
    .param_count = 6,
};
static const orders_statement_t verify_history = {
    .name = "orders_verify_history",
    .text = "SELECT * FROM orders_v1.verify_history($1, orders_v1.order_id_of($1, $2))",
    .param_count = 2,
};

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

orders_problem_t *orders_event_list(const orders_reader_t *reader, const orders_event_list_t *list,
                                    apr_array_header_t **events, orders_event_cursor_t *next)
{
    orders_params_t params;
    orders_reader_params(&params, reader);
    orders_param_int(&params, list->after.epoch);
    orders_param_int(&params, list->after.xid);
    orders_param_int(&params, list->after.id);
    orders_param_texts(&params, list->patterns);
    orders_param_int(&params, list->size);
    ORDERS_TRY(orders_store_read(reader, &list_events, &params, &orders_event_type, events));
    const orders_event_t *last = orders_last(*events);
    *next = last ? orders_event_position(last) : list->after;
    if (last && !last->types.text) {
        (*events)->nelts--;
    }
    return NULL;
}

#define T orders_history_check_t
static const orders_row_field_t check_fields[] = {
    ORDERS_ROW_FIELD(T, INT4, version), ORDERS_ROW_FIELD(T, INT4, events),
    ORDERS_ROW_FIELD(T, TEXT, hash),    ORDERS_ROW_FIELD(T, INT4, broken_version),
    ORDERS_ROW_FIELD(T, TEXT, reason),
};
static const orders_row_type_t check_type =
    ORDERS_ROW_TYPE("(a check of a history)", NULL, T, check_fields);
#undef T

orders_problem_t *orders_event_verify(const orders_reader_t *reader, const char *text,
                                      orders_history_check_t **check)
{
    orders_params_t params;
    apr_array_header_t *rows;
    orders_reader_params(&params, reader);
    orders_param_text(&params, text);
    ORDERS_TRY(orders_store_read(reader, &verify_history, &params, &check_type, &rows));
    *check = orders_first(rows);
    return *check ? NULL : orders_problem(reader->pool, ORDERS_E_not_found, NULL);
}
