/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: stored events of payment providers, with the amounts and ids that the provider has sent. */
#include "store/provider_event.h"

#include "api/common/members.h"
#include "api/operator/operator.h"
#include "core/call_input.h"
#include "core/number.h"

#define LIST_CONTEXT "operator.provider_events"

typedef struct query_t {
    const char *verdict, *channel, *order;
    bool resolved, has_resolved;
} query_t;

static const char *const verdicts[] = {"done", "unchanged", "waiting", "refused", NULL};

static const orders_field_t query_fields[] = {
    ORDERS_FIELD(query_t, ENUM, verdict, .values = verdicts),
    ORDERS_FIELD(query_t, STRING, channel, .min = 1, .max = 200),
    {.name = "resolved",
     .type = ORDERS_FIELD_BOOL,
     .offset = offsetof(query_t, resolved),
     .given = offsetof(query_t, has_resolved)},
    ORDERS_FIELD(query_t, STRING, order, .min = 1, .max = 100),
};
const orders_field_table_t orders_operator_provider_events_query =
    ORDERS_FIELD_TABLE(query_fields, .exactly = true, .read_only = orders_operator_page_names);

static orders_problem_t *read_query(const orders_call_t *call, orders_provider_event_list_t *list)
{
    orders_input_t *input;
    orders_page_t page;
    query_t query = {.verdict = NULL};
    ORDERS_TRY(orders_call_query(&input, call));
    orders_problem_t *problem = orders_call_decode_query(call, input, &query);
    orders_problem_merge(&problem, call->pool, orders_call_page(&page, call, input, LIST_CONTEXT));
    ORDERS_TRY(problem);
    list->verdict = query.verdict;
    list->channel = query.channel;
    list->order = query.order;
    list->resolved = !query.has_resolved ? NULL : query.resolved ? "true" : "false";
    list->size = page.size;
    list->before = page.has_cursor ? page.cursor.id : 0;
    return NULL;
}

static void write_event(orders_json_t *json, const orders_provider_event_t *event)
{
    orders_json_begin_object(json);
    orders_json_member_int(json, "id", event->id);
    orders_json_member_string(json, "channel", event->channel);
    orders_json_member_string(json, "event_id", event->event_id);
    orders_json_member_string(json, "type", event->type);
    orders_json_member_string(json, "raw_type", event->raw_type);
    orders_json_member_string(json, "verdict", event->verdict);
    orders_json_member_string(json, "refusal", event->refusal);
    orders_json_member_string(json, "detail", event->detail);
    orders_json_member_int(json, "attempts", event->attempts);
    orders_operator_member_order(json, event->order_id, event->order_number);
    orders_member_id(json, "payment_id", event->payment_id);
    orders_json_member_string(json, "payment_key", event->payment_key);
    orders_json_member_string(json, "intent_id", event->intent_id);
    orders_json_member_string(json, "transaction_id", event->transaction_id);
    orders_json_member_string(json, "capture_id", event->capture_id);
    orders_member_id(json, "amount", event->amount);
    orders_json_member_string(json, "currency", event->currency);
    orders_json_member_string(json, "failure_code", event->code);
    orders_json_member_string(json, "failure_message", event->message);
    orders_member_time(json, "received_at", event->received_at);
    orders_member_time(json, "judged_at", event->judged_at);
    orders_member_time(json, "resolved_at", event->resolved_at);
    orders_member_id(json, "resolved_by", event->resolved_by);
    orders_json_member_string(json, "resolution", event->resolution);
    orders_json_end_object(json);
}

static void write_row(orders_json_t *json, const void *row)
{
    write_event(json, row);
}

static int64_t get_id(const void *row)
{
    return ((const orders_provider_event_t *)row)->id;
}

orders_problem_t *orders_operator_list_provider_events(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    orders_provider_event_list_t list = {0};
    apr_array_header_t *events;
    ORDERS_TRY(read_query(call, &list));
    int size = list.size++;
    ORDERS_TRY(orders_provider_event_list(&reader, &list, &events));
    const orders_operator_page_t page = {
        .name = "provider_events",
        .context = LIST_CONTEXT,
        .size = size,
        .write_row = write_row,
        .get_id = get_id,
    };
    orders_operator_reply_page(call, &page, events, reply);
    return NULL;
}

/* `outcome`: NULL for a read. */
static orders_problem_t *reply_event(const orders_call_t *call, const char *outcome,
                                     const orders_provider_event_t *event, orders_reply_t *reply)
{
    reply->json = orders_json_open(call->pool);
    orders_json_begin_object(reply->json);
    if (outcome) {
        orders_json_member_string(reply->json, "result", outcome);
    }
    orders_json_key(reply->json, "provider_event");
    write_event(reply->json, event);
    orders_json_end_object(reply->json);
    return NULL;
}

orders_problem_t *orders_operator_read_provider_event(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    orders_provider_event_t *event;
    ORDERS_TRY(orders_provider_event_read(&reader, orders_number_id(call->param[0]), &event));
    return event ? reply_event(call, NULL, event, reply)
                 : orders_problem(call->pool, ORDERS_E_not_found, NULL);
}

static orders_problem_t *reply_written(const orders_call_t *call, const char *outcome,
                                       const orders_written_provider_event_t *written,
                                       orders_reply_t *reply)
{
    if (!written || !written->event) {
        return orders_problem(call->pool, ORDERS_E_internal_error, NULL);
    }
    reply->replayed = written->replayed;
    return reply_event(call, outcome, written->event, reply);
}

orders_problem_t *orders_operator_resolve_provider_event(orders_call_t *call, orders_reply_t *reply)
{
    orders_operator_resolve_t body = {NULL};
    orders_writer_t writer;
    orders_written_provider_event_t *written;
    ORDERS_TRY(orders_call_read(call, &body));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_provider_event_resolve(&writer, orders_number_id(call->param[0]),
                                             body.comment, &written));
    return reply_written(call, NULL, written, reply);
}

orders_problem_t *orders_operator_retry_provider_event(orders_call_t *call, orders_reply_t *reply)
{
    orders_writer_t writer;
    orders_written_provider_event_t *written;
    ORDERS_TRY(orders_call_read(call, NULL));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_provider_event_retry(&writer, orders_number_id(call->param[0]), &written));
    return reply_written(call, written ? written->outcome : NULL, written, reply);
}
