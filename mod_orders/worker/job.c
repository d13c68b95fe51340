/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/job.h"

#include <apr_strings.h>
#include <string.h>

#include "core/clock.h"
#include "core/trouble.h"
#include "metrics/metrics.h"
#include "net/breaker.h"
#include "store/worker.h"
#include "worker/step.h"

/** A run ends after this time. The next run includes tenants whose work has become due in the meantime. */
#define RUN_TIME apr_time_from_sec(2)
/** A longer turn halves the batch; a turn of less than a quarter of this time doubles it again. */
#define TURN_TIME apr_time_from_sec(1)
/** Seconds by which a lease exceeds the longest duration of an item. */
#define LEASE_MARGIN 15
#define MAX_LINE 8192

void orders_job_state_init(orders_job_state_t *state)
{
    memset(state, 0, sizeof *state);
    pthread_mutex_init(&state->lock, NULL);
}

bool orders_job_stopping(const orders_job_run_t *run)
{
    return run->context->is_stopping(run->context->data);
}

void orders_job_claimed(const orders_job_run_t *run)
{
    if (run->context->claimed) {
        run->context->claimed(run->context->listener);
    }
}

void orders_job_log_problem(const orders_log_t *log, const orders_problem_t *problem,
                            const char *subject)
{
    char line[MAX_LINE];

    if (problem->quiet) {
        return;
    }
    (void)apr_snprintf(line, sizeof line, "ORD%04d %s - %s worker%s%s",
                       orders_error_number(problem->error), orders_error_code(problem->error),
                       *problem->sqlstate ? problem->sqlstate : "-", problem->log ? ": " : "",
                       problem->log ? problem->log : "");
    orders_trouble_log(log, problem->error == ORDERS_E_busy ? ORDERS_LOG_INFO : ORDERS_LOG_ERROR,
                       problem->error, subject, line);
}

orders_problem_t *orders_job_skip_failed(const orders_job_run_t *run, orders_problem_t *problem)
{
    bool unreachable =
        problem && !*problem->sqlstate &&
        (problem->error == ORDERS_E_database_unavailable || problem->error == ORDERS_E_busy ||
         problem->error == ORDERS_E_schema_version_unsupported);

    if (!problem || unreachable) {
        return problem;
    }
    run->tally->failed++;
    orders_job_log_problem(run->context->log, problem, ORDERS_JOB_LOG_SUBJECT);
    return NULL;
}

orders_breaker_t *orders_job_breaker(const orders_job_t *job, const orders_job_context_t *context)
{
    return job->needs == ORDERS_JOB_NEEDS_CHANNEL       ? context->channel->breaker
           : job->needs == ORDERS_JOB_NEEDS_MAIL_SERVER ? context->mailer->breaker
                                                        : NULL;
}

bool orders_job_serves(const orders_job_t *job, const orders_channel_t *channel)
{
    return !job->lists || channel->provider->list_transactions;
}

int orders_job_longest(const orders_job_t *job, const orders_job_context_t *context)
{
    const int statements = job->statements * ORDERS_JOB_STATEMENT_LONGEST;

    switch (job->needs) {
    case ORDERS_JOB_NEEDS_CHANNEL:
        return statements + context->channel->provider->calls *
                                orders_clock_seconds(context->channel->timeout_ms);
    case ORDERS_JOB_NEEDS_MAIL_SERVER:
        return statements + orders_clock_seconds(context->mailer->timeout_ms);
    default:
        return statements;
    }
}

int orders_job_lease(const orders_job_t *job, const orders_job_context_t *context)
{
    return orders_job_longest(job, context) + LEASE_MARGIN;
}

/**
 * Chooses the tenant of the next turn: the first of `left` after the last one of this instance, or the first of all. Other runs of the
 * instance choose the tenants after it. Returns its index.
 */
static int choose_tenant(orders_job_state_t *state, const apr_array_header_t *left)
{
    int index = 0;

    pthread_mutex_lock(&state->lock);
    while (index < left->nelts && APR_ARRAY_IDX(left, index, int32_t) <= state->last_tenant) {
        index++;
    }
    index = index < left->nelts ? index : 0;
    state->last_tenant = APR_ARRAY_IDX(left, index, int32_t);
    pthread_mutex_unlock(&state->lock);
    return index;
}

static void remove_tenant(apr_array_header_t *left, int index)
{
    int32_t *ids = (int32_t *)(void *)left->elts;

    left->nelts--;
    memmove(ids + index, ids + index + 1, (size_t)(left->nelts - index) * sizeof *ids);
}

static int batch_of(const orders_job_t *job, orders_job_state_t *state)
{
    int batch;

    pthread_mutex_lock(&state->lock);
    batch = state->batch ? state->batch : job->batch;
    pthread_mutex_unlock(&state->lock);
    return batch;
}

/** Fits the batch to the time that turns take. A failed turn may have run into a timeout. */
static void adapt_batch(const orders_job_run_t *run, orders_job_state_t *state,
                        apr_interval_time_t took)
{
    int batch = run->batch;

    if (took > TURN_TIME) {
        batch = batch > 1 ? batch / 2 : 1;
    } else if (took < TURN_TIME / 4) {
        batch = batch > run->job->batch / 2 ? run->job->batch : 2 * batch;
    }
    pthread_mutex_lock(&state->lock);
    state->batch = batch;
    pthread_mutex_unlock(&state->lock);
}

/** `*more`: whether the tenant may have more work. */
static orders_problem_t *take_turn(orders_job_run_t *run, orders_job_state_t *state, int32_t tenant,
                                   bool *more)
{
    const orders_job_context_t *context = run->context;
    const bool adapts = run->job->batch > 1;
    const apr_time_t from = orders_clock_now();
    apr_interval_time_t took;
    int64_t count = 0;
    orders_problem_t *problem;

    run->reader.tenant = tenant;
    run->batch = batch_of(run->job, state);
    context->set_tenant(context->data, tenant, &run->settings);
    problem = orders_job_skip_failed(run, run->job->turn(run, &count));
    took = orders_clock_now() - from;
    if (adapts) {
        adapt_batch(run, state, took);
    }
    run->tally->done += count;
    /* a statement that reached its own time limit has left work */
    *more = !run->job->once && (count >= run->batch || (count > 0 && adapts && took >= TURN_TIME));
    return problem;
}

static bool may_go_on(const orders_job_run_t *run)
{
    return !orders_job_stopping(run) &&
           orders_breaker_ready(orders_job_breaker(run->job, run->context));
}

/** `*cut`: the run has reached its time limit. */
static orders_problem_t *take_turns(orders_job_run_t *run, orders_job_state_t *state,
                                    apr_array_header_t *left, bool *cut)
{
    const apr_time_t end = orders_clock_now() + RUN_TIME;
    orders_problem_t *problem = NULL;

    while (left->nelts && !problem && !*cut && may_go_on(run)) {
        const int index = choose_tenant(state, left);
        bool more = false;

        problem = take_turn(run, state, APR_ARRAY_IDX(left, index, int32_t), &more);
        if (!problem) {
            apr_pool_clear(run->reader.pool); /* not after a problem, which is allocated from it */
        }
        if (!more) {
            remove_tenant(left, index);
        }
        *cut = left->nelts && orders_clock_now() >= end;
    }
    return problem;
}

static orders_problem_t *list_tenants(const orders_job_run_t *run, apr_pool_t *pool,
                                      apr_array_header_t **tenants)
{
    const orders_job_t *job = run->job;
    const orders_channel_t *channel = run->context->channel;
    const orders_reader_t reader = {.database = run->context->database, .pool = pool};

    if (job->tenants) {
        return job->tenants(&reader, channel, tenants);
    }
    return job->kind ? orders_worker_list_tenants_with_due(&reader, job->kind,
                                                           channel ? channel->name : "", tenants)
                     : orders_worker_list_tenants(&reader, tenants);
}

static void report(orders_job_state_t *state, const orders_job_tally_t *tally, bool failed,
                   apr_interval_time_t took)
{
    orders_job_report_t *own = &state->report;
    const apr_time_t now = apr_time_now();

    pthread_mutex_lock(&state->lock);
    own->last_run = now - took;
    own->duration = took;
    own->done += tally->done > tally->failed ? tally->done - tally->failed : 0;
    own->failed += tally->failed;
    if (!failed && !tally->failed) {
        own->last_success = now;
    }
    pthread_mutex_unlock(&state->lock);
}

/** orders_job_count for a job that is not in the table. */
static size_t job_index(const orders_job_t *job)
{
    size_t i = 0;

    while (i < orders_job_count && &orders_jobs[i] != job) {
        i++;
    }
    return i;
}

/** `reached`: the run has reached the database. */
static void count_run(const orders_job_run_t *run, bool reached)
{
    const orders_channel_t *channel = run->context->channel;
    const orders_job_tally_t *tally = run->tally;
    const orders_job_sample_t sample = {
        .job = job_index(run->job),
        .channel = channel ? channel->name : NULL,
        .items = tally->done,
        .failures = tally->failed,
        .success = reached && !tally->failed,
    };

    orders_metrics_job_run(&sample);
}

static void publish(const orders_job_run_t *run, bool reached)
{
    report(run->state, run->tally, !reached, orders_clock_now() - run->from);
    count_run(run, reached);
    *run->tally = (orders_job_tally_t){0};
}

void orders_job_publish(const orders_job_run_t *run)
{
    publish(run, true);
}

/** Runs turns for the tenants that may have work, or the function of the job. */
static orders_problem_t *run_job(orders_job_run_t *run, apr_pool_t *pool, bool *cut)
{
    apr_array_header_t *tenants;

    if (run->job->run) {
        run->context->set_tenant(run->context->data, 0, &run->settings);
        return run->job->run(run);
    }
    ORDERS_TRY(list_tenants(run, pool, &tenants));
    return take_turns(run, run->state, tenants, cut);
}

bool orders_job_run(const orders_job_t *job, const orders_job_context_t *context,
                    orders_job_state_t *state, apr_pool_t *pool)
{
    orders_job_tally_t tally = {0};
    orders_job_run_t run = {.job = job,
                            .context = context,
                            .tally = &tally,
                            .state = state,
                            .from = orders_clock_now()};
    orders_problem_t *problem;
    bool cut = false;

    if (!may_go_on(&run)) {
        return false;
    }
    run.reader.database = context->database;
    apr_pool_create(&run.reader.pool, pool);
    apr_pool_tag(run.reader.pool, "orders_worker_turn");
    problem = run_job(&run, pool, &cut);
    if (problem) {
        orders_job_log_problem(context->log, problem, ORDERS_JOB_LOG_SUBJECT);
    } else {
        orders_trouble_passed(context->log, ORDERS_E_database_unavailable, ORDERS_JOB_LOG_SUBJECT);
    }
    publish(&run, problem == NULL);
    orders_troubles_review(context->log);
    return cut;
}
