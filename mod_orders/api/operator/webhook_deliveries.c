/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: deliveries to webhook endpoints. */
#include <apr_strings.h>

#include "api/common/members.h"
#include "api/operator/operator.h"
#include "api/operator/webhooks.h"
#include "core/call_input.h"
#include "core/format.h"
#include "core/number.h"
#include "core/time.h"
#include "store/event.h"
#include "store/webhook.h"

#define LIST_CONTEXT "operator.webhook_deliveries"
#define MAX_TYPE 100
#define MAX_TYPES 50
#define MAX_EVENTS 10000

typedef struct deliveries_query_t {
    const char *state, *type, *order;
} deliveries_query_t;

static const char *const states[] = {"pending", "delivered", "dead", NULL};
static const orders_field_t query_fields[] = {
    ORDERS_FIELD(deliveries_query_t, ENUM, state, .values = states),
    ORDERS_FIELD(deliveries_query_t, STRING, type, .min = 1, .max = MAX_TYPE),
    ORDERS_FIELD(deliveries_query_t, STRING, order, .min = 1, .max = 100),
};
const orders_field_table_t orders_operator_deliveries_query =
    ORDERS_FIELD_TABLE(query_fields, .exactly = true, .read_only = orders_operator_page_names);

static bool is_cursor(const char *text)
{
    orders_event_cursor_t cursor;
    return orders_event_cursor_parse(&cursor, text);
}

static const orders_format_t cursor_format = {is_cursor, "Must be the cursor of an event."};

typedef struct replay_fields_t {
    const char *after, *until, *from, *to;
    json_t *types;
    int64_t limit;
} replay_fields_t;

static const orders_field_t replay_fields[] = {
    ORDERS_FIELD(replay_fields_t, STRING, after, .max = ORDERS_EVENT_CURSOR_SIZE,
                 .format = &cursor_format),
    ORDERS_FIELD(replay_fields_t, STRING, until, .max = ORDERS_EVENT_CURSOR_SIZE,
                 .format = &cursor_format),
    ORDERS_FIELD(replay_fields_t, STRING, from, .max = 40, .format = &orders_format_time),
    ORDERS_FIELD(replay_fields_t, STRING, to, .max = 40, .format = &orders_format_time),
    ORDERS_FIELD(replay_fields_t, ARRAY, types, .entry = &orders_operator_pattern_entry, .min = 1,
                 .max = MAX_TYPES),
    ORDERS_FIELD(replay_fields_t, INT64, limit, .min = 1, .max = MAX_EVENTS),
};
const orders_field_table_t orders_operator_replay_fields =
    ORDERS_FIELD_TABLE(replay_fields, .exactly = true);

static void write_event(orders_json_t *json, const orders_delivery_t *delivery)
{
    orders_json_key(json, "event");
    if (!delivery->event_id) {
        orders_json_null(json);
        return;
    }
    orders_json_begin_object(json);
    orders_json_member_int(json, "id", delivery->event_id);
    orders_json_member_int(json, "version", delivery->event_version);
    orders_json_end_object(json);
}

static void write_delivery(orders_json_t *json, const orders_delivery_t *delivery)
{
    orders_json_begin_object(json);
    orders_json_member_int(json, "id", delivery->id);
    orders_json_member_string(json, "message_id", delivery->message_id);
    orders_json_member_string(json, "type", delivery->type);
    write_event(json, delivery);
    orders_operator_member_order(json, delivery->order_id, delivery->order_number);
    orders_json_member_string(json, "state", delivery->state);
    orders_json_member_int(json, "attempts", delivery->attempts);
    orders_member_time(json, "next_at", delivery->next_at);
    orders_member_time(json, "last_at", delivery->last_at);
    orders_member_id(json, "last_status", delivery->last_status);
    orders_json_member_string(json, "last_error", delivery->last_error);
    if (delivery->last_at) {
        orders_json_member_int(json, "last_ms", delivery->last_ms);
    } else {
        orders_json_member_null(json, "last_ms");
    }
    orders_member_time(json, "created_at", delivery->created_at);
    orders_member_time(json, "done_at", delivery->done_at);
    orders_json_end_object(json);
}

static void write_row(orders_json_t *json, const void *row)
{
    write_delivery(json, row);
}

static int64_t get_id(const void *row)
{
    return ((const orders_delivery_t *)row)->id;
}

static orders_problem_t *read_query(const orders_call_t *call, orders_delivery_list_t *list)
{
    orders_input_t *input;
    orders_page_t page;
    deliveries_query_t query = {0};
    ORDERS_TRY(orders_call_query(&input, call));
    orders_problem_t *problem = orders_call_decode_query(call, input, &query);
    orders_problem_merge(&problem, call->pool, orders_call_page(&page, call, input, LIST_CONTEXT));
    ORDERS_TRY(problem);
    list->webhook = call->param[0];
    list->state = query.state;
    list->type = query.type;
    list->order = query.order;
    list->size = page.size;
    list->before_id = page.has_cursor ? page.cursor.id : 0;
    return NULL;
}

orders_problem_t *orders_operator_list_deliveries(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    orders_delivery_list_t list = {0};
    apr_array_header_t *rows;
    ORDERS_TRY(read_query(call, &list));
    ORDERS_TRY(orders_operator_webhook_id(call));
    int size = list.size++;
    ORDERS_TRY(orders_delivery_list(&reader, &list, &rows));
    const orders_operator_page_t page = {
        .name = "deliveries",
        .context = LIST_CONTEXT,
        .size = size,
        .write_row = write_row,
        .get_id = get_id,
    };
    orders_operator_reply_page(call, &page, rows, reply);
    return NULL;
}

orders_problem_t *orders_operator_read_delivery(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    const orders_delivery_t *delivery;
    ORDERS_TRY(orders_operator_webhook_id(call));
    ORDERS_TRY(
        orders_delivery_read(&reader, call->param[0], orders_number_id(call->param[1]), &delivery));
    reply->json = orders_json_open(call->pool);
    write_delivery(reply->json, delivery);
    return NULL;
}

static orders_problem_t *reply_written(const orders_call_t *call,
                                       const orders_written_delivery_t *written,
                                       orders_reply_t *reply)
{
    if (!written->delivery) {
        return orders_problem(call->pool, ORDERS_E_internal_error, NULL);
    }
    reply->replayed = written->replayed;
    reply->json = orders_json_open(call->pool);
    write_delivery(reply->json, written->delivery);
    return NULL;
}

orders_problem_t *orders_operator_test_webhook(orders_call_t *call, orders_reply_t *reply)
{
    orders_writer_t writer;
    orders_written_delivery_t *written;
    ORDERS_TRY(orders_call_read(call, NULL));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_operator_webhook_id(call));
    ORDERS_TRY(orders_webhook_test(&writer, call->param[0], &written));
    return reply_written(call, written, reply);
}

orders_problem_t *orders_operator_retry_delivery(orders_call_t *call, orders_reply_t *reply)
{
    orders_writer_t writer;
    orders_written_delivery_t *written;
    ORDERS_TRY(orders_call_read(call, NULL));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_operator_webhook_id(call));
    ORDERS_TRY(
        orders_delivery_retry(&writer, call->param[0], orders_number_id(call->param[1]), &written));
    return reply_written(call, written, reply);
}

/* A range needs a beginning, so that an empty body does not repeat every event that is stored. */
static orders_problem_t *read_replay(orders_call_t *call, orders_replay_webhook_t *replay)
{
    replay_fields_t fields = {.limit = MAX_EVENTS};
    orders_problem_t *problem = NULL;
    ORDERS_TRY(orders_call_read(call, &fields));
    if (!orders_or_null(fields.after) && !orders_or_null(fields.from)) {
        orders_problem_field(&problem, call->pool, "from", ORDERS_E_required_field,
                             "A replay needs after or from.");
        return problem;
    }
    if ((orders_or_null(fields.from) && !orders_time_parse(fields.from, &replay->from)) ||
        (orders_or_null(fields.to) && !orders_time_parse(fields.to, &replay->to))) {
        return orders_problem(call->pool, ORDERS_E_internal_error, NULL);
    }
    replay->after = orders_or_null(fields.after);
    replay->until = orders_or_null(fields.until);
    replay->types = fields.types ? orders_operator_patterns(fields.types, call->pool) : NULL;
    replay->limit = fields.limit;
    return NULL;
}

orders_problem_t *orders_operator_replay_webhook(orders_call_t *call, orders_reply_t *reply)
{
    orders_replay_webhook_t replay = {0};
    orders_writer_t writer;
    orders_written_replay_t *written;
    ORDERS_TRY(read_replay(call, &replay));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_operator_webhook_id(call));
    ORDERS_TRY(orders_webhook_replay(&writer, call->param[0], &replay, &written));
    reply->replayed = written->replayed;
    reply->json = orders_json_open(call->pool);
    orders_json_begin_object(reply->json);
    orders_json_member_int(reply->json, "queued", written->queued);
    orders_json_member_string(reply->json, "next", written->next);
    orders_json_end_object(reply->json);
    return NULL;
}
