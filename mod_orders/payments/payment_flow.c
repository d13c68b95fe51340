/* SPDX-License-Identifier: Apache-2.0 */
#include "payments/payment_flow.h"

#include <apr_strings.h>
#include <string.h>

#include "core/trouble.h"
#include "payments/provider_event.h"
#include "payments/provider_problem.h"

/* The URL for events of a channel; NULL if the server has no public URL or serves no events. */
static const char *notify_url(const orders_payment_flow_t *flow, const char *channel)
{
    const orders_settings_t *settings = flow->settings;
    apr_pool_t *pool = flow->writer->pool;
    if (settings->public_url && settings->events_mount) {
        return apr_pstrcat(pool, settings->public_url, settings->events_mount, "/", channel, NULL);
    }
    return settings->public_url && settings->operator_mount
               ? apr_pstrcat(pool, settings->public_url, settings->operator_mount, "/payments/",
                             channel, "/events", NULL)
               : NULL;
}

/* The text of a log line: channel, subject, reason. */
static const char *failure_log_text(const orders_payment_flow_t *flow, const char *channel,
                                    const char *kind, int64_t id, const orders_problem_t *problem)
{
    return apr_psprintf(flow->writer->pool, "channel %s, %s %" APR_INT64_T_FMT ": %s",
                        channel ? channel : "-", kind, (apr_int64_t)id,
                        problem->log ? problem->log : problem->detail);
}

/* Logs a failure that does not end the request, in the same format as a refused request. */
static void log_failure(const orders_payment_flow_t *flow, const char *channel,
                        const orders_problem_t *problem, const char *failure)
{
    apr_pool_t *pool = flow->writer->pool;
    const char *request_id = flow->providers->request_id;
    if (problem->quiet) {
        return;
    }
    const char *line =
        apr_psprintf(pool, "ORD%04d %s %s - %s: %s", orders_error_number(problem->error),
                     orders_error_code(problem->error), request_id ? request_id : "-",
                     flow->writer->route, failure);
    orders_trouble_log(flow->providers->log, ORDERS_LOG_WARNING, problem->error,
                       apr_pstrcat(pool, "channel ", channel, NULL), line);
}

static orders_problem_t *unknown_channel(const orders_payment_flow_t *flow)
{
    return orders_problem_logged(flow->writer->pool, ORDERS_E_not_configured,
                                 "no OrdersPaymentChannel has this name");
}

static orders_problem_t *call_create_intent(const orders_payment_flow_t *flow, const char *name,
                                            const orders_intent_request_t *request,
                                            orders_intent_reply_t *reply)
{
    orders_channel_t channel;
    if (!orders_channel_open(flow->providers, name, &channel)) {
        return unknown_channel(flow);
    }
    return channel.provider->create_intent(&channel, flow->writer->pool, request, reply);
}

static orders_problem_t *call_refund(const orders_payment_flow_t *flow, const char *name,
                                     const orders_refund_request_t *request,
                                     orders_refund_reply_t *reply)
{
    orders_channel_t channel;
    if (!orders_channel_open(flow->providers, name, &channel)) {
        return unknown_channel(flow);
    }
    return channel.provider->refund(&channel, flow->writer->pool, request, reply);
}

orders_problem_t *orders_payment_flow_intent(const orders_payment_flow_t *flow,
                                             const orders_intent_t *intent,
                                             orders_written_t **written)
{
    const orders_writer_t *writer = flow->writer;
    const orders_payment_t *payment = intent->payment;
    const orders_intent_request_t request = {
        .payment_key = payment->provider_key,
        .tenant = writer->tenant,
        .order_number = intent->order_number,
        .amount = payment->amount,
        .currency = payment->currency,
        .exponent = ORDERS_EXPONENT_UNKNOWN,
        .return_url = intent->return_url,
        .cancel_url = intent->cancel_url ? intent->cancel_url : intent->return_url,
        .notify_url = notify_url(flow, payment->channel),
    };
    orders_intent_reply_t reply = {NULL, NULL, NULL};
    orders_problem_t *problem = call_create_intent(flow, payment->channel, &request, &reply);
    if (!problem) {
        const orders_record_intent_t record = {
            .payment_id = payment->id,
            .intent_id = reply.intent_id,
            .pay_url = reply.pay_url,
            .reference = reply.reference,
        };
        return orders_payment_record_intent(writer, &record, written);
    }
    log_failure(flow, payment->channel, problem,
                failure_log_text(flow, payment->channel, "payment", payment->id, problem));
    orders_intent_failure_t failure = {
        .payment_id = payment->id,
        .refused = problem->error == ORDERS_E_provider_refused,
    };
    orders_provider_failure(problem, writer->pool, &failure.code, &failure.message);
    return orders_payment_record_failure(writer, &failure, written);
}

static orders_capture_request_t make_capture_request(const orders_payment_flow_t *flow,
                                                     const orders_payment_t *payment)
{
    return (orders_capture_request_t){
        .payment_key = payment->provider_key,
        .tenant = flow->writer->tenant,
        .intent_id = payment->intent_id,
        .amount = payment->amount,
        .currency = payment->currency,
        .exponent = ORDERS_EXPONENT_UNKNOWN,
    };
}

/* Opens a channel. `not_configured`: its provider has no capture request. */
static orders_problem_t *open_capture_channel(const orders_payment_flow_t *flow, const char *name,
                                              orders_channel_t *channel)
{
    if (!orders_channel_open(flow->providers, name, channel)) {
        return unknown_channel(flow);
    }
    return channel->provider->capture
               ? NULL
               : orders_problem_logged(flow->writer->pool, ORDERS_E_not_configured,
                                       "the provider of this channel has no capture request");
}

orders_problem_t *orders_payment_flow_poll(const orders_payment_flow_t *flow,
                                           const orders_payment_t *payment,
                                           orders_capture_reply_t *reply)
{
    orders_capture_request_t request = make_capture_request(flow, payment);
    orders_channel_t channel;
    ORDERS_TRY(open_capture_channel(flow, payment->channel, &channel));
    request.read_only = true;
    return channel.provider->capture(&channel, flow->writer->pool, &request, reply);
}

static orders_reader_t make_reader(const orders_payment_flow_t *flow)
{
    return (orders_reader_t){.database = flow->writer->database,
                             .pool = flow->writer->pool,
                             .tenant = flow->writer->tenant};
}

/* Records the reply of the provider, or an unknown outcome. The database decides the next step. */
static orders_problem_t *record_outcome(const orders_payment_flow_t *flow,
                                        const orders_payment_t *payment,
                                        const orders_capture_reply_t *reply,
                                        orders_written_t **written)
{
    const orders_reader_t reader = make_reader(flow);
    const orders_record_capture_t capture = {
        .payment_id = payment->id,
        .outcome = reply->outcome,
        .transaction_id = reply->transaction_id,
        .amount = reply->amount,
        .currency = reply->currency,
        .code = reply->failure_code,
        .message = reply->failure_message,
        .payer = reply->payer,
    };
    ORDERS_TRY(orders_payment_record_capture(&reader, &capture, written));
    const orders_payment_event_t event = {
        .channel = payment->channel,
        .event_id = (*written)->event_id,
        .type = (*written)->event_type,
        .payment_key = payment->provider_key,
        .intent_id = payment->intent_id,
        .transaction_id = reply->transaction_id,
        .amount = reply->amount,
        .currency = reply->currency,
    };
    orders_provider_event_log_refusal(flow->providers, flow->writer->route, &event, *written,
                                      reader.pool);
    return orders_provider_event_refusal(reader.pool, *written);
}

orders_problem_t *orders_payment_flow_capture_claimed(const orders_payment_flow_t *flow,
                                                      const orders_payment_task_t *task,
                                                      orders_written_t **written)
{
    const orders_payment_t *payment = task->payment;
    orders_capture_request_t request = make_capture_request(flow, payment);
    orders_capture_reply_t reply = {.outcome = NULL};
    orders_channel_t channel;
    *written = NULL;
    ORDERS_TRY(open_capture_channel(flow, payment->channel, &channel));
    request.read_first = strcmp(task->capture_step, "read_first") == 0;
    request.read_only = strcmp(task->capture_step, "read_only") == 0;
    orders_problem_t *problem =
        channel.provider->capture(&channel, flow->writer->pool, &request, &reply);
    if (!problem) {
        return record_outcome(flow, payment, &reply, written);
    }
    problem->log = failure_log_text(flow, payment->channel, "payment", payment->id, problem);
    if (problem->error == ORDERS_E_provider_unreachable) {
        reply = (orders_capture_reply_t){.outcome = "unknown"};
        ORDERS_TRY(record_outcome(flow, payment, &reply, written));
        *written = NULL;
    }
    return problem;
}

orders_problem_t *orders_payment_flow_capture(const orders_payment_flow_t *flow,
                                              const orders_payment_t *payment, bool read_first,
                                              orders_written_t **written)
{
    const orders_reader_t reader = make_reader(flow);
    orders_channel_t channel;
    *written = NULL;
    if (!orders_channel_open(flow->providers, payment->channel, &channel)) {
        return unknown_channel(flow);
    }
    if (!channel.provider->capture) {
        return NULL; /* it captures without a request and sends an event */
    }
    orders_payment_task_t *task;
    ORDERS_TRY(orders_payment_begin_capture(&reader, payment->id, read_first,
                                            orders_channel_longest(&channel), &task));
    return task ? orders_payment_flow_capture_claimed(flow, task, written) : NULL;
}

orders_problem_t *orders_payment_flow_event(const orders_payment_flow_t *flow, const char *channel,
                                            const orders_parsed_event_t *event,
                                            orders_written_t **written)
{
    const orders_reader_t reader = make_reader(flow);
    const orders_payment_event_t params = orders_payment_event_of(channel, event);
    ORDERS_TRY(orders_payment_apply_event(&reader, &params, written));
    orders_provider_event_log_refusal(flow->providers, flow->writer->route, &params, *written,
                                      reader.pool);
    if (!orders_outcome_is((*written)->outcome, "capture")) {
        return NULL;
    }
    /* the approval may be old: the state at the provider is read first */
    const orders_payment_t payment = {.id = (*written)->id, .channel = channel};
    return orders_payment_flow_capture(flow, &payment, true, written);
}

orders_problem_t *orders_payment_flow_refund(const orders_payment_flow_t *flow,
                                             const orders_refund_task_t *task)
{
    const orders_refund_t *refund = task->refund;
    const orders_writer_t *writer = flow->writer;
    const orders_refund_request_t request = {
        .refund_key = refund->provider_key,
        .payment_key = task->payment_key,
        .tenant = writer->tenant,
        .intent_id = task->intent_id,
        .transaction_id = refund->reference,
        .amount = refund->amount,
        .currency = refund->currency,
        .exponent = ORDERS_EXPONENT_UNKNOWN,
        .reason = refund->reason,
    };
    orders_refund_reply_t reply = {NULL, false};
    orders_problem_t *problem = call_refund(flow, refund->channel, &request, &reply);
    if (problem) {
        problem->log = failure_log_text(flow, refund->channel, "refund", refund->id, problem);
    }
    if (problem && problem->error != ORDERS_E_provider_refused) {
        return problem; /* the worker logs it */
    }
    if (!problem && reply.pending) {
        return NULL;
    }
    orders_settle_refund_t settle = {
        .refund_id = refund->id,
        .transaction_id = reply.transaction_id,
        .ok = !problem,
    };
    if (problem) {
        log_failure(flow, refund->channel, problem, problem->log);
        orders_provider_failure(problem, writer->pool, &settle.code, &settle.message);
    }
    orders_written_t *written;
    return orders_payment_settle_refund(writer, &settle, &written);
}

orders_problem_t *orders_payment_flow_first(const orders_payment_flow_t *flow,
                                            const char *return_url, orders_written_t **written)
{
    if (!orders_outcome_is((*written)->outcome, "intent") || flow->writer->database->dry_run) {
        return NULL;
    }
    const orders_order_t *order = (*written)->order;
    const orders_intent_t intent = {
        .payment = order ? orders_find_payment(order, (*written)->id) : NULL,
        .order_number = order ? order->number : NULL,
        .return_url = return_url,
    };
    return intent.payment ? orders_payment_flow_intent(flow, &intent, written) : NULL;
}
