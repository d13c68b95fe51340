/* SPDX-License-Identifier: Apache-2.0 */
/** The bodies of messages to webhooks. */
#ifndef ORDERS_WEBHOOKS_MESSAGE_H
#define ORDERS_WEBHOOKS_MESSAGE_H

#include "store/webhook_queue.h"

/** A longer body has the name of the order instead of the order. */
#define ORDERS_WEBHOOK_MAX_BODY 20000

/** Whether the body needs the order of the event: the endpoint has the payload `full`, and the event is about an order. */
bool orders_webhook_needs_order(const orders_webhook_message_t *message,
                                const orders_webhook_target_t *target);

/**
 * The body, in `pool`: {"type", "timestamp", "data"}. `data` has `event` (but not in a test message), and `order` or `webhook`. `order`: with
 * ORDERS_OPERATOR_COLUMNS; NULL: only its name is written. Pay links are null.
 */
const char *orders_webhook_body(apr_pool_t *pool, const orders_webhook_message_t *message,
                                const orders_order_t *order);

#endif
