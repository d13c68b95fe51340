/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: transactions for which a payment provider and the order database have different records. */
#include "api/common/members.h"
#include "api/operator/operator.h"
#include "core/call_input.h"
#include "core/number.h"
#include "store/reconciliation.h"

#define LIST_CONTEXT "operator.differences"

typedef struct differences_query_t {
    uint64_t reconciliation;
    const char *channel, *state, *kind;
} differences_query_t;

static const char *const states[] = {"open", "resolved", NULL};
static const char *const kinds[] = {
    "missing_here", "missing_there", "kind_mismatch", "currency_mismatch", "amount_mismatch", NULL,
};
static const orders_field_t query_fields[] = {
    ORDERS_FIELD(differences_query_t, UINT64, reconciliation, .min = 1, .max = INT64_MAX),
    ORDERS_FIELD(differences_query_t, STRING, channel, .max = 200),
    ORDERS_FIELD(differences_query_t, ENUM, state, .values = states),
    ORDERS_FIELD(differences_query_t, ENUM, kind, .values = kinds),
};
const orders_field_table_t orders_operator_differences_query =
    ORDERS_FIELD_TABLE(query_fields, .exactly = true, .read_only = orders_operator_page_names);

static orders_problem_t *read_query(const orders_call_t *call, orders_reconciliation_list_t *list)
{
    orders_input_t *input;
    orders_page_t page;
    differences_query_t query = {0};
    ORDERS_TRY(orders_call_query(&input, call));
    orders_problem_t *problem = orders_call_decode_query(call, input, &query);
    orders_problem_merge(&problem, call->pool, orders_call_page(&page, call, input, LIST_CONTEXT));
    ORDERS_TRY(problem);
    list->reconciliation_id = (int64_t)query.reconciliation;
    list->channel = orders_or_null(query.channel);
    list->state = query.state;
    list->kind = query.kind;
    list->size = page.size;
    list->before_id = page.has_cursor ? page.cursor.id : 0;
    return NULL;
}

static void write_there(orders_json_t *json, const orders_difference_t *difference)
{
    orders_json_key(json, "there");
    if (!difference->there_kind) {
        orders_json_null(json);
        return;
    }
    orders_json_begin_object(json);
    orders_json_member_string(json, "kind", difference->there_kind);
    orders_json_member_int(json, "amount", difference->there_amount);
    orders_json_member_string(json, "currency", difference->there_currency);
    orders_member_time(json, "occurred_at", difference->occurred_at);
    orders_json_member_string(json, "payment_key", difference->payment_key);
    orders_json_member_string(json, "intent_id", difference->intent_id);
    orders_json_member_string(json, "capture_id", difference->capture_id);
    orders_json_end_object(json);
}

static void write_here(orders_json_t *json, const orders_difference_t *difference)
{
    orders_json_key(json, "here");
    if (!difference->here_kind) {
        orders_json_null(json);
        return;
    }
    orders_json_begin_object(json);
    orders_json_member_string(json, "kind", difference->here_kind);
    orders_json_member_int(json, "amount", difference->here_amount);
    orders_json_member_string(json, "currency", difference->here_currency);
    orders_member_time(json, "recorded_at", difference->recorded_at);
    orders_json_end_object(json);
}

static void write_difference(orders_json_t *json, const orders_difference_t *difference)
{
    orders_json_begin_object(json);
    orders_json_member_int(json, "id", difference->id);
    orders_json_member_int(json, "reconciliation_id", difference->reconciliation_id);
    orders_json_member_string(json, "channel", difference->channel);
    orders_json_member_string(json, "kind", difference->kind);
    orders_json_member_string(json, "transaction_id", difference->transaction_id);
    orders_operator_member_order(json, difference->order_id, difference->order_number);
    orders_member_id(json, "payment_id", difference->payment_id);
    orders_member_id(json, "refund_id", difference->refund_id);
    write_there(json, difference);
    write_here(json, difference);
    orders_json_member_bool(json, "applicable", difference->applicable);
    orders_json_member_string(json, "state", difference->state);
    orders_json_member_string(json, "resolution", difference->resolution);
    orders_json_member_string(json, "comment", difference->comment);
    orders_member_id(json, "resolved_by", difference->resolved_by);
    orders_member_time(json, "resolved_at", difference->resolved_at);
    orders_member_time(json, "created_at", difference->created_at);
    orders_json_end_object(json);
}

static void write_row(orders_json_t *json, const void *row)
{
    write_difference(json, row);
}

static int64_t get_id(const void *row)
{
    return ((const orders_difference_t *)row)->id;
}

orders_problem_t *orders_operator_list_differences(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    orders_reconciliation_list_t list = {0};
    apr_array_header_t *rows;
    ORDERS_TRY(read_query(call, &list));
    int size = list.size++;
    ORDERS_TRY(orders_difference_list(&reader, &list, &rows));
    const orders_operator_page_t page = {
        .name = "differences",
        .context = LIST_CONTEXT,
        .size = size,
        .write_row = write_row,
        .get_id = get_id,
    };
    orders_operator_reply_page(call, &page, rows, reply);
    return NULL;
}

static orders_problem_t *reply_difference(const orders_call_t *call,
                                          const orders_written_difference_t *written,
                                          orders_reply_t *reply)
{
    if (!written->difference) {
        return orders_problem(call->pool, ORDERS_E_internal_error, NULL);
    }
    reply->replayed = written->replayed;
    reply->json = orders_json_open(call->pool);
    write_difference(reply->json, written->difference);
    return NULL;
}

orders_problem_t *orders_operator_apply_difference(orders_call_t *call, orders_reply_t *reply)
{
    orders_writer_t writer;
    orders_written_difference_t *written;
    ORDERS_TRY(orders_call_read(call, NULL));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_difference_apply(&writer, orders_number_id(call->param[0]), &written));
    return reply_difference(call, written, reply);
}

orders_problem_t *orders_operator_resolve_difference(orders_call_t *call, orders_reply_t *reply)
{
    orders_operator_resolve_t body = {NULL};
    orders_writer_t writer;
    orders_written_difference_t *written;
    ORDERS_TRY(orders_call_read(call, &body));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_difference_resolve(&writer, orders_number_id(call->param[0]), body.comment,
                                         &written));
    return reply_difference(call, written, reply);
}
