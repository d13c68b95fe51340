/* SPDX-License-Identifier: Apache-2.0 */
/** Turns that call the provider of one channel. Payments are claimed one at a time, so a lease covers one payment. */
#include "payments/notice.h"
#include "payments/payment_flow.h"
#include "store/worker.h"
#include "worker/step.h"

/** The context of calls to the channel's provider. Must not be copied: its members point to each other. */
typedef struct provider_context_t {
    orders_claim_t claim;
    orders_writer_t writer;
    orders_providers_t providers;
    orders_payment_flow_t flow;
} provider_context_t;

static void init_provider_context(const orders_job_run_t *run, provider_context_t *calls)
{
    const orders_job_context_t *context = run->context;

    calls->claim = (orders_claim_t){.limit = 1,
                                    .lease = orders_job_lease(run->job, context),
                                    .channel = context->channel->name};
    calls->writer = (orders_writer_t){.database = run->reader.database,
                                      .pool = run->reader.pool,
                                      .tenant = run->reader.tenant,
                                      .api = "worker",
                                      .actor = "system",
                                      .route = "worker"};
    calls->providers = (orders_providers_t){.channels = context->channels,
                                            .log = context->log,
                                            .cancelled = context->is_stopping,
                                            .context = context->data,
                                            .caller = ORDERS_CALLER_WORKER};
    calls->flow = (orders_payment_flow_t){&calls->writer, &calls->providers, &run->settings};
}

orders_problem_t *orders_job_make_intent(const orders_job_run_t *run, int64_t *count)
{
    provider_context_t calls;
    apr_array_header_t *due;
    orders_written_t *written;

    init_provider_context(run, &calls);
    ORDERS_TRY(orders_worker_claim_intents(&run->reader, &calls.claim, &due));
    const orders_payment_task_t *task = orders_first(due);

    if (!task) {
        return NULL;
    }
    const orders_intent_t intent = {task->payment, task->order_number, task->return_url, NULL};

    *count = 1;
    orders_job_claimed(run);
    return orders_payment_flow_intent(&calls.flow, &intent, &written);
}

orders_problem_t *orders_job_send_refund(const orders_job_run_t *run, int64_t *count)
{
    provider_context_t calls;
    apr_array_header_t *due;

    init_provider_context(run, &calls);
    ORDERS_TRY(orders_worker_claim_refunds(&run->reader, &calls.claim, &due));
    if (apr_is_empty_array(due)) {
        return NULL;
    }
    *count = 1;
    orders_job_claimed(run);
    return orders_payment_flow_refund(&calls.flow, orders_first(due));
}

/** A capture whose outcome is unknown, of a closed payment too. */
orders_problem_t *orders_job_poll_capture(const orders_job_run_t *run, int64_t *count)
{
    provider_context_t calls;
    apr_array_header_t *due;
    orders_written_t *written;

    init_provider_context(run, &calls);
    ORDERS_TRY(orders_worker_claim_captures(&run->reader, &calls.claim, &due));
    if (apr_is_empty_array(due)) {
        return NULL;
    }
    *count = 1;
    orders_job_claimed(run);
    return orders_payment_flow_capture_claimed(&calls.flow, orders_first(due), &written);
}

/** A delivery of the provider that a request could not verify. */
orders_problem_t *orders_job_verify_notice(const orders_job_run_t *run, int64_t *count)
{
    provider_context_t calls;
    apr_array_header_t *due;
    orders_written_t *written;
    bool undecided;

    if (!run->context->channel->provider->verify_notice) {
        return NULL;
    }
    init_provider_context(run, &calls);
    ORDERS_TRY(orders_worker_claim_notices(&run->reader, &calls.claim, &due));
    if (apr_is_empty_array(due)) {
        return NULL;
    }
    *count = 1;
    orders_job_claimed(run);
    return orders_notice_verify(&calls.flow, run->context->channel->name, orders_first(due),
                                &written, &undecided);
}
