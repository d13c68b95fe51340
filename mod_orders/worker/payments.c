/* SPDX-License-Identifier: Apache-2.0 */
/** Steps that call the provider of one channel. */
#include "net/breaker.h"
#include "payments/payment_flow.h"
#include "store/worker.h"
#include "worker/step.h"

/** Payments of one step and tenant. They are claimed one at a time, so that a lease is for one payment. */
#define PAYMENT_BATCH 20

/** The context of calls to the provider of the channel. Lives on the stack of a step, because its members point to each other. */
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
                                       .lease = orders_channel_longest(context->channel),
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

/** A payment is claimed only when the provider can be called now. */
static bool may_claim(const orders_job_run_t *run, int done)
{
    return done < PAYMENT_BATCH && !orders_job_stopping(run) &&
           orders_breaker_ready(run->context->channel->breaker);
}

orders_problem_t *orders_job_make_intents(const orders_job_run_t *run)
{
    provider_context_t provider;
    apr_array_header_t *due;
    orders_written_t *written;

    prepare(run, &provider);
    for (int i = 0; may_claim(run, i); i++) {
        ORDERS_TRY(orders_worker_claim_intents(&run->reader, &provider.claim, &due));
        const orders_payment_task_t *task = orders_first(due);

        if (!task) {
            break;
        }
        const orders_intent_t intent = {task->payment, task->order_number, task->return_url, NULL};
        ORDERS_TRY(orders_job_skip_failed(
            run, orders_payment_flow_intent(&provider.flow, &intent, &written)));
    }
    return NULL;
}

orders_problem_t *orders_job_send_refunds(const orders_job_run_t *run)
{
    provider_context_t provider;
    apr_array_header_t *due;

    prepare(run, &provider);
    for (int i = 0; may_claim(run, i); i++) {
        ORDERS_TRY(orders_worker_claim_refunds(&run->reader, &provider.claim, &due));
        if (apr_is_empty_array(due)) {
            break;
        }
        ORDERS_TRY(orders_job_skip_failed(
            run, orders_payment_flow_refund(&provider.flow, orders_first(due))));
    }
    return NULL;
}

/** Captures whose outcome is unknown, of closed payments too. */
orders_problem_t *orders_job_poll_captures(const orders_job_run_t *run)
{
    provider_context_t provider;
    apr_array_header_t *due;
    orders_written_t *written;

    prepare(run, &provider);
    for (int i = 0; may_claim(run, i); i++) {
        ORDERS_TRY(orders_worker_claim_captures(&run->reader, &provider.claim, &due));
        if (apr_is_empty_array(due)) {
            break;
        }
        ORDERS_TRY(orders_job_skip_failed(
            run, orders_payment_flow_capture_claimed(&provider.flow, orders_first(due), &written)));
    }
    return NULL;
}
