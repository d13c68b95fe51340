/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Runs the jobs of one connection pool in this process: starts the runs that are due on the threads of an apr_thread_pool. Each job has
 * at most as many runs at a time as its row allows, and the pool has a thread for each of them: no run waits for another.
 *
 * Call orders_loop_tick() ten times a second from one thread. Threads are created when they are first needed, and kept.
 */
#ifndef ORDERS_WORKER_LOOP_H
#define ORDERS_WORKER_LOOP_H

#include "worker/job.h"

typedef struct orders_loop_t orders_loop_t;

/** An instance of a job. The loop copies it; the objects that it points to must live as long as the loop. */
typedef struct orders_loop_instance_t {
    const orders_job_t *job;
    const orders_channel_t *channel; /**< or NULL */
    apr_interval_time_t interval;    /**< between two runs */
    orders_breaker_t *breaker;       /**< of the server that the job calls, or NULL */
    /** Fills in all members of `context`, for a run whose memory is `pool`. Called on the thread of the run. */
    void (*open)(void *data, apr_pool_t *pool, orders_job_context_t *context);
    void *data;
} orders_loop_instance_t;

/** Lives as long as `pool`, whose destruction waits for the runs (orders_loop_stop). */
orders_loop_t *orders_loop_create(apr_pool_t *pool);

/** Before the first tick. */
void orders_loop_add(orders_loop_t *loop, const orders_loop_instance_t *instance);

/** Starts the runs that are due. Does not wait for them. */
void orders_loop_tick(orders_loop_t *loop);

/** Whether orders_loop_stop was called. Any thread. */
bool orders_loop_is_closed(const orders_loop_t *loop);

/** Starts no further run, and waits for the active runs. They end after their turn, whose calls are cancelled. */
void orders_loop_stop(orders_loop_t *loop);

/** The reports of all instances: array of orders_job_report_t in `pool`. Any thread. */
apr_array_header_t *orders_loop_reports(orders_loop_t *loop, apr_pool_t *pool);

#endif
