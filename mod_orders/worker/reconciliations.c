/* SPDX-License-Identifier: Apache-2.0 */
/** Turns that read the records of a provider for a reconciliation: one page at a time, without a database session during the call. */
#include <apr_strings.h>

#include "core/json_writer.h"
#include "core/trouble.h"
#include "payments/provider_problem.h"
#include "store/worker.h"
#include "worker/step.h"

orders_problem_t *orders_job_tenants_to_reconcile(const orders_reader_t *reader,
                                                  const orders_channel_t *channel,
                                                  apr_array_header_t **tenants)
{
    return orders_worker_list_tenants_to_reconcile(reader, channel->name, channel->provider->name,
                                                   tenants);
}

orders_problem_t *orders_job_plan_reconciliation(const orders_job_run_t *run, int64_t *count)
{
    const orders_channel_t *channel = run->context->channel;

    return orders_worker_plan_reconciliations(&run->reader, channel->name, channel->provider->name,
                                              count);
}

static void write_entry(orders_json_t *json, const orders_listed_t *entry)
{
    orders_json_begin_object(json);
    orders_json_member_string(json, "transaction_id", entry->transaction_id);
    orders_json_member_string(json, "kind", entry->kind);
    orders_json_member_int(json, "amount", entry->amount);
    orders_json_member_string(json, "currency", entry->currency);
    orders_json_key(json, "occurred_at");
    orders_json_time_us(json, entry->occurred_at);
    orders_json_member_string(json, "payment_key", entry->payment_key);
    orders_json_member_string(json, "capture_id", entry->capture_id);
    orders_json_end_object(json);
}

static const char *entries_text(apr_pool_t *pool, const orders_listing_t *listing)
{
    orders_json_t *json = orders_json_open(pool);
    apr_size_t length;

    orders_json_begin_array(json);
    for (int i = 0; i < listing->entries->nelts; i++) {
        write_entry(json, &APR_ARRAY_IDX(listing->entries, i, orders_listed_t));
    }
    orders_json_end_array(json);
    return orders_json_text(json, pool, &length);
}

/** Calls the provider for the page of a task. */
static orders_problem_t *list(const orders_job_run_t *run, const orders_reconciliation_task_t *task,
                              orders_listing_t *listing)
{
    const orders_job_context_t *context = run->context;
    orders_channel_t channel = *context->channel;
    const orders_listing_request_t request = {
        .tenant = run->reader.tenant, .from = task->from_at, .to = task->to_at, .page = task->page};

    channel.cancelled = context->is_stopping;
    channel.context = context->data;
    channel.log = context->log;
    channel.caller = ORDERS_CALLER_WORKER;
    return channel.provider->list_transactions(&channel, run->reader.pool, &request, listing);
}

/** Log subject of repeated errors, separate from that of the channel's payment calls. */
static const char *subject_of(const orders_job_run_t *run)
{
    return apr_pstrcat(run->reader.pool, "reconciliation of channel ", run->context->channel->name,
                       NULL);
}

/** Whether another attempt would fail too. */
static bool is_final(const orders_problem_t *problem)
{
    return problem->error == ORDERS_E_provider_refused || problem->error == ORDERS_E_not_configured;
}

static orders_problem_t *record_failure(const orders_job_run_t *run,
                                        const orders_reconciliation_task_t *task,
                                        orders_problem_t *problem)
{
    const char *code, *message;
    const char *log = problem->log ? problem->log : problem->detail;

    orders_provider_failure(problem, run->reader.pool, &code, &message);
    if (problem->error == ORDERS_E_provider_unreachable) {
        message = log;
    }
    problem->log =
        apr_psprintf(run->reader.pool, "channel %s, reconciliation %" APR_INT64_T_FMT ": %s",
                     run->context->channel->name, (apr_int64_t)task->id, log);
    run->tally->failed++;
    orders_job_log_problem(run->context->log, problem, subject_of(run));
    return orders_worker_fail_reconciliation(&run->reader, task->id, code, message,
                                             is_final(problem));
}

/**
 * One page. A page that was not recorded, because the process stops or is killed, is read again when its lease has expired. A page that
 * the database refuses counts as a failed attempt.
 */
orders_problem_t *orders_job_read_transactions(const orders_job_run_t *run, int64_t *count)
{
    const orders_claim_t claim = {.limit = 1,
                                  .lease = orders_job_lease(run->job, run->context),
                                  .channel = run->context->channel->name};
    orders_listing_t listing;
    apr_array_header_t *due;

    ORDERS_TRY(orders_worker_claim_reconciliations(&run->reader, &claim, &due));
    const orders_reconciliation_task_t *task = orders_first(due);

    if (!task) {
        return NULL;
    }
    *count = 1;
    orders_job_claimed(run);
    orders_problem_t *problem = list(run, task, &listing);

    if (problem && orders_job_stopping(run)) {
        return NULL;
    }
    if (problem) {
        return record_failure(run, task, problem);
    }
    orders_trouble_passed(run->context->log, ORDERS_E_provider_unreachable, subject_of(run));
    problem = orders_worker_record_reconciliation_page(&run->reader, task, listing.next,
                                                       entries_text(run->reader.pool, &listing));
    return problem && *problem->sqlstate ? record_failure(run, task, problem) : problem;
}
