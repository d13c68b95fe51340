/* SPDX-License-Identifier: Apache-2.0 */
#include "api/provider_events/receive.h"

#include "api/common/request.h"
#include "payments/payment_flow.h"
#include "payments/provider.h"
#include "payments/provider_event.h"
#include "store/payment.h"

static const char *header_of(void *context, const char *name)
{
    const orders_call_t *call = context;
    return call->header(call, name);
}

orders_problem_t *orders_provider_events_expected(orders_call_t *call)
{
    const orders_channel_t *channel = orders_channel_find(call->providers, call->param[0]);
    const orders_signed_body_t head = {.header = header_of, .context = call};
    if (!channel) {
        return orders_problem(call->pool, ORDERS_E_not_found, NULL);
    }
    return channel->provider->is_signed(&head)
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
        .header = header_of,
        .context = call,
        .body = call->body,
        .length = call->body_length,
    };
    return channel.provider->read_event(&channel, call->pool, &received, event);
}

static orders_payment_event_t payment_event_of(const orders_call_t *call,
                                               const orders_event_t *said)
{
    return (orders_payment_event_t){
        .channel = call->param[0],
        .event_id = said->id,
        .type = said->type,
        .raw_type = said->raw_type,
        .payment_key = said->payment_key,
        .intent_id = said->intent_id,
        .transaction_id = said->transaction_id,
        .capture_id = said->capture_id,
        .amount = said->amount,
        .currency = said->currency,
        .code = said->failure_code,
        .message = said->failure_message,
        .for_tenant = said->tenant,
    };
}

/* Captures a payment that its buyer has approved. The event may be an old one: the provider is asked first. */
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

static orders_problem_t *apply(const orders_call_t *call, const orders_event_t *said,
                               orders_written_t **written)
{
    const orders_reader_t reader = orders_call_reader(call);
    const orders_payment_event_t event = payment_event_of(call, said);
    ORDERS_TRY(orders_payment_apply_event(&reader, &event, written));
    orders_provider_event_log_verdict(call->providers, call->route->name, &event, *written,
                                      call->pool);
    return orders_outcome_is((*written)->outcome, "capture")
               ? capture(call, (*written)->id, written)
               : NULL;
}

/* Its signature is valid, so that it is the provider's: money may have moved that no other line reports. */
static void log_unreadable(const orders_call_t *call, const orders_event_t *said,
                           const orders_problem_t *problem)
{
    if (problem->error == ORDERS_E_malformed_json || problem->error == ORDERS_E_invalid_fields) {
        const orders_refused_event_t refused = {
            .event = payment_event_of(call, said),
            .payment = said->payment_key,
            .refusal = orders_error_word(problem->error),
        };
        orders_provider_event_log(call->providers, call->route->name, &refused);
    }
}

orders_problem_t *orders_provider_events_receive(orders_call_t *call, orders_reply_t *reply)
{
    orders_event_t said = {0};
    orders_written_t *written = NULL;
    call->providers->caller = ORDERS_CALLER_EVENT;
    orders_problem_t *unreadable = read_event(call, &said);
    if (unreadable) {
        log_unreadable(call, &said, unreadable);
        return unreadable;
    }
    ORDERS_TRY(apply(call, &said, &written));
    reply->json = orders_json_open(call->pool);
    orders_json_begin_object(reply->json);
    orders_json_member_string(reply->json, "result", written ? written->outcome : "unchanged");
    if (written && written->refusal) {
        orders_json_member_string(reply->json, "code", written->refusal);
    }
    orders_json_end_object(reply->json);
    return NULL;
}
