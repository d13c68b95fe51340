/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Writes the files of exports. A run writes one file at a time. It owns the export by a lease, which it renews; an attempt that was interrupted
 * begins again with another snapshot and another file.
 */
#include <apr_strings.h>

#include "core/clock.h"
#include "core/trouble.h"
#include "store/export_stream.h"
#include "store/worker.h"
#include "worker/export_file.h"
#include "worker/export_rows.h"
#include "worker/step.h"

#define DUE_KIND "export"
#define LEASE_SECONDS 30
#define RENEW_INTERVAL apr_time_from_sec(2)
/** The clock is read once for this number of rows. */
#define ROWS_PER_CHECK 64
/** Pause between two attempts to record a result. */
#define RECORD_PAUSE apr_time_from_msec(500)
#define LOG_SUBJECT "exports"

typedef enum { GOES_ON, HAS_ENDED, IS_STOPPED, IS_LOST, HAS_FAILED } attempt_e;

typedef struct attempt_t {
    const orders_job_run_t *run;
    orders_reader_t reader; /**< its pool is cleared after each statement */
    apr_pool_t *pool;
    const orders_export_task_t *task;
    char name[ORDERS_EXPORT_NAME_SIZE];
    orders_export_source_t source;
    orders_export_stream_t *stream;
    orders_export_file_writer_t *file;
    orders_export_rows_t rows;
    apr_time_t renew_at, lease_end;
    const orders_export_fault_t *fault;
} attempt_t;

/** For a problem of the database. */
static attempt_e fail_with(attempt_t *attempt, const orders_problem_t *problem)
{
    orders_export_fault_t *fault = apr_pcalloc(attempt->pool, sizeof *fault);

    fault->code = orders_error_code(problem->error);
    fault->message = orders_error_sentence(problem->error);
    fault->log =
        apr_pstrcat(attempt->pool, problem->sqlstate, *problem->sqlstate ? " " : "",
                    problem->log ? problem->log : orders_error_sentence(problem->error), NULL);
    attempt->fault = fault;
    return HAS_FAILED;
}

static attempt_e fail(attempt_t *attempt, const orders_export_fault_t *fault)
{
    attempt->fault = fault;
    return fault ? HAS_FAILED : GOES_ON;
}

static orders_export_progress_t progress_of(const attempt_t *attempt, const char *sha256)
{
    return (orders_export_progress_t){
        .rows = attempt->rows.count,
        .bytes = orders_export_file_size(attempt->file),
        .sha256 = sha256,
        .snapshot_at = attempt->stream ? orders_export_stream_snapshot(attempt->stream) : 0,
    };
}

static attempt_e open_attempt(attempt_t *attempt)
{
    const orders_job_context_t *context = attempt->run->context;
    orders_problem_t *problem;

    fail(attempt, orders_export_file_open(attempt->pool, context->export_directory, attempt->name,
                                          &attempt->file));
    if (attempt->fault) {
        return HAS_FAILED;
    }
    orders_export_rows_open(&attempt->rows, attempt->pool, attempt->file,
                            *attempt->task->format == 'c');
    attempt->source = (orders_export_source_t){
        .conninfo = context->conninfo, .is_stopping = context->is_stopping, .data = context->data};
    problem = orders_export_stream_open(attempt->pool, &attempt->source, attempt->reader.tenant,
                                        attempt->task, &attempt->stream);
    return problem ? fail_with(attempt, problem) : attempt->stream ? GOES_ON : IS_STOPPED;
}

/** Renews the lease and publishes the progress. While the database does not respond, the lease goes on until its end. */
static attempt_e renew(attempt_t *attempt)
{
    const apr_time_t now = orders_clock_now();
    const orders_export_progress_t progress = progress_of(attempt, NULL);
    bool owned = true;

    attempt->renew_at = now + RENEW_INTERVAL;
    if (!orders_export_renew(&attempt->reader, attempt->task, LEASE_SECONDS, &progress, &owned)) {
        attempt->lease_end = now + apr_time_from_sec(LEASE_SECONDS);
    }
    apr_pool_clear(attempt->reader.pool);
    orders_job_publish(attempt->run);
    return owned && orders_clock_now() < attempt->lease_end ? GOES_ON : IS_LOST;
}

/** Whether the attempt may go on. */
static attempt_e check(attempt_t *attempt)
{
    if (orders_job_stopping(attempt->run)) {
        return IS_STOPPED;
    }
    return orders_clock_now() >= attempt->renew_at ? renew(attempt) : GOES_ON;
}

static attempt_e add_row(attempt_t *attempt, const PGresult *row)
{
    const attempt_e state = fail(attempt, orders_export_rows_add(&attempt->rows, row));

    return state == GOES_ON && attempt->rows.count % ROWS_PER_CHECK == 0 ? check(attempt) : state;
}

static attempt_e write_rows(attempt_t *attempt)
{
    attempt_e state = GOES_ON;

    while (state == GOES_ON) {
        const PGresult *row;
        orders_problem_t *problem;

        switch (orders_export_stream_next(attempt->stream, &row, &problem)) {
        case ORDERS_EXPORT_ROW:
            state = add_row(attempt, row);
            break;
        case ORDERS_EXPORT_WAIT:
            state = check(attempt);
            break;
        case ORDERS_EXPORT_END:
            state = HAS_ENDED;
            break;
        case ORDERS_EXPORT_FAILED:
            state = fail_with(attempt, problem);
            break;
        }
    }
    return state;
}

/** After a failed statement: while the lease lasts, the database may respond again. */
static bool may_record_again(const attempt_t *attempt)
{
    return !orders_job_stopping(attempt->run) && orders_clock_now() < attempt->lease_end;
}

/**
 * Records the finished file, if necessary several times until the lease ends. If the outcome stays unknown, the file is left: the purge
 * deletes it unless it was recorded.
 */
static attempt_e record(attempt_t *attempt, const orders_export_progress_t *progress)
{
    const int kept = attempt->run->context->export_kept_days;

    for (;;) {
        bool owned = false;
        orders_problem_t *problem =
            orders_export_finish(&attempt->reader, attempt->task, progress, kept, &owned);

        apr_pool_clear(attempt->reader.pool);
        if (!problem) {
            if (!owned) {
                orders_export_file_remove(attempt->file);
            }
            return owned ? HAS_ENDED : IS_LOST;
        }
        if (!may_record_again(attempt)) {
            return IS_LOST;
        }
        apr_sleep(RECORD_PAUSE);
    }
}

static attempt_e finish(attempt_t *attempt)
{
    orders_export_progress_t progress;
    const char *sha256 = NULL;
    const orders_export_fault_t *fault;

    fault = orders_export_file_finish(attempt->file, &sha256);
    if (fault) {
        return fail(attempt, fault);
    }
    progress = progress_of(attempt, sha256);
    orders_export_stream_close(attempt->stream);
    return record(attempt, &progress);
}

static attempt_e make_file(attempt_t *attempt)
{
    attempt_e state = open_attempt(attempt);

    state = state == GOES_ON ? write_rows(attempt) : state;
    return state == HAS_ENDED ? finish(attempt) : state;
}

static void log_success(const attempt_t *attempt, apr_time_t from)
{
    orders_log(attempt->run->context->log, ORDERS_LOG_INFO,
               "worker: export %s has %" APR_INT64_T_FMT " rows and %" APR_INT64_T_FMT
               " bytes, written in %" APR_TIME_T_FMT " ms",
               attempt->name, (apr_int64_t)attempt->rows.count,
               (apr_int64_t)orders_export_file_size(attempt->file),
               apr_time_as_msec(orders_clock_now() - from));
}

static void log_fault(const attempt_t *attempt, bool final)
{
    const orders_export_fault_t *fault = attempt->fault;
    const orders_problem_t *problem =
        orders_problem_logged(attempt->pool, ORDERS_E_export_failed,
                              apr_psprintf(attempt->pool, "export %s, %s%s: %s", attempt->name,
                                           fault->code, final ? " (final)" : "", fault->log));

    orders_job_log_problem(attempt->run->context->log, problem, LOG_SUBJECT);
}

/**
 * Ends the attempt in the database, if necessary several times: after a crash of the database server, it does not respond for some seconds. If
 * this fails, the export is claimed again when the lease has expired.
 */
static void end_attempt(attempt_t *attempt)
{
    const orders_export_fault_t *fault = attempt->fault;
    bool final = false;

    while (orders_export_fail(&attempt->reader, attempt->task, fault ? fault->code : NULL,
                              fault ? fault->message : NULL, &final) &&
           may_record_again(attempt)) {
        apr_pool_clear(attempt->reader.pool);
        apr_sleep(RECORD_PAUSE);
    }
    if (fault) {
        attempt->run->tally->failed++;
        log_fault(attempt, final);
    }
    apr_pool_clear(attempt->reader.pool);
}

static void write_export(const orders_job_run_t *run, int32_t tenant,
                         const orders_export_task_t *task, apr_pool_t *pool)
{
    const apr_time_t now = orders_clock_now();
    attempt_t attempt = {.run = run,
                         .pool = pool,
                         .task = task,
                         .renew_at = now + RENEW_INTERVAL,
                         .lease_end = now + apr_time_from_sec(LEASE_SECONDS),
                         .reader = {.database = run->context->database, .tenant = tenant}};
    attempt_e state;

    apr_pool_create(&attempt.reader.pool, pool);
    orders_export_write_name(attempt.name, tenant, task->public_id, task->attempt, task->format);
    state = make_file(&attempt);
    run->tally->done++;
    if (state == HAS_ENDED) {
        log_success(&attempt, now);
    } else if (state != IS_LOST) {
        end_attempt(&attempt);
    }
}

/** The first tenant after the last one. */
static int32_t choose_tenant(orders_job_state_t *state, const apr_array_header_t *tenants)
{
    int32_t chosen = APR_ARRAY_IDX(tenants, 0, int32_t);

    pthread_mutex_lock(&state->lock);
    for (int i = tenants->nelts - 1; i >= 0; i--) {
        const int32_t tenant = APR_ARRAY_IDX(tenants, i, int32_t);

        chosen = tenant > state->last_tenant ? tenant : chosen;
    }
    state->last_tenant = chosen;
    pthread_mutex_unlock(&state->lock);
    return chosen;
}

/** `*found`: whether there was an export to write. */
static orders_problem_t *take_export(const orders_job_run_t *run, apr_pool_t *pool, bool *found)
{
    orders_reader_t reader = {.database = run->context->database, .pool = pool};
    apr_array_header_t *tenants;
    orders_export_task_t *task = NULL;

    *found = false;
    ORDERS_TRY(orders_worker_list_tenants_with_due(&reader, DUE_KIND, "", &tenants));
    if (!tenants->nelts) {
        return NULL;
    }
    reader.tenant = choose_tenant(run->state, tenants);
    ORDERS_TRY(orders_export_claim(&reader, LEASE_SECONDS, &task));
    *found = task != NULL;
    if (task) {
        write_export(run, reader.tenant, task, pool);
    }
    return NULL;
}

orders_problem_t *orders_job_write_exports(const orders_job_run_t *run)
{
    bool found = true;

    while (found && !orders_job_stopping(run)) {
        orders_problem_t *problem;
        apr_pool_t *pool;

        apr_pool_create(&pool, run->reader.pool);
        problem = take_export(run, pool, &found);
        if (problem) {
            return problem; /* in the pool, which is destroyed with that of the run */
        }
        apr_pool_destroy(pool);
    }
    return NULL;
}
