/* SPDX-License-Identifier: Apache-2.0 */
/** Steps that use only the database. The next run does the work beyond their limits. */
#include "payments/provider_event.h"
#include "store/payment.h"
#include "store/worker.h"
#include "worker/step.h"

/** Maximum number of items per call, and of calls per run and tenant. */
#define EXPIRE_BATCH 100
#define EXPIRE_BATCHES 10
#define EVENT_BATCH 100
#define BILL_BATCH 500
#define BILL_BATCHES 10
/** Maximum number of records deleted by one call of orders_v1.purge_idempotency. */
#define PURGE_BATCH 10000
#define PURGE_BATCHES 100

orders_problem_t *orders_job_expire_orders(const orders_job_run_t *run)
{
    int64_t count = EXPIRE_BATCH;

    for (int i = 0; i < EXPIRE_BATCHES && count >= EXPIRE_BATCH && !orders_job_stopping(run); i++) {
        ORDERS_TRY(orders_worker_expire_orders(&run->reader, EXPIRE_BATCH, &count));
        if (count > 0) {
            orders_log(run->context->log, ORDERS_LOG_INFO,
                       "worker: %d unpaid orders of tenant %d expired", (int)count,
                       (int)run->reader.tenant);
        }
    }
    return NULL;
}

orders_problem_t *orders_job_issue_bills(const orders_job_run_t *run)
{
    int64_t count = BILL_BATCH;

    for (int i = 0; i < BILL_BATCHES && count == BILL_BATCH && !orders_job_stopping(run); i++) {
        ORDERS_TRY(orders_worker_issue_bills(&run->reader, BILL_BATCH, &count));
    }
    return NULL;
}

/** The limit is higher than the number of records that a tenant creates between two purges, so the table stays bounded. */
orders_problem_t *orders_job_purge_records(const orders_job_run_t *run)
{
    int64_t count = PURGE_BATCH;

    for (int i = 0;
         run->purge && count >= PURGE_BATCH && i < PURGE_BATCHES && !orders_job_stopping(run);
         i++) {
        ORDERS_TRY(orders_worker_purge_idempotency(&run->reader, run->context->idempotency_lifetime,
                                                   &count));
    }
    return NULL;
}

orders_problem_t *orders_job_review_events(const orders_job_run_t *run)
{
    apr_array_header_t *due;

    ORDERS_TRY(orders_worker_list_due_events(&run->reader, EVENT_BATCH, &due));
    for (int i = 0; i < due->nelts && !orders_job_stopping(run); i++) {
        ORDERS_TRY(orders_job_skip_failed(
            run, orders_worker_review_event(&run->reader, APR_ARRAY_IDX(due, i, int64_t))));
    }
    return NULL;
}

/** Only events refused by a review: the request that received an event has logged an immediate refusal. */
orders_problem_t *orders_job_log_refused_events(const orders_job_run_t *run)
{
    const orders_providers_t providers = {.log = run->context->log};
    apr_array_header_t *refused;

    ORDERS_TRY(orders_worker_take_refused_events(&run->reader, EVENT_BATCH, &refused));
    for (int i = 0; i < refused->nelts; i++) {
        orders_provider_event_log(&providers, "worker",
                                  &APR_ARRAY_IDX(refused, i, orders_refused_event_t));
    }
    return NULL;
}
