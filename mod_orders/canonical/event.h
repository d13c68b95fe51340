/* SPDX-License-Identifier: Apache-2.0 */
/** An event as JSON: the same members in the feed of events and in webhooks. */
#ifndef ORDERS_CANONICAL_EVENT_H
#define ORDERS_CANONICAL_EVENT_H

#include "core/json_writer.h"
#include "store/event.h"

/**
 * Writes the object of an event. It has the members `order` and `webhook`, one of which is null; an order has its id, UUID and number, a
 * webhook its UUID.
 */
void orders_canonical_write_event(orders_json_t *json, const orders_event_t *event);

#endif
