/* SPDX-License-Identifier: Apache-2.0 */
#include "payments/notice.h"

#include <string.h>

#include "core/clock.h"
#include "core/text.h"
#include "payments/provider_event.h"
#include "store/payment.h"

/** Added to the timeout of the channel: the calls' own grace, and the statements before and after. */
#define DATABASE_SECONDS 10
#define MAX_DETAIL 500

int orders_notice_lease(const orders_channel_t *channel)
{
    return DATABASE_SECONDS + orders_clock_seconds(channel->timeout_ms);
}

static orders_reader_t reader_of(const orders_payment_flow_t *flow)
{
    const orders_writer_t *writer = flow->writer;
    return (orders_reader_t){writer->database, writer->pool, writer->tenant};
}

static orders_problem_t *read_back(const orders_payment_flow_t *flow, const char *name,
                                   const orders_notice_task_t *task, orders_parsed_event_t *event)
{
    const orders_notice_t notice = {.raw_type = task->raw_type,
                                    .resource_kind = task->resource_kind,
                                    .resource_id = task->resource_id};
    orders_channel_t channel;

    if (!orders_channel_open(flow->providers, name, &channel) || !channel.provider->verify_notice) {
        return orders_problem_logged(flow->writer->pool, ORDERS_E_not_configured,
                                     "no channel of this name has notices");
    }
    return channel.provider->verify_notice(&channel, flow->writer->pool, &notice, event);
}

static bool is_type(const orders_parsed_event_t *event, const char *type)
{
    return !strcmp(event->type, type);
}

/** Whether the resource at the provider has an earlier state than the one that the delivery claims. */
static bool is_behind(const orders_parsed_event_t *event)
{
    return is_type(event, "undecided") || (is_type(event, "confirming") && !event->raw_type);
}

static orders_problem_t *process(const orders_payment_flow_t *flow, const char *channel,
                                 const orders_notice_task_t *task, orders_written_t **written,
                                 bool *undecided)
{
    const orders_reader_t reader = reader_of(flow);
    orders_parsed_event_t event = {.type = NULL};

    ORDERS_TRY(read_back(flow, channel, task, &event));
    if (!is_type(&event, "ignored") && !is_type(&event, "undecided")) {
        ORDERS_TRY(orders_payment_flow_event(flow, channel, &event, written));
    }
    *undecided = is_behind(&event);
    if (!task->id) {
        return NULL;
    }
    return *undecided ? orders_notice_postpone(&reader, task->id,
                                               "The provider has not decided yet.", true)
                      : orders_notice_finish(&reader, task->id,
                                             is_type(&event, "ignored") ? NULL : event.id);
}

orders_problem_t *orders_notice_verify(const orders_payment_flow_t *flow, const char *channel,
                                       const orders_notice_task_t *task, orders_written_t **written,
                                       bool *undecided)
{
    const orders_reader_t reader = reader_of(flow);

    *written = NULL;
    *undecided = false;
    orders_problem_t *problem = process(flow, channel, task, written, undecided);
    if (problem && task->id) {
        const char *detail = orders_text_sanitise(
            reader.pool, problem->log ? problem->log : problem->detail, MAX_DETAIL);
        /* If this statement fails too, the lease expires, and the notice is due again. */
        orders_problem_t *unrecorded =
            orders_notice_postpone(&reader, task->id, detail ? detail : "", false);
        (void)unrecorded;
    }
    return problem;
}
