/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The background jobs: work that is due at a certain time and not part of a request.
 *
 * A job is a row of orders_jobs. worker/loop.h runs the jobs of a connection pool. A run is a sequence of turns. A turn serves one
 * tenant; the run serves the tenants in rotation. Several servers may run the same job on one database: work is claimed with a lease, and work of
 * a server that crashed is claimed again when its lease has expired.
 */
#ifndef ORDERS_WORKER_JOB_H
#define ORDERS_WORKER_JOB_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>
#include <pthread.h>
#include <stdbool.h>

#include "core/log.h"
#include "core/settings.h"
#include "messages/mail.h"
#include "payments/provider.h"
#include "store/database.h"
#include "store/operation.h"
#include "store/worker.h"

/**
 * The longest statement of a job, in seconds: less than the statement_timeout of the shipped configurations (4500 ms). Statements with
 * much work end earlier, by their own limits.
 */
#define ORDERS_JOB_STATEMENT_SECONDS 4
/** The longest statement with all waits: a second in the queue, connect_timeout of DBDParams, and one more attempt. */
#define ORDERS_JOB_STATEMENT_LONGEST 10

/** The server that a turn calls, besides the database. Determines the number of instances of a job. */
typedef enum {
    ORDERS_JOB_NEEDS_NOTHING,     /**< one instance */
    ORDERS_JOB_NEEDS_MAIL_SERVER, /**< one, if the server has OrdersMail */
    ORDERS_JOB_NEEDS_CHANNEL      /**< one for each OrdersPaymentChannel */
} orders_job_needs_e;

struct orders_job_run_t; /* worker/step.h */

/**
 * One turn of a job, for one tenant: at most run->batch items. `*count`: how many were found; run->batch of them mean that there may
 * be more. A problem of a single item is logged by the turn and not returned.
 */
typedef orders_problem_t *(*orders_job_turn_t)(const struct orders_job_run_t *run, int64_t *count);

typedef struct orders_job_t {
    const char *name; /**< unique */
    orders_job_needs_e needs;
    bool lists;                   /**< only for channels whose provider can list transactions */
    bool exports;                 /**< only on servers with OrdersExportDirectory */
    apr_interval_time_t interval; /**< between two runs; 0: OrdersWorkerInterval */
    int batch;    /**< items of one turn, at most; fewer while turns take longer than a second */
    int parallel; /**< runs at a time in this process, for each instance */
    /** Statements of one turn, from the claim on. With `needs`, they determine how long a turn may take (orders_job_longest). */
    int statements;
    bool once; /**< one turn for each tenant in a run, even if work is left */
    const char *
        kind; /**< of orders.due: a run serves the tenants that have such work; NULL: all tenants */
    /** Reads the tenants that may have work, instead: array of int32_t, ascending. NULL: by `kind`. */
    orders_problem_t *(*tenants)(const orders_reader_t *reader, const orders_channel_t *channel,
                                 apr_array_header_t **tenants);
    orders_job_turn_t turn;
    /** Instead of turns: a run that claims work of all tenants itself, and does not end while there is work. */
    orders_problem_t *(*run)(const struct orders_job_run_t *run);
} orders_job_t;

extern const orders_job_t orders_jobs[];
extern const size_t orders_job_count;

/** Parameters of a run. Set by the caller for each run; must live until the run ends. */
typedef struct orders_job_context_t {
    orders_database_t *database;
    const orders_log_t *log;
    const orders_mailer_t *mailer; /**< NULL: the server has no OrdersMail */
    const apr_array_header_t
        *channels; /**< of orders_channel_t: all channels of the database's servers */
    const orders_channel_t *channel; /**< of this instance; NULL unless ORDERS_JOB_NEEDS_CHANNEL */
    int idempotency_lifetime;        /**< seconds */
    int kept_days[ORDERS_RETENTION__COUNT];  /**< how long records are kept; 0: forever */
    const apr_array_header_t *webhook_hosts; /**< as in orders_settings_t */
    const char *export_directory;            /**< NULL: this server writes no exports */
    int export_kept_days;
    const char *conninfo; /**< of the database, for connections beside the pool */
    /** Whether the process is stopping: the run ends after the current turn, and a call in progress is cancelled. Thread-safe. */
    bool (*is_stopping)(void *data);
    /** Sets the settings of `tenant`: the URLs of its links, and the server's secret. */
    void (*set_tenant)(void *data, int32_t tenant, orders_settings_t *settings);
    void *data; /**< argument of both functions */
    /** Called when a turn has claimed an item, before its calls. May be NULL. */
    void (*claimed)(void *listener);
    void *listener;
} orders_job_context_t;

/** The results of an instance of a job in this process. Times are those of apr_time_now(); 0: never. */
typedef struct orders_job_report_t {
    const char *job;
    const char *channel; /**< or NULL */
    apr_time_t last_run; /**< when the last run began */
    apr_time_t
        last_success; /**< when the last run ended that reached the database and had no failed item */
    apr_interval_time_t duration; /**< of the last run */
    int64_t done, failed;         /**< items since the process began */
} orders_job_report_t;

/** The state of an instance of a job between its runs. Several runs may use it at the same time. */
typedef struct orders_job_state_t {
    pthread_mutex_t lock; /**< for the members below */
    int32_t
        last_tenant; /**< the tenant of the last turn; the next turn is for the tenant after it */
    int batch;       /**< items of a turn now; 0: those of the job */
    orders_job_report_t report;
} orders_job_state_t;

void orders_job_state_init(orders_job_state_t *state);

/**
 * Runs turns for all tenants that may have work, until no tenant has more, some seconds have passed, the process is stopping, calls to
 * the counterpart are suspended, or the database is unreachable. Problems are logged. True: the run has reached
 * its time limit with work left, and the job is due again at once.
 */
bool orders_job_run(const orders_job_t *job, const orders_job_context_t *context,
                    orders_job_state_t *state, apr_pool_t *pool);

/** Whether a job of ORDERS_JOB_NEEDS_CHANNEL has an instance for this channel. */
bool orders_job_serves(const orders_job_t *job, const orders_channel_t *channel);

/** The circuit breaker of the server that the job calls; NULL: the job calls none. */
orders_breaker_t *orders_job_breaker(const orders_job_t *job, const orders_job_context_t *context);

/** How long one item may take at most, in seconds: its calls and its statements. */
int orders_job_longest(const orders_job_t *job, const orders_job_context_t *context);

/** For how many seconds an item is claimed: longer than orders_job_longest. */
int orders_job_lease(const orders_job_t *job, const orders_job_context_t *context);

#endif
