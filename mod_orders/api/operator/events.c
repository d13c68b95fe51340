/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: the feed of events, and the verification of an order's history. */
#include <apr_hash.h>
#include <apr_strings.h>

#include "api/common/members.h"
#include "api/operator/operator.h"
#include "canonical/event.h"
#include "canonical/order.h"
#include "core/call_input.h"
#include "core/format.h"
#include "store/event.h"

/* Most events of a page with expand=order: each of their orders may have a hundred lines. */
#define MAX_EXPANDED 100

const orders_page_rules_t orders_operator_event_pages = {
    .size = "limit",
    .default_size = 100,
    .max_size = 500,
};

static const char *const size_names[] = {"limit", NULL};
static const char *const expandable[] = {"order", NULL};

typedef struct query_t {
    const char *after, *types, *expand;
} query_t;

static const orders_field_t query_fields[] = {
    ORDERS_FIELD(query_t, STRING, after, .max = ORDERS_EVENT_CURSOR_SIZE - 1),
    ORDERS_FIELD(query_t, STRING, types, .max = 5049, .format = &orders_format_event_patterns),
    ORDERS_FIELD(query_t, ENUM, expand, .values = expandable),
};
const orders_field_table_t orders_operator_events_query =
    ORDERS_FIELD_TABLE(query_fields, .exactly = true, .read_only = size_names);

/* The parts of a text between commas. */
static apr_array_header_t *split(apr_pool_t *pool, const char *text)
{
    apr_array_header_t *parts = apr_array_make(pool, 4, sizeof(const char *));
    char *state = NULL;
    for (char *part = apr_strtok(apr_pstrdup(pool, text), ",", &state); part;
         part = apr_strtok(NULL, ",", &state)) {
        APR_ARRAY_PUSH(parts, const char *) = part;
    }
    return parts;
}

static orders_problem_t *read_query(const orders_call_t *call, orders_event_list_t *list,
                                    bool *expand)
{
    orders_input_t *input;
    orders_page_t page;
    query_t query = {.after = NULL};
    ORDERS_TRY(orders_call_query(&input, call));
    orders_problem_t *problem = orders_call_decode_query(call, input, &query);
    orders_problem_merge(&problem, call->pool, orders_call_page(&page, call, input, NULL));
    query.after = orders_or_null(query.after);
    query.types = orders_or_null(query.types);
    if (!problem && query.after && !orders_event_cursor_parse(&list->after, query.after)) {
        orders_problem_field(&problem, call->pool, "after", ORDERS_E_invalid_field,
                             "Must be a cursor of this list.");
    }
    ORDERS_TRY(problem);
    *expand = query.expand != NULL;
    list->patterns = query.types ? split(call->pool, query.types) : NULL;
    list->size = *expand && page.size > MAX_EXPANDED ? MAX_EXPANDED : page.size;
    return NULL;
}

/* The ids of the orders that the events are about, each once. */
static apr_array_header_t *order_ids(apr_pool_t *pool, const apr_array_header_t *events)
{
    apr_array_header_t *ids = apr_array_make(pool, events->nelts + 1, sizeof(int64_t));
    apr_hash_t *seen = apr_hash_make(pool);
    for (int i = 0; i < events->nelts; i++) {
        const orders_event_t *event = &APR_ARRAY_IDX(events, i, orders_event_t);
        if (event->order_number && !apr_hash_get(seen, &event->subject_id, sizeof(int64_t))) {
            apr_hash_set(seen, &event->subject_id, sizeof(int64_t), event);
            APR_ARRAY_PUSH(ids, int64_t) = event->subject_id;
        }
    }
    return ids;
}

static void member_events(orders_json_t *json, const apr_array_header_t *events)
{
    orders_json_key(json, "events");
    orders_json_begin_array(json);
    for (int i = 0; i < events->nelts; i++) {
        orders_canonical_write_event(json, &APR_ARRAY_IDX(events, i, orders_event_t));
    }
    orders_json_end_array(json);
}

static void member_orders(orders_json_t *json, const apr_array_header_t *orders)
{
    orders_json_key(json, "orders");
    orders_json_begin_array(json);
    for (int i = 0; i < orders->nelts; i++) {
        orders_canonical_write_order(json, &APR_ARRAY_IDX(orders, i, orders_order_t),
                                     ORDERS_CANONICAL_WITH_PAY_LINKS);
    }
    orders_json_end_array(json);
}

/* The orders are read after the events, so that each order is at least as new as its events. */
orders_problem_t *orders_operator_list_events(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    orders_event_list_t list = {0};
    orders_event_cursor_t next;
    apr_array_header_t *events, *orders = NULL;
    char cursor[ORDERS_EVENT_CURSOR_SIZE];
    bool expand;
    ORDERS_TRY(read_query(call, &list, &expand));
    ORDERS_TRY(orders_event_list(&reader, &list, &events, &next));
    if (expand) {
        ORDERS_TRY(orders_order_read_many(&reader, order_ids(call->pool, events), &orders));
    }
    reply->json = orders_json_open(call->pool);
    orders_json_begin_object(reply->json);
    member_events(reply->json, events);
    if (orders) {
        member_orders(reply->json, orders);
    }
    orders_event_cursor_write(cursor, &next);
    orders_json_member_string(reply->json, "next", cursor);
    orders_json_end_object(reply->json);
    return NULL;
}

orders_problem_t *orders_operator_verify_history(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    orders_history_check_t *check;
    ORDERS_TRY(orders_event_verify(&reader, call->param[0], &check));
    reply->json = orders_json_open(call->pool);
    orders_json_begin_object(reply->json);
    orders_json_member_bool(reply->json, "valid", !check->reason);
    orders_json_member_int(reply->json, "version", check->version);
    orders_json_member_int(reply->json, "events", check->events);
    orders_json_member_string(reply->json, "hash", check->hash);
    orders_json_key(reply->json, "broken");
    if (check->reason) {
        orders_json_begin_object(reply->json);
        orders_json_member_int(reply->json, "version", check->broken_version);
        orders_json_member_string(reply->json, "reason", check->reason);
        orders_json_end_object(reply->json);
    } else {
        orders_json_null(reply->json);
    }
    orders_json_end_object(reply->json);
    return NULL;
}
