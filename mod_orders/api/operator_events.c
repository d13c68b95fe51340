/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: what payment providers say. The channel's signature is the credential. */
#include "api/operator.h"
#include "services/provider.h"
#include "store/payment.h"

static const char *header_of(void *context, const char *name)
{
    const orders_call_t *call = context;
    return call->header(call, name);
}

orders_problem_t *orders_operator_event_expected(orders_call_t *call)
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
    const orders_channel_t *channel = orders_channel_find(call->providers, call->param[0]);
    if (!channel) {
        return orders_problem(call->pool, ORDERS_E_not_found, NULL);
    }
    const orders_signed_body_t received = {
        .header = header_of,
        .context = call,
        .body = call->body,
        .length = call->body_length,
    };
    return channel->provider->read_event(channel, call->pool, &received, event);
}

orders_problem_t *orders_operator_event(orders_call_t *call, orders_reply_t *reply)
{
    orders_event_t said = {0};
    orders_answer_t *answer;
    orders_reader_t reader = orders_call_reader(call);
    ORDERS_TRY(read_event(call, &said));
    const orders_payment_event_t event = {
        .channel = call->param[0],
        .event_id = said.id,
        .type = said.type,
        .payment_id = said.payment_id,
        .intent_id = said.intent_id,
        .transaction_id = said.transaction_id,
        .amount = said.amount,
        .currency = said.currency,
        .code = said.failure_code,
        .message = said.failure_message,
    };
    ORDERS_TRY(orders_payment_event(&reader, &event, &answer));
    const orders_result_t *result = orders_first(answer->results);
    reply->status = 200;
    reply->json = orders_json_open(call->pool);
    orders_json_begin_object(reply->json);
    orders_json_member_string(reply->json, "result", result ? result->outcome : NULL);
    orders_json_end_object(reply->json);
    return NULL;
}
