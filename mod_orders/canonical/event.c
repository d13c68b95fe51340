/* SPDX-License-Identifier: Apache-2.0 */
#include "canonical/event.h"

#include "canonical/members.h"
#include "canonical/order.h"

static void member_subject(orders_json_t *json, const orders_event_t *event)
{
    orders_json_member_string(json, "subject", event->subject);
    orders_json_key(json, "order");
    if (event->order_number) {
        orders_json_begin_object(json);
        orders_json_member_int(json, "id", event->subject_id);
        orders_member_uuid(json, "public_id", event->public_id);
        orders_json_member_string(json, "number", event->order_number);
        orders_json_end_object(json);
    } else {
        orders_json_null(json);
    }
    orders_json_key(json, "webhook");
    if (event->order_number) {
        orders_json_null(json);
    } else {
        orders_json_begin_object(json);
        orders_member_uuid(json, "id", event->public_id);
        orders_json_end_object(json);
    }
}

static void member_steps(orders_json_t *json, const apr_array_header_t *steps)
{
    orders_json_key(json, "steps");
    orders_json_begin_array(json);
    for (int i = 0; i < steps->nelts; i++) {
        const orders_event_step_t *step = &APR_ARRAY_IDX(steps, i, orders_event_step_t);
        orders_json_begin_object(json);
        orders_json_member_string(json, "axis", step->axis);
        orders_json_member_string(json, "from", step->from);
        orders_json_member_string(json, "to", step->to);
        orders_json_member_string(json, "comment", step->comment);
        orders_json_end_object(json);
    }
    orders_json_end_array(json);
}

void orders_canonical_write_event(orders_json_t *json, const orders_event_t *event)
{
    char cursor[ORDERS_EVENT_CURSOR_SIZE];
    orders_event_cursor_t position = orders_event_position(event);
    orders_event_cursor_write(cursor, &position);
    orders_json_begin_object(json);
    orders_json_member_int(json, "id", event->id);
    orders_json_member_string(json, "cursor", cursor);
    orders_json_member_raw(json, "types", event->types.text, (apr_size_t)event->types.length);
    member_subject(json, event);
    orders_json_member_int(json, "version", event->version);
    orders_member_time(json, "at", event->created_at);
    orders_canonical_member_actor(json, event->actor, event->actor_id);
    orders_json_member_string(json, "api", event->api);
    orders_member_id(json, "return_id", event->return_id);
    member_steps(json, event->steps);
    orders_json_member_string(json, "hash", event->hash);
    orders_json_end_object(json);
}
