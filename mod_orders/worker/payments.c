/* SPDX-License-Identifier: Apache-2.0 */
/** Turns that call the provider of one channel. A payment is claimed alone, so that its lease is for one item. */
#include "payments/notice.h"
#include "payments/payment_flow.h"
#include "store/worker.h"
#include "worker/step.h"

/** The context of calls to the provider of the channel. Lives on the stack of a turn, because its members point to each other. */
typedef struct provider_context_t {
    orders_claim_t claim;
    orders_writer_t writer;
    orders_providers_t providers;
    orders_payment_flow_t flow;
} provider_context_t;

static void prepare(const orders_job_run_t *run, provider_context_t *provider)
{
    const orders_job_context_t *context = run->context;

    provider->claim = (orders_claim_t){.limit = 1,
                                       .lease = orders_job_lease(run->job, context),
                                       .channel = context->channel->name};
    provider->writer = (orders_writer_t){.database = run->reader.database,
                                         .pool = run->reader.pool,
                                         .tenant = run->reader.tenant,
                                         .api = "worker",
                                         .actor = "system",
                                         .route = "worker"};
    provider->providers = (orders_providers_t){.channels = context->channels,
                                               .log = context->log,
                                               .cancelled = context->is_stopping,
                                               .context = context->data,
                                               .caller = ORDERS_CALLER_WORKER};
    provider->flow =
        (orders_payment_flow_t){&provider->writer, &provider->providers, &run->settings};
}

orders_problem_t *orders_job_make_intent(const orders_job_run_t *run, int64_t *count)
{
    provider_context_t provider;
    apr_array_header_t *due;
    orders_written_t *written;

    prepare(run, &provider);
    ORDERS_TRY(orders_worker_claim_intents(&run->reader, &provider.claim, &due));
    const orders_payment_task_t *task = orders_first(due);

    if (!task) {
        return NULL;
    }
    const orders_intent_t intent = {task->payment, task->order_number, task->return_url, NULL};

    *count = 1;
    orders_job_claimed(run);
    return orders_payment_flow_intent(&provider.flow, &intent, &written);
}

orders_problem_t *orders_job_send_refund(const orders_job_run_t *run, int64_t *count)
{
    provider_context_t provider;
    apr_array_header_t *due;

    prepare(run, &provider);
    ORDERS_TRY(orders_worker_claim_refunds(&run->reader, &provider.claim, &due));
    if (apr_is_empty_array(due)) {
        return NULL;
    }
    *count = 1;
    orders_job_claimed(run);
    return orders_payment_flow_refund(&provider.flow, orders_first(due));
}

/** A capture whose outcome is unknown, of a closed payment too. */
orders_problem_t *orders_job_poll_capture(const orders_job_run_t *run, int64_t *count)
{
    provider_context_t provider;
    apr_array_header_t *due;
    orders_written_t *written;

    prepare(run, &provider);
    ORDERS_TRY(orders_worker_claim_captures(&run->reader, &provider.claim, &due));
    if (apr_is_empty_array(due)) {
        return NULL;
    }
    *count = 1;
    orders_job_claimed(run);
    return orders_payment_flow_capture_claimed(&provider.flow, orders_first(due), &written);
}

/** A delivery of the provider that a request could not verify. */
orders_problem_t *orders_job_verify_notice(const orders_job_run_t *run, int64_t *count)
{
    provider_context_t provider;
    apr_array_header_t *due;
    orders_written_t *written;
    bool undecided;

    if (!run->context->channel->provider->verify_notice) {
        return NULL;
    }
    prepare(run, &provider);
    ORDERS_TRY(orders_worker_claim_notices(&run->reader, &provider.claim, &due));
    if (apr_is_empty_array(due)) {
        return NULL;
    }
    *count = 1;
    orders_job_claimed(run);
    return orders_notice_verify(&provider.flow, run->context->channel->name, orders_first(due),
                                &written, &undecided);
}
