/* SPDX-License-Identifier: Apache-2.0 */
#include "webhooks/message.h"

#include <string.h>

#include "canonical/event.h"
#include "canonical/members.h"
#include "canonical/order.h"

bool orders_webhook_needs_order(const orders_webhook_message_t *message,
                                const orders_webhook_target_t *target)
{
    return message->event && message->event->order_number && !strcmp(target->payload, "full");
}

static void write_order_name(orders_json_t *json, const orders_event_t *event, int64_t version)
{
    orders_json_begin_object(json);
    orders_json_member_int(json, "id", event->subject_id);
    orders_member_uuid(json, "public_id", event->public_id);
    orders_json_member_string(json, "number", event->order_number);
    orders_json_member_int(json, "version", version);
    orders_json_end_object(json);
}

/* Without the URL, whose query may hold a credential of the receiver. */
static void write_endpoint(orders_json_t *json, const orders_webhook_t *endpoint)
{
    orders_json_begin_object(json);
    orders_member_uuid(json, "id", endpoint->public_id);
    orders_json_member_string(json, "description", endpoint->description);
    orders_json_member_string(json, "state", endpoint->state);
    orders_json_member_string(json, "disabled_reason", endpoint->disabled_reason);
    orders_json_member_int(json, "version", endpoint->version);
    orders_json_end_object(json);
}

static void write_data(orders_json_t *json, const orders_webhook_message_t *message,
                       const orders_order_t *order, bool full)
{
    const orders_event_t *event = message->event;
    orders_json_begin_object(json);
    if (event) {
        orders_json_key(json, "event");
        orders_canonical_write_event(json, event);
    }
    if (message->endpoint) {
        orders_json_key(json, "webhook");
        write_endpoint(json, message->endpoint);
    } else if (event && event->order_number) {
        orders_json_key(json, "order");
        if (order && full) {
            orders_canonical_write_order(json, order, ORDERS_CANONICAL_WITHOUT_PAY_LINKS);
        } else {
            write_order_name(json, event, order ? order->version : event->version);
        }
    }
    orders_json_end_object(json);
}

static orders_json_t *write_body(apr_pool_t *pool, const orders_webhook_message_t *message,
                                 const orders_order_t *order, bool full)
{
    orders_json_t *json = orders_json_open(pool);
    orders_json_begin_object(json);
    orders_json_member_string(json, "type", message->type);
    orders_member_time(json, "timestamp",
                       message->event ? message->event->created_at : message->created_at);
    orders_json_key(json, "data");
    write_data(json, message, order, full);
    orders_json_end_object(json);
    return json;
}

const char *orders_webhook_body(apr_pool_t *pool, const orders_webhook_message_t *message,
                                const orders_order_t *order)
{
    orders_json_t *json = write_body(pool, message, order, true);
    if (order && orders_json_length(json) > ORDERS_WEBHOOK_MAX_BODY) {
        json = write_body(pool, message, order, false);
    }
    return orders_json_text(json, pool, NULL);
}
