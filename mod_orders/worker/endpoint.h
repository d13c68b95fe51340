/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A webhook endpoint that this worker owns: its queue, its transfers, and their results. All functions run on the thread of the run.
 *
 * The window is the number of transfers at a time: it doubles with each success and falls to 1 with a failure. An endpoint that keeps
 * failing is paused: its transfers end, their results are recorded, and it is released until the pause has passed. A failure pauses an
 * endpoint that was failing when it was claimed, unless a message has arrived since; otherwise, several failures in a row do.
 */
#ifndef ORDERS_WORKER_ENDPOINT_H
#define ORDERS_WORKER_ENDPOINT_H

#include "net/signature.h"
#include "worker/delivery_run.h"

/** Transfers of one endpoint at a time. */
#define ORDERS_ENDPOINT_MAX_WINDOW 8
/** Transfers of all endpoints: while there are more, an endpoint has only one at a time. */
#define ORDERS_ENDPOINT_MAX_TRANSFERS 128

typedef struct orders_endpoint_t orders_endpoint_t;
struct orders_endpoint_t {
    orders_endpoint_t *next;
    orders_delivery_run_t *run;
    int32_t tenant;
    apr_pool_t *pool;
    orders_webhook_target_t target; /**< in `pool` */
    orders_keys_t keys;
    struct delivery_t *queue, *ended; /**< in the sequence of the events; in that of their ends */
    struct delivery_t *flying[ORDERS_ENDPOINT_MAX_WINDOW];
    int waiting, in_flight, results;
    int window;
    int failures;     /**< since the last success */
    bool was_failing; /**< when it was claimed; false after a success */
    int refusals;     /**< statements that have failed since the last one that succeeded */
    int pause;        /**< seconds; 0: not paused */
    bool drained;     /**< the last statement has found no further message */
    bool lost;   /**< released, disabled, deleted, or owned by another worker: nothing is sent */
    bool yields; /**< other endpoints wait: no message is started, and the endpoint is released */
    apr_time_t opened_at;    /**< on the monotonic clock */
    apr_time_t read_at;      /**< of the last statement that has read messages */
    apr_time_t retry_at;     /**< no statement about this endpoint is executed before this time */
    apr_time_t leased_until; /**< on the monotonic clock */
    apr_time_t first_result; /**< when the first result that is not recorded has ended */
};

/** Takes an endpoint that was claimed at `claimed_at` (monotonic). NULL: its messages cannot be signed. */
orders_endpoint_t *orders_endpoint_open(orders_delivery_run_t *run, int32_t tenant,
                                        const orders_webhook_target_t *target,
                                        apr_time_t claimed_at);

/** The endpoint after a renewal, or another claim, at `renewed_at`. NULL: it must get no more messages. */
void orders_endpoint_update(orders_endpoint_t *endpoint, const orders_webhook_target_t *target,
                            apr_time_t renewed_at);

/** Reads messages, starts transfers and records results, without waiting. */
void orders_endpoint_work(orders_endpoint_t *endpoint);

/** Whether no work is left: the endpoint can be closed. */
bool orders_endpoint_is_idle(const orders_endpoint_t *endpoint);

/** Releases an endpoint that is not lost. False: the statement has failed, and the endpoint remains owned. */
bool orders_endpoint_release(orders_endpoint_t *endpoint);

/** Records the remaining results, releases the endpoint unless it is lost, and frees it. Its transfers are cancelled. */
void orders_endpoint_close(orders_endpoint_t *endpoint);

#endif
