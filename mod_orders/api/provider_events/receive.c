/* SPDX-License-Identifier: Apache-2.0 */
#include "api/provider_events/receive.h"

#include <apr_strings.h>

#include "api/common/request.h"
#include "core/digest.h"
#include "core/text.h"
#include "core/trouble.h"
#include "payments/notice.h"
#include "payments/payment_flow.h"
#include "payments/provider.h"
#include "payments/provider_event.h"
#include "store/payment.h"
#include "store/provider_event.h"

#define MAX_DETAIL 500

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

/** The channel of the route, and the request as its provider has signed it. */
typedef struct delivery_t {
    orders_channel_t channel;
    orders_signed_body_t received;
    orders_writer_t writer;
    orders_payment_flow_t flow;
} delivery_t;

static orders_problem_t *open_delivery(orders_call_t *call, delivery_t *delivery)
{
    const orders_reader_t reader = orders_call_reader(call);
    if (!orders_channel_open(call->providers, call->param[0], &delivery->channel)) {
        return orders_problem(call->pool, ORDERS_E_not_found, NULL);
    }
    delivery->received = (orders_signed_body_t){
        .header = get_header,
        .context = call,
        .body = call->body,
        .length = call->body_length,
    };
    delivery->writer = (orders_writer_t){
        .database = reader.database,
        .pool = reader.pool,
        .tenant = reader.tenant,
        .api = call->api->name,
        .actor = "provider",
        .route = call->route->name,
    };
    delivery->flow = (orders_payment_flow_t){&delivery->writer, call->providers, call->settings};
    return NULL;
}

/** Replies with 200: the delivery is stored, or changes nothing. */
static orders_problem_t *reply_result(const orders_call_t *call, const char *result,
                                      const char *code, orders_reply_t *reply)
{
    reply->json = orders_json_open(call->pool);
    orders_json_begin_object(reply->json);
    orders_json_member_string(reply->json, "result", result);
    if (code) {
        orders_json_member_string(reply->json, "code", code);
    }
    orders_json_end_object(reply->json);
    return NULL;
}

static orders_problem_t *reply_written(const orders_call_t *call, const orders_written_t *written,
                                       orders_reply_t *reply)
{
    return reply_result(call, written ? written->outcome : "unchanged",
                        written ? written->refusal : NULL, reply);
}

/** The signature is valid, but the event cannot be parsed: money may have moved that no other line reports. */
static bool is_unreadable(const orders_problem_t *problem)
{
    return problem && (problem->error == ORDERS_E_malformed_json ||
                       problem->error == ORDERS_E_malformed_request ||
                       problem->error == ORDERS_E_invalid_fields);
}

static const char *unreadable_detail(apr_pool_t *pool, const char *event_id,
                                     const orders_problem_t *problem)
{
    const orders_field_error_t *field = problem->fields ? orders_first(problem->fields) : NULL;
    const char *detail =
        field ? apr_pstrcat(pool, field->field, ": ", field->message, NULL) : problem->detail;
    detail = event_id ? apr_pstrcat(pool, "Event ", event_id, ": ", detail, NULL) : detail;
    return orders_text_sanitise(pool, detail, MAX_DETAIL);
}

static void log_refused(const orders_call_t *call, const orders_payment_event_t *event,
                        const char *refusal)
{
    const orders_refused_event_t refused = {
        .event = *event,
        .payment = event->payment_key,
        .refusal = refusal,
    };
    orders_provider_event_log(call->providers, call->route->name, &refused);
}

static orders_problem_t *store_unreadable(const orders_call_t *call,
                                          const orders_parsed_event_t *event,
                                          const orders_problem_t *problem, orders_reply_t *reply)
{
    const orders_reader_t reader = orders_call_reader(call);
    unsigned char hash[ORDERS_SHA256_SIZE];
    orders_stored_notice_t *stored;
    if (!orders_sha256(hash, call->body, call->body_length)) {
        return orders_problem(call->pool, ORDERS_E_internal_error, NULL);
    }
    const orders_store_notice_t notice = {
        .channel = call->param[0],
        .body_hash = hash,
        .refusal = orders_error_code(problem->error),
        .detail = unreadable_detail(call->pool, event->id, problem),
    };
    ORDERS_TRY(orders_notice_store_unreadable(&reader, &notice, &stored));
    if (!stored->replayed) {
        const orders_payment_event_t refused = orders_payment_event_of(call->param[0], event);
        log_refused(call, &refused, notice.refusal);
    }
    return reply_result(call, stored->outcome, stored->refusal, reply);
}

static orders_problem_t *receive_event(orders_call_t *call, const delivery_t *delivery,
                                       orders_reply_t *reply)
{
    orders_parsed_event_t event = {0};
    orders_written_t *written = NULL;
    orders_problem_t *problem = delivery->channel.provider->read_event(
        &delivery->channel, call->pool, &delivery->received, &event);
    if (is_unreadable(problem)) {
        return store_unreadable(call, &event, problem, reply);
    }
    ORDERS_TRY(problem);
    ORDERS_TRY(orders_payment_flow_event(&delivery->flow, call->param[0], &event, &written));
    return reply_written(call, written, reply);
}

static orders_problem_t *store_notice(const orders_call_t *call, const delivery_t *delivery,
                                      const orders_notice_t *notice,
                                      orders_stored_notice_t **stored)
{
    const orders_reader_t reader = orders_call_reader(call);
    unsigned char hash[ORDERS_SHA256_SIZE];
    if (!orders_sha256(hash, call->body, call->body_length)) {
        return orders_problem(call->pool, ORDERS_E_internal_error, NULL);
    }
    const orders_store_notice_t params = {
        .channel = call->param[0],
        .body_hash = hash,
        .raw_type = notice->raw_type,
        .resource_kind = notice->resource_kind,
        .resource_id = notice->resource_id,
        .payment_key = notice->payment_key,
        .transaction_id = notice->transaction_id,
        .for_tenant = notice->tenant,
        .refusal = notice->unreadable ? orders_error_code(notice->unreadable->error) : NULL,
        .detail =
            notice->unreadable ? unreadable_detail(call->pool, NULL, notice->unreadable) : NULL,
        .lease = orders_notice_lease(&delivery->channel),
    };
    return orders_notice_store(&reader, &params, stored);
}

static void log_refused_notice(const orders_call_t *call, const orders_notice_t *notice,
                               const char *refusal)
{
    const orders_payment_event_t event = {
        .channel = call->param[0],
        .type = notice->raw_type,
        .payment_key = notice->payment_key,
        .transaction_id = notice->transaction_id,
    };
    log_refused(call, &event, refusal);
}

/** The notice is stored: after a failure the worker verifies it, and the provider does not have to send it again. */
static orders_problem_t *leave_to_worker(const orders_call_t *call, const orders_problem_t *problem,
                                         orders_reply_t *reply)
{
    if (!problem->quiet) {
        const char *line = apr_psprintf(
            call->pool, "ORD%04d %s %s - %s: channel %s, an event is verified later: %s",
            orders_error_number(problem->error), orders_error_code(problem->error),
            call->request_id ? call->request_id : "-", call->route->name, call->param[0],
            problem->log ? problem->log : problem->detail);
        orders_trouble_log(call->providers->log, ORDERS_LOG_WARNING, problem->error,
                           apr_pstrcat(call->pool, "channel ", call->param[0], NULL), line);
    }
    return reply_result(call, "pending", NULL, reply);
}

static orders_problem_t *verify_notice(const orders_call_t *call, const delivery_t *delivery,
                                       const orders_notice_task_t *task, orders_reply_t *reply)
{
    orders_written_t *written;
    bool undecided;
    orders_problem_t *problem =
        orders_notice_verify(&delivery->flow, call->param[0], task, &written, &undecided);
    if (problem && task->id) {
        return leave_to_worker(call, problem, reply);
    }
    ORDERS_TRY(problem);
    if (undecided && !task->id) {
        /* Nothing is stored from which the worker could read the outcome: the provider sends it again. */
        return orders_problem(call->pool, ORDERS_E_busy, NULL);
    }
    return undecided && !written ? reply_result(call, "pending", NULL, reply)
                                 : reply_written(call, written, reply);
}

static orders_problem_t *receive_notice(orders_call_t *call, const delivery_t *delivery,
                                        orders_reply_t *reply)
{
    orders_notice_t notice;
    orders_stored_notice_t *stored;
    ORDERS_TRY(delivery->channel.provider->read_notice(&delivery->channel, call->pool,
                                                       &delivery->received, &notice));
    ORDERS_TRY(store_notice(call, delivery, &notice, &stored));
    if (stored->refusal && !stored->replayed) {
        log_refused_notice(call, &notice, stored->refusal);
    }
    if (orders_outcome_is(stored->outcome, "pending") ||
        (orders_outcome_is(stored->outcome, "full") && !stored->refusal)) {
        const orders_notice_task_t task = {stored->notice, notice.raw_type, notice.resource_kind,
                                           notice.resource_id};
        return verify_notice(call, delivery, &task, reply);
    }
    if (orders_outcome_is(stored->outcome, "full")) {
        return orders_problem(call->pool, ORDERS_E_busy, NULL); /* the provider sends it again */
    }
    return reply_result(call, stored->outcome, stored->refusal, reply);
}

orders_problem_t *orders_provider_events_receive(orders_call_t *call, orders_reply_t *reply)
{
    delivery_t delivery;
    call->providers->caller = ORDERS_CALLER_EVENT;
    ORDERS_TRY(open_delivery(call, &delivery));
    return delivery.channel.provider->read_notice ? receive_notice(call, &delivery, reply)
                                                  : receive_event(call, &delivery, reply);
}
