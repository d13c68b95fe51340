/* SPDX-License-Identifier: Apache-2.0 */
/** Steps that call the provider of one channel. */
#include "net/breaker.h"
#include "payments/payment_flow.h"
#include "store/worker.h"
#include "worker/step.h"

/** Maximum number of payments per step and tenant. Payments are claimed one at a time, so a lease covers one payment. */
#define PAYMENT_BATCH 20

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
                                    .lease = orders_channel_longest(context->channel),
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

/** Whether to claim another payment: only if the provider can be called now. */
static bool may_claim(const orders_job_run_t *run, int count)
{
    return count < PAYMENT_BATCH && !orders_job_stopping(run) &&
           orders_breaker_ready(run->context->channel->breaker);
}

orders_problem_t *orders_job_make_intents(const orders_job_run_t *run)
{
    provider_context_t calls;
    apr_array_header_t *due;
    orders_written_t *written;

    init_provider_context(run, &calls);
    for (int i = 0; may_claim(run, i); i++) {
        ORDERS_TRY(orders_worker_claim_intents(&run->reader, &calls.claim, &due));
        const orders_payment_task_t *task = orders_first(due);

        if (!task) {
            break;
        }
        const orders_intent_t intent = {task->payment, task->order_number, task->return_url, NULL};
        ORDERS_TRY(orders_job_skip_failed(
            run, orders_payment_flow_intent(&calls.flow, &intent, &written)));
    }
    return NULL;
}

orders_problem_t *orders_job_send_refunds(const orders_job_run_t *run)
{
    provider_context_t calls;
    apr_array_header_t *due;

    init_provider_context(run, &calls);
    for (int i = 0; may_claim(run, i); i++) {
        ORDERS_TRY(orders_worker_claim_refunds(&run->reader, &calls.claim, &due));
        if (apr_is_empty_array(due)) {
            break;
        }
        ORDERS_TRY(orders_job_skip_failed(
            run, orders_payment_flow_refund(&calls.flow, orders_first(due))));
    }
    return NULL;
}

/** Also for closed payments: the outcome of a capture can be unknown when its payment is closed. */
orders_problem_t *orders_job_poll_captures(const orders_job_run_t *run)
{
    provider_context_t calls;
    apr_array_header_t *due;
    orders_written_t *written;

    init_provider_context(run, &calls);
    for (int i = 0; may_claim(run, i); i++) {
        ORDERS_TRY(orders_worker_claim_captures(&run->reader, &calls.claim, &due));
        if (apr_is_empty_array(due)) {
            break;
        }
        ORDERS_TRY(orders_job_skip_failed(
            run, orders_payment_flow_capture_claimed(&calls.flow, orders_first(due), &written)));
    }
    return NULL;
}
