/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/delivery_run.h"

#include "core/clock.h"

orders_reader_t orders_delivery_reader(orders_delivery_run_t *run, int32_t tenant)
{
    apr_pool_clear(run->scratch);
    return (orders_reader_t){
        .database = run->job->context->database, .pool = run->scratch, .tenant = tenant};
}

/** Whether the next statement about any endpoint would fail too. */
static bool is_unavailable(const orders_problem_t *problem)
{
    return problem->error == ORDERS_E_database_unavailable ||
           problem->error == ORDERS_E_outcome_unknown ||
           problem->error == ORDERS_E_schema_version_unsupported;
}

bool orders_delivery_failed(orders_delivery_run_t *run, const orders_problem_t *problem)
{
    const orders_log_t *log = run->job->context->log;

    if (problem) {
        orders_job_log_problem(log, problem, ORDERS_JOB_LOG_SUBJECT);
        run->job->tally->failed++;
        if (is_unavailable(problem)) {
            run->retry_at = orders_clock_now() + ORDERS_DELIVERY_RETRY_TIME;
        }
    }
    return problem;
}
