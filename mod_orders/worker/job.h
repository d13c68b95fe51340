/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The background jobs: work that is due at a certain time and not part of a request.
 *
 * A job is an element of orders_jobs. The caller (httpd/worker.c) has a thread for each job and calls orders_job_run() at the job's
 * interval, so a job that waits for the network delays no other job. Several servers can run the same job on one database: work is
 * claimed with a lease, and after a crash of its server it is claimed again when the lease has expired.
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

/** The instances of a job for one connection pool. */
typedef enum {
    ORDERS_JOB_ALWAYS,      /**< one */
    ORDERS_JOB_WITH_MAILER, /**< one if the server has OrdersMail, otherwise none */
    ORDERS_JOB_PER_CHANNEL  /**< one for each OrdersPaymentChannel */
} orders_job_instances_e;

struct orders_job_run_t; /* worker/step.h */

/** One step of a job, for one tenant. A problem of a single item is logged by the step and not returned. */
typedef orders_problem_t *(*orders_job_step_t)(const struct orders_job_run_t *run);

typedef struct orders_job_t {
    const char *name;
    orders_job_instances_e instances;
    apr_interval_time_t interval; /**< 0: OrdersWorkerInterval */
    /** Reads the tenants that may have work due: array of int32_t. */
    orders_problem_t *(*tenants)(const orders_reader_t *reader, apr_array_header_t **tenants);
    const orders_job_step_t *steps; /**< run in this sequence for each tenant; NULL-terminated */
} orders_job_t;

extern const orders_job_t orders_jobs[];
extern const size_t orders_job_count;

/** State of an instance of a job, kept between its runs. Initially zeros; used by one thread at a time. */
typedef struct orders_job_state_t {
    apr_time_t purge_at; /**< time of the next purge of records, of orders_clock_now() */
} orders_job_state_t;

/** Parameters of a run. Set by the caller for each run; must live until the run ends. */
typedef struct orders_job_context_t {
    orders_database_t *database;
    const orders_log_t *log;
    const orders_mailer_t *mailer; /**< NULL: the server has no OrdersMail */
    const apr_array_header_t
        *channels; /**< of orders_channel_t: all channels of the database's servers */
    const orders_channel_t *channel; /**< of this instance; NULL unless ORDERS_JOB_PER_CHANNEL */
    int idempotency_lifetime;        /**< seconds */
    /** Whether the process is stopping: the run ends after the current item, and a call in progress is cancelled. Thread-safe. */
    bool (*is_stopping)(void *data);
    /** Sets the settings of `tenant`: the URLs of its links, and the server's secret. */
    void (*set_tenant)(void *data, int32_t tenant, orders_settings_t *settings);
    void *data; /**< argument of both functions */
} orders_job_context_t;

/**
 * Runs all steps for all tenants that may have work. Ends early if the process is stopping or the database is unreachable; does
 * nothing while the calls of the channel are suspended. Logs problems.
 */
void orders_job_run(const orders_job_t *job, const orders_job_context_t *context,
                    orders_job_state_t *state, apr_pool_t *pool);

#endif
