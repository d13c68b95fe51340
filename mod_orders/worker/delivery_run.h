/* SPDX-License-Identifier: Apache-2.0 */
/** A run of the delivery of webhooks: the data that its endpoints share. All functions run on the thread of the run. */
#ifndef ORDERS_WORKER_DELIVERY_RUN_H
#define ORDERS_WORKER_DELIVERY_RUN_H

#include "net/http_sender.h"
#include "store/webhook_queue.h"
#include "worker/step.h"

/** Delay after a failed statement. */
#define ORDERS_DELIVERY_RETRY_TIME apr_time_from_sec(1)

typedef struct orders_delivery_run_t {
    const orders_job_run_t *job;
    orders_settings_t settings; /**< the secrets */
    orders_http_sender_t *sender;
    orders_webhook_lease_t lease;
    apr_pool_t *pool;         /**< of the run */
    apr_pool_t *scratch;      /**< for one statement; cleared before the next */
    apr_pool_t *pool_of_turn; /**< for a claim of several statements */
    int queued;               /**< messages in memory, of all endpoints */
    apr_time_t retry_at;      /**< the database is unavailable: no statement before this time */
} orders_delivery_run_t;

/** A reader for one statement of `tenant`. Clears the memory of the previous statement. */
orders_reader_t orders_delivery_reader(orders_delivery_run_t *run, int32_t tenant);

/** Logs the problem of a statement. Delays the next statement of the run if the database cannot be used. True: there was a problem. */
bool orders_delivery_failed(orders_delivery_run_t *run, const orders_problem_t *problem);

#endif
