/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/bodies.h"

#include <stdlib.h>

#include "store/order.h"
#include "webhooks/message.h"

static int compare_order(const void *key, const void *element)
{
    const int64_t id = *(const int64_t *)key, other = ((const orders_order_t *)element)->id;

    return id < other ? -1 : id > other;
}

static const orders_order_t *find_order(const apr_array_header_t *orders, int64_t id)
{
    return orders ? bsearch(&id, orders->elts, (size_t)orders->nelts, sizeof(orders_order_t),
                            compare_order)
                  : NULL;
}

/** Reads the orders of the messages whose bodies need them. */
static orders_problem_t *read_orders(const orders_reader_t *reader,
                                     const orders_webhook_target_t *target,
                                     const apr_array_header_t *messages,
                                     apr_array_header_t **orders)
{
    apr_array_header_t *ids = apr_array_make(reader->pool, messages->nelts + 1, sizeof(int64_t));

    *orders = NULL;
    for (int i = 0; i < messages->nelts; i++) {
        const orders_webhook_message_t *message =
            &APR_ARRAY_IDX(messages, i, orders_webhook_message_t);

        if (!message->body && orders_webhook_needs_order(message, target)) {
            APR_ARRAY_PUSH(ids, int64_t) = message->subject_id;
        }
    }
    return ids->nelts ? orders_order_read_many(reader, ids, orders) : NULL;
}

orders_problem_t *orders_webhook_add_bodies(const orders_reader_t *reader,
                                            const orders_webhook_target_t *target,
                                            apr_array_header_t *messages)
{
    apr_array_header_t *ids = apr_array_make(reader->pool, messages->nelts + 1, sizeof(int64_t));
    apr_array_header_t *bodies = apr_array_make(reader->pool, messages->nelts + 1, sizeof(char *));
    apr_array_header_t *orders;

    ORDERS_TRY(read_orders(reader, target, messages, &orders));
    for (int i = 0; i < messages->nelts; i++) {
        orders_webhook_message_t *message = &APR_ARRAY_IDX(messages, i, orders_webhook_message_t);

        if (!message->body) {
            message->body =
                orders_webhook_body(reader->pool, message, find_order(orders, message->subject_id));
            APR_ARRAY_PUSH(ids, int64_t) = message->id;
            APR_ARRAY_PUSH(bodies, const char *) = message->body;
        }
    }
    return ids->nelts ? orders_webhook_queue_store_bodies(reader, ids, bodies) : NULL;
}
