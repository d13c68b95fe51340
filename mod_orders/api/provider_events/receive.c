/* SPDX-License-Identifier: Apache-2.0 */
#include "api/provider_events/receive.h"

#include "api/common/request.h"
#include "payments/payment_flow.h"
#include "payments/provider.h"
#include "payments/provider_event.h"
#include "store/payment.h"

static const char *get_header(void *context, const char *name)
{
    const orders_call_t *call = context;
    return call->header(call, name);
}

orders_problem_t *orders_provider_events_expected(orders_call_t *call)
{
    const orders_channel_t *channel = orders_channel_find(call->providers, call->param[0]);
    const orders_signed_body_t headers = {.header = get_header, .context = call};
    if (!channel) {
        return orders_problem(call->pool, ORDERS_E_not_found, NULL);
    }
    return channel->provider->is_signed(&headers)
               ? NULL
               : orders_problem(call->pool, ORDERS_E_invalid_signature, NULL);
}

static orders_problem_t *read_event(orders_call_t *call, orders_event_t *event)
{
    orders_channel_t channel;
    if (!orders_channel_open(call->providers, call->param[0], &channel)) {
        return orders_problem(call->pool, ORDERS_E_not_found, NULL);
    }
    const orders_signed_body_t received = {
        .header = get_header,
        .context = call,
        .body = call->body,
        .length = call->body_length,
    };
    return channel.provider->read_event(&channel, call->pool, &received, event);
}

static orders_payment_event_t make_payment_event(const orders_call_t *call,
                                                 const orders_event_t *event)
{
    return (orders_payment_event_t){
        .channel = call->param[0],
        .event_id = event->id,
        .type = event->type,
        .raw_type = event->raw_type,
        .payment_key = event->payment_key,
        .intent_id = event->intent_id,
        .transaction_id = event->transaction_id,
        .capture_id = event->capture_id,
        .amount = event->amount,
        .currency = event->currency,
        .code = event->failure_code,
        .message = event->failure_message,
        .for_tenant = event->tenant,
    };
}

/* Captures a payment that its buyer has approved. Reads it from the provider first, because the event may be old. */
static orders_problem_t *capture(const orders_call_t *call, int64_t payment_id,
                                 orders_written_t **written)
{
    const orders_reader_t reader = orders_call_reader(call);
    const orders_writer_t writer = {
        .database = reader.database,
        .pool = reader.pool,
        .tenant = reader.tenant,
        .api = call->api->name,
        .actor = "provider",
        .route = call->route->name,
    };
    const orders_payment_flow_t flow = {&writer, call->providers, call->settings};
    const orders_payment_t payment = {.id = payment_id, .channel = call->param[0]};
    return orders_payment_flow_capture(&flow, &payment, true, written);
}

static orders_problem_t *apply_event(const orders_call_t *call, const orders_event_t *event,
                                     orders_written_t **written)
{
    const orders_reader_t reader = orders_call_reader(call);
    const orders_payment_event_t payment_event = make_payment_event(call, event);
    ORDERS_TRY(orders_payment_apply_event(&reader, &payment_event, written));
    orders_provider_event_log_refusal(call->providers, call->route->name, &payment_event, *written,
                                      call->pool);
    return orders_outcome_is((*written)->outcome, "capture")
               ? capture(call, (*written)->id, written)
               : NULL;
}

/* The event has a valid signature, so it comes from the provider: it may report a payment that is logged nowhere else. */
static void log_malformed_event(const orders_call_t *call, const orders_event_t *event,
                                const orders_problem_t *problem)
{
    if (problem->error == ORDERS_E_malformed_json || problem->error == ORDERS_E_invalid_fields) {
        const orders_refused_event_t refused = {
            .event = make_payment_event(call, event),
            .payment = event->payment_key,
            .refusal = orders_error_word(problem->error),
        };
        orders_provider_event_log(call->providers, call->route->name, &refused);
    }
}

orders_problem_t *orders_provider_events_receive(orders_call_t *call, orders_reply_t *reply)
{
    orders_event_t event = {0};
    orders_written_t *written = NULL;
    call->providers->caller = ORDERS_CALLER_EVENT;
    orders_problem_t *problem = read_event(call, &event);
    if (problem) {
        log_malformed_event(call, &event, problem);
        return problem;
    }
    ORDERS_TRY(apply_event(call, &event, &written));
    reply->json = orders_json_open(call->pool);
    orders_json_begin_object(reply->json);
    orders_json_member_string(reply->json, "result", written ? written->outcome : "unchanged");
    if (written && written->refusal) {
        orders_json_member_string(reply->json, "code", written->refusal);
    }
    orders_json_end_object(reply->json);
    return NULL;
}
