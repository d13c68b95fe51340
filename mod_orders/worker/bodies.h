/* SPDX-License-Identifier: Apache-2.0 */
/** The bodies of webhook messages. */
#ifndef ORDERS_WORKER_BODIES_H
#define ORDERS_WORKER_BODIES_H

#include "store/webhook_queue.h"

/** Composes and stores the bodies of the messages (orders_webhook_message_t) that have none yet. They are in the pool of `reader`. */
orders_problem_t *orders_webhook_add_bodies(const orders_reader_t *reader,
                                            const orders_webhook_target_t *target,
                                            apr_array_header_t *messages) ORDERS_MUSTCHECK;

#endif
