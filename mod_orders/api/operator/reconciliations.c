/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: reconciliations with the records of payment providers. */
#include <string.h>

#include "api/common/members.h"
#include "api/operator/operator.h"
#include "api/operator/statement.h"
#include "core/call_input.h"
#include "core/format.h"
#include "core/number.h"
#include "core/time.h"
#include "payments/provider.h"
#include "store/reconciliation.h"

#define LIST_CONTEXT "operator.reconciliations"

typedef struct period_t {
    const char *channel, *from, *to;
} period_t;

static const orders_field_t body_fields[] = {
    ORDERS_FIELD(period_t, STRING, channel, .flags = ORDERS_FIELD_REQUIRED, .max = 200),
    ORDERS_FIELD(period_t, STRING, from, .flags = ORDERS_FIELD_REQUIRED, .max = 40,
                 .format = &orders_format_time),
    ORDERS_FIELD(period_t, STRING, to, .flags = ORDERS_FIELD_REQUIRED, .max = 40,
                 .format = &orders_format_time),
};
const orders_field_table_t orders_operator_reconciliation_fields =
    ORDERS_FIELD_TABLE(body_fields, .exactly = true);

/* Required for CSV. */
static const orders_field_t csv_fields[] = {
    ORDERS_FIELD(period_t, STRING, channel, .max = 200),
    ORDERS_FIELD(period_t, STRING, from, .max = 40, .format = &orders_format_time),
    ORDERS_FIELD(period_t, STRING, to, .max = 40, .format = &orders_format_time),
};
const orders_field_table_t orders_operator_reconciliation_query =
    ORDERS_FIELD_TABLE(csv_fields, .exactly = true);

static void require(orders_problem_t **problem, apr_pool_t *pool, const char *name,
                    const char *value)
{
    if (!orders_or_null(value)) {
        orders_problem_field(problem, pool, name, ORDERS_E_required_field,
                             "The parameter is required.");
    }
}

static orders_problem_t *read_csv_period(const orders_call_t *call, period_t *period)
{
    orders_input_t *input;
    ORDERS_TRY(orders_call_query(&input, call));
    orders_problem_t *problem = orders_call_decode_query(call, input, period);
    if (!problem) {
        require(&problem, call->pool, "channel", period->channel);
        require(&problem, call->pool, "from", period->from);
        require(&problem, call->pool, "to", period->to);
    }
    return problem;
}

/* The worker of this server, or of a server with the same channels, reads the pages. It reads none if the catalogue has another
 * provider for the channel than the configuration. */
static orders_problem_t *check_channel(const orders_call_t *call, const char *name)
{
    orders_problem_t *problem = NULL;
    const orders_channel_t *channel = orders_channel_find(call->providers, name);
    if (!channel) {
        orders_problem_field(&problem, call->pool, "channel", ORDERS_E_payment_channel_unknown,
                             orders_error_sentence(ORDERS_E_payment_channel_unknown));
    } else if (!channel->provider->list_transactions) {
        problem = orders_problem(
            call->pool, ORDERS_E_reconciliation_not_supported,
            "The provider of the channel cannot list transactions: send them as CSV.");
        orders_problem_field(&problem, call->pool, "channel", problem->error, problem->detail);
    }
    return problem;
}

static orders_problem_t *read_start(orders_call_t *call, orders_start_reconciliation_t *start)
{
    period_t period = {0};
    bool csv = strcmp(call->content_type, "text/csv") == 0;
    ORDERS_TRY(csv ? read_csv_period(call, &period) : orders_call_read(call, &period));
    if (!orders_time_parse(period.from, &start->from) ||
        !orders_time_parse(period.to, &start->to)) {
        return orders_problem(call->pool, ORDERS_E_internal_error, NULL);
    }
    start->channel = period.channel;
    return csv ? orders_operator_statement(call, start->from, start->to, &start->entries)
               : check_channel(call, start->channel);
}

static void write_side(orders_json_t *json, const char *name, int64_t count, int64_t amount)
{
    orders_json_key(json, name);
    orders_json_begin_object(json);
    orders_json_member_int(json, "count", count);
    orders_json_member_int(json, "amount", amount);
    orders_json_end_object(json);
}

static void write_sums(orders_json_t *json, const apr_array_header_t *sums)
{
    orders_json_key(json, "sums");
    orders_json_begin_array(json);
    for (int i = 0; i < sums->nelts; i++) {
        const orders_reconciliation_sum_t *sum =
            &APR_ARRAY_IDX(sums, i, orders_reconciliation_sum_t);
        orders_json_begin_object(json);
        orders_json_member_string(json, "currency", sum->currency);
        orders_json_member_string(json, "kind", sum->kind);
        write_side(json, "here", sum->here_count, sum->here_amount);
        write_side(json, "there", sum->there_count, sum->there_amount);
        write_side(json, "matched", sum->matched_count, sum->matched_amount);
        orders_json_end_object(json);
    }
    orders_json_end_array(json);
}

static void write_error(orders_json_t *json, const orders_reconciliation_t *reconciliation)
{
    orders_json_key(json, "error");
    if (!reconciliation->error_code) {
        orders_json_null(json);
        return;
    }
    orders_json_begin_object(json);
    orders_json_member_string(json, "code", reconciliation->error_code);
    orders_json_member_string(json, "message", reconciliation->error_message);
    orders_json_end_object(json);
}

static void write_counts(orders_json_t *json, const orders_reconciliation_t *reconciliation)
{
    orders_json_member_int(json, "entries", reconciliation->entries);
    orders_json_member_int(json, "matched", reconciliation->matched);
    orders_json_member_int(json, "different", reconciliation->different);
    orders_json_member_int(json, "unsettled", reconciliation->unsettled);
    orders_json_member_int(json, "ignored", reconciliation->ignored);
    orders_json_member_int(json, "transactions", reconciliation->transactions);
    orders_json_member_int(json, "missing_there", reconciliation->missing_there);
    orders_json_member_int(json, "open_differences", reconciliation->open);
}

static void write_reconciliation(orders_json_t *json, const orders_reconciliation_t *reconciliation)
{
    orders_json_begin_object(json);
    orders_json_member_int(json, "id", reconciliation->id);
    orders_json_member_string(json, "channel", reconciliation->channel);
    orders_json_member_string(json, "provider", reconciliation->provider);
    orders_json_member_string(json, "source", reconciliation->source);
    orders_json_member_string(json, "state", reconciliation->state);
    orders_member_time(json, "from", reconciliation->from_at);
    orders_member_time(json, "to", reconciliation->to_at);
    orders_member_id(json, "requested_by", reconciliation->requested_by);
    write_counts(json, reconciliation);
    write_error(json, reconciliation);
    orders_member_time(json, "created_at", reconciliation->created_at);
    orders_member_time(json, "finished_at", reconciliation->finished_at);
    write_sums(json, reconciliation->sums);
    orders_json_end_object(json);
}

orders_problem_t *orders_operator_reconcile(orders_call_t *call, orders_reply_t *reply)
{
    orders_start_reconciliation_t start = {0};
    orders_writer_t writer;
    orders_written_reconciliation_t *written;
    ORDERS_TRY(read_start(call, &start));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_reconciliation_start(&writer, &start, &written));
    if (!written->reconciliation) {
        return orders_problem(call->pool, ORDERS_E_internal_error, NULL);
    }
    reply->replayed = written->replayed;
    reply->json = orders_json_open(call->pool);
    write_reconciliation(reply->json, written->reconciliation);
    return NULL;
}

orders_problem_t *orders_operator_read_reconciliation(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    const orders_reconciliation_t *reconciliation;
    ORDERS_TRY(
        orders_reconciliation_read(&reader, orders_number_id(call->param[0]), &reconciliation));
    reply->json = orders_json_open(call->pool);
    write_reconciliation(reply->json, reconciliation);
    return NULL;
}

typedef struct list_query_t {
    const char *channel, *state;
} list_query_t;

static const char *const states[] = {"running", "done", "failed", NULL};
static const orders_field_t list_fields[] = {
    ORDERS_FIELD(list_query_t, STRING, channel, .max = 200),
    ORDERS_FIELD(list_query_t, ENUM, state, .values = states),
};
const orders_field_table_t orders_operator_reconciliations_query =
    ORDERS_FIELD_TABLE(list_fields, .exactly = true, .read_only = orders_operator_page_names);

static orders_problem_t *read_list(const orders_call_t *call, orders_reconciliation_list_t *list)
{
    orders_input_t *input;
    orders_page_t page;
    list_query_t query = {0};
    ORDERS_TRY(orders_call_query(&input, call));
    orders_problem_t *problem = orders_call_decode_query(call, input, &query);
    orders_problem_merge(&problem, call->pool, orders_call_page(&page, call, input, LIST_CONTEXT));
    ORDERS_TRY(problem);
    list->channel = orders_or_null(query.channel);
    list->state = query.state;
    list->size = page.size;
    list->before_id = page.has_cursor ? page.cursor.id : 0;
    return NULL;
}

static void write_row(orders_json_t *json, const void *row)
{
    write_reconciliation(json, row);
}

static int64_t get_id(const void *row)
{
    return ((const orders_reconciliation_t *)row)->id;
}

orders_problem_t *orders_operator_list_reconciliations(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    orders_reconciliation_list_t list = {0};
    apr_array_header_t *rows;
    ORDERS_TRY(read_list(call, &list));
    int size = list.size++;
    ORDERS_TRY(orders_reconciliation_list(&reader, &list, &rows));
    const orders_operator_page_t page = {
        .name = "reconciliations",
        .context = LIST_CONTEXT,
        .size = size,
        .write_row = write_row,
        .get_id = get_id,
    };
    orders_operator_reply_page(call, &page, rows, reply);
    return NULL;
}
