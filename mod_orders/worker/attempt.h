/* SPDX-License-Identifier: Apache-2.0 */
/** The results of attempts to deliver webhooks: for the database, and for the metrics. */
#ifndef ORDERS_WORKER_ATTEMPT_H
#define ORDERS_WORKER_ATTEMPT_H

#include "core/json_writer.h"
#include "net/http_sender.h"

/** Whether the receiver has asked for no more messages. */
bool orders_attempt_is_gone(const orders_http_outcome_t *outcome);

/** Writes an element of the results that orders_webhook_queue_record() takes. */
void orders_attempt_write(orders_json_t *json, int64_t delivery,
                          const orders_http_outcome_t *outcome);

/** `*dead`: how many attempts that failed are to be counted as dead. */
void orders_attempt_count(const orders_http_outcome_t *outcome, int64_t *dead);

#endif
