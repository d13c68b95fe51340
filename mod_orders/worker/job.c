/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/job.h"

#include <apr_strings.h>

#include "core/clock.h"
#include "core/trouble.h"
#include "net/breaker.h"
#include "worker/step.h"

#define PURGE_INTERVAL apr_time_from_sec(60)
#define MAX_LINE 8192
/** Log subject of problems that end a run or a step. */
#define LOG_SUBJECT "worker"

bool orders_job_stopping(const orders_job_run_t *run)
{
    return run->context->is_stopping(run->context->data);
}

void orders_job_log_problem(const orders_log_t *log, const orders_problem_t *problem,
                            const char *subject)
{
    char line[MAX_LINE];

    if (problem->quiet) {
        return;
    }
    (void)apr_snprintf(line, sizeof line, "ORD%04d %s - %s worker%s%s",
                       orders_error_number(problem->error), orders_error_word(problem->error),
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
    orders_job_log_problem(run->context->log, problem, LOG_SUBJECT);
    return NULL;
}

static orders_problem_t *run_steps(const orders_job_t *job, const orders_job_run_t *run)
{
    for (const orders_job_step_t *step = job->steps; *step && !orders_job_stopping(run); step++) {
        ORDERS_TRY(orders_job_skip_failed(run, (*step)(run)));
    }
    return NULL;
}

static orders_problem_t *run_tenants(const orders_job_t *job, orders_job_run_t *run,
                                     apr_pool_t *pool)
{
    const orders_reader_t reader = {.database = run->context->database, .pool = pool};
    apr_array_header_t *tenants;
    orders_problem_t *problem = NULL;

    ORDERS_TRY(job->tenants(&reader, &tenants));
    run->reader.database = run->context->database;
    apr_pool_create(&run->reader.pool, pool);
    apr_pool_tag(run->reader.pool, "orders_worker_tenant");
    for (int i = 0; i < tenants->nelts && !problem && !orders_job_stopping(run); i++) {
        run->reader.tenant = APR_ARRAY_IDX(tenants, i, int32_t);
        run->context->set_tenant(run->context->data, run->reader.tenant, &run->settings);
        problem = run_steps(job, run);
        if (!problem) {
            apr_pool_clear(run->reader.pool); /* not after a problem, which is allocated from it */
        }
    }
    return problem;
}

void orders_job_run(const orders_job_t *job, const orders_job_context_t *context,
                    orders_job_state_t *state, apr_pool_t *pool)
{
    orders_job_run_t run = {.context = context, .purge = orders_clock_now() >= state->purge_at};
    orders_problem_t *problem;

    if (context->channel && !orders_breaker_ready(context->channel->breaker)) {
        return;
    }
    problem = run_tenants(job, &run, pool);
    if (problem) {
        orders_job_log_problem(context->log, problem, LOG_SUBJECT);
    } else {
        orders_trouble_passed(context->log, ORDERS_E_database_unavailable, LOG_SUBJECT);
    }
    if (!problem && run.purge) {
        state->purge_at = orders_clock_now() + PURGE_INTERVAL;
    }
    orders_troubles_review(context->log);
}
