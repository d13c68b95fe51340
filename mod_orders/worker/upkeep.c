/* SPDX-License-Identifier: Apache-2.0 */
/** Turns that use only the database. */
#include "payments/provider_event.h"
#include "store/payment.h"
#include "store/worker.h"
#include "worker/step.h"

/** Longer than any record exists, in the range of timestamps. */
#define FOREVER_DAYS 365000

orders_problem_t *orders_job_expire_orders(const orders_job_run_t *run, int64_t *count)
{
    ORDERS_TRY(orders_worker_expire_orders(&run->reader, run->batch, count));
    if (*count > 0) {
        orders_log(run->context->log, ORDERS_LOG_INFO,
                   "worker: %d unpaid orders of tenant %d expired", (int)*count,
                   (int)run->reader.tenant);
    }
    return NULL;
}

orders_problem_t *orders_job_issue_bills(const orders_job_run_t *run, int64_t *count)
{
    return orders_worker_issue_bills(&run->reader, run->batch, count);
}

/** One call deletes at most 10,000 records, whatever the batch is. */
orders_problem_t *orders_job_purge_idempotency(const orders_job_run_t *run, int64_t *count)
{
    return orders_worker_purge_idempotency(&run->reader, run->context->idempotency_lifetime, count);
}

static orders_problem_t *purge(const orders_job_run_t *run, orders_retention_e kind, int64_t *count)
{
    const int days = run->context->kept_days[kind];

    return days ? orders_worker_purge(&run->reader, kind, days, run->batch, count) : NULL;
}

orders_problem_t *orders_job_purge_mails(const orders_job_run_t *run, int64_t *count)
{
    return purge(run, ORDERS_RETENTION_MAILS, count);
}

orders_problem_t *orders_job_purge_provider_events(const orders_job_run_t *run, int64_t *count)
{
    return purge(run, ORDERS_RETENTION_PROVIDER_EVENTS, count);
}

orders_problem_t *orders_job_purge_tokens(const orders_job_run_t *run, int64_t *count)
{
    return purge(run, ORDERS_RETENTION_TOKENS, count);
}

orders_problem_t *orders_job_purge_carts(const orders_job_run_t *run, int64_t *count)
{
    return purge(run, ORDERS_RETENTION_CARTS, count);
}

/** Messages to deleted webhooks are deleted even if the others are kept forever. */
orders_problem_t *orders_job_purge_webhooks(const orders_job_run_t *run, int64_t *count)
{
    const int days = run->context->kept_days[ORDERS_RETENTION_WEBHOOKS];

    return orders_worker_purge(&run->reader, ORDERS_RETENTION_WEBHOOKS, days ? days : FOREVER_DAYS,
                               run->batch, count);
}

/** A statement compares for about a second. Turns continue until the comparison is complete. */
orders_problem_t *orders_job_compare(const orders_job_run_t *run, int64_t *count)
{
    return orders_worker_compare_reconciliations(&run->reader, count);
}

orders_problem_t *orders_job_review_events(const orders_job_run_t *run, int64_t *count)
{
    apr_array_header_t *due;

    ORDERS_TRY(orders_worker_list_due_events(&run->reader, run->batch, &due));
    for (int i = 0; i < due->nelts && !orders_job_stopping(run); i++) {
        ORDERS_TRY(orders_job_skip_failed(
            run, orders_worker_review_event(&run->reader, APR_ARRAY_IDX(due, i, int64_t))));
        (*count)++;
    }
    return NULL;
}

orders_problem_t *orders_job_refuse_stale_notices(const orders_job_run_t *run, int64_t *count)
{
    return orders_worker_refuse_stale_notices(&run->reader, run->batch, count);
}

/** Only events refused by a review: the request that received an event has logged an immediate refusal. */
orders_problem_t *orders_job_log_refused_events(const orders_job_run_t *run, int64_t *count)
{
    const orders_providers_t providers = {.log = run->context->log};
    apr_array_header_t *refused;

    ORDERS_TRY(orders_worker_take_refused_events(&run->reader, run->batch, &refused));
    for (int i = 0; i < refused->nelts; i++) {
        orders_provider_event_log(&providers, "worker",
                                  &APR_ARRAY_IDX(refused, i, orders_refused_event_t));
    }
    *count = refused->nelts;
    return NULL;
}
