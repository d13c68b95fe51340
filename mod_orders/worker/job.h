/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The background jobs: work that is due at a certain time, and not part of a request.
 *
 * A job is a row of orders_jobs. The caller (httpd/worker.c) gives each job a thread of its own and calls orders_job_run at the
 * job's interval. A job that waits for the network therefore delays no other job. Several servers may run the same job on one
 * database: work is claimed with a lease, and work of a server that died is claimed again when its lease has expired.
 */
#ifndef ORDERS_WORKER_JOB_H
#define ORDERS_WORKER_JOB_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>
#include <stdbool.h>

#include "core/log.h"
#include "core/settings.h"
#include "messages/mail.h"
#include "payments/provider.h"
#include "store/database.h"
#include "store/operation.h"

/** How many instances of a job a database has. */
typedef enum {
    ORDERS_JOB_ALWAYS,      /**< one */
    ORDERS_JOB_WITH_MAILER, /**< one, if the server has OrdersMail */
    ORDERS_JOB_PER_CHANNEL  /**< one for each OrdersPaymentChannel */
} orders_job_instances_e;

struct orders_job_run_t; /* worker/step.h */

/** One step of a job, for one tenant. A problem of a single item is logged by the step and not returned. */
typedef orders_problem_t *(*orders_job_step_t)(const struct orders_job_run_t *run);

typedef struct orders_job_t {
    const char *name;
    orders_job_instances_e instances;
    apr_interval_time_t interval; /**< 0: OrdersWorkerInterval */
    /** Reads the tenants that may have work: array of int32_t. */
    orders_problem_t *(*tenants)(const orders_reader_t *reader, apr_array_header_t **tenants);
    const orders_job_step_t *steps; /**< in this sequence, for each tenant; ends with NULL */
} orders_job_t;

extern const orders_job_t orders_jobs[];
extern const size_t orders_job_count;

/** What an instance of a job remembers between its runs. Starts as zeros; used by one thread at a time. */
typedef struct orders_job_state_t {
    apr_time_t purge_at; /**< when records are purged next, a time of orders_clock_now() */
} orders_job_state_t;

/** What a run needs. The caller fills it in for each run; all of it must live until the run ends. */
typedef struct orders_job_context_t {
    orders_database_t *database;
    const orders_log_t *log;
    const orders_mailer_t *mailer; /**< NULL: the server has no OrdersMail */
    const apr_array_header_t
        *channels; /**< of orders_channel_t: all channels of the database's servers */
    const orders_channel_t *channel; /**< of this instance; NULL unless ORDERS_JOB_PER_CHANNEL */
    int idempotency_lifetime;        /**< seconds */
    /** Whether the process is stopping: the run ends after the current item, and calls under way are cancelled. Any thread. */
    bool (*is_stopping)(void *data);
    /** Sets the settings that hold for `tenant`: its links and the server's secret. */
    void (*set_tenant)(void *data, int32_t tenant, orders_settings_t *settings);
    void *data; /**< for both */
} orders_job_context_t;

/**
 * Runs all steps for all tenants that may have work. Ends early when the process is stopping or the database is unreachable; does
 * nothing while calls of the channel are suspended. Problems are logged.
 */
void orders_job_run(const orders_job_t *job, const orders_job_context_t *context,
                    orders_job_state_t *state, apr_pool_t *pool);

#endif
