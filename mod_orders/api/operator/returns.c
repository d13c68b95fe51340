/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: returned goods. */
#include "store/returns.h"
#include "api/common/projection.h"
#include "api/operator/operator.h"
#include "canonical/order.h"
#include "core/call_input.h"
#include "core/number.h"

#define LIST_CONTEXT "operator.returns"

typedef struct returns_query_t {
    const char *state;
} returns_query_t;

static const orders_field_t query_fields[] = {
    ORDERS_FIELD(returns_query_t, ENUM, state, .values = orders_return_states),
};
const orders_field_table_t orders_operator_returns_query =
    ORDERS_FIELD_TABLE(query_fields, .exactly = true, .read_only = orders_operator_page_names);

static orders_problem_t *read_query(const orders_call_t *call, orders_return_list_t *list)
{
    orders_input_t *input;
    orders_page_t page;
    returns_query_t query = {NULL};
    ORDERS_TRY(orders_call_query(&input, call));
    orders_problem_t *problem = orders_call_decode_query(call, input, &query);
    orders_problem_merge(&problem, call->pool, orders_call_page(&page, call, input, LIST_CONTEXT));
    ORDERS_TRY(problem);
    list->state = query.state;
    list->size = page.size;
    list->before_id = page.has_cursor ? page.cursor.id : 0;
    return NULL;
}

/* A return in a list names its order. */
static void write_listed(orders_json_t *json, const orders_return_t *returned)
{
    orders_json_begin_object(json);
    orders_operator_member_order(json, returned->order_id, returned->order_number);
    orders_canonical_return_members(json, returned);
    orders_json_end_object(json);
}

static void write_row(orders_json_t *json, const void *row)
{
    write_listed(json, row);
}

static int64_t get_id(const void *row)
{
    return ((const orders_return_t *)row)->id;
}

orders_problem_t *orders_operator_list_returns(orders_call_t *call, orders_reply_t *reply)
{
    orders_reader_t reader = orders_call_reader(call);
    orders_return_list_t list = {0};
    apr_array_header_t *returns;
    ORDERS_TRY(read_query(call, &list));
    int size = list.size++;
    ORDERS_TRY(orders_return_list(&reader, &list, &returns));
    const orders_operator_page_t page = {
        .name = "returns",
        .context = LIST_CONTEXT,
        .size = size,
        .write_row = write_row,
        .get_id = get_id,
    };
    orders_operator_reply_page(call, &page, returns, reply);
    return NULL;
}

/* The return and its order. */
static orders_problem_t *reply_return(const orders_call_t *call, const orders_written_t *written,
                                      orders_reply_t *reply)
{
    const orders_order_t *order;
    ORDERS_TRY(orders_written_order(call->pool, written, &order));
    const orders_return_t *returned = orders_find_return(order, written->id);
    if (!returned || !written->outcome) {
        return orders_problem(call->pool, ORDERS_E_internal_error, NULL);
    }
    orders_reply_outcome(call, written->outcome, reply);
    reply->replayed = written->replayed;
    reply->json = orders_json_open(call->pool);
    orders_json_begin_object(reply->json);
    orders_json_key(reply->json, "return");
    orders_json_begin_object(reply->json);
    orders_canonical_return_members(reply->json, returned);
    orders_json_end_object(reply->json);
    orders_json_key(reply->json, "order");
    orders_canonical_write_order(reply->json, order, ORDERS_CANONICAL_WITH_PAY_LINKS);
    orders_json_end_object(reply->json);
    return NULL;
}

typedef struct request_t {
    apr_array_header_t *lines; /* of orders_operator_line_fields */
    const char *reason;
} request_t;

static const orders_field_t request_fields[] = {
    ORDERS_FIELD(request_t, ARRAY, lines, .flags = ORDERS_FIELD_REQUIRED,
                 .members = &orders_operator_line_fields, .min = 1,
                 .max = ORDERS_OPERATOR_MAX_LINES),
    ORDERS_FIELD(request_t, STRING, reason, .flags = ORDERS_FIELD_REQUIRED | ORDERS_FIELD_MULTILINE,
                 .max = 1000),
};
const orders_field_table_t orders_operator_return_fields =
    ORDERS_FIELD_TABLE(request_fields, .exactly = true);

static orders_problem_t *read_request(orders_call_t *call, orders_return_request_t *request)
{
    request_t body = {0};
    ORDERS_TRY(orders_call_read(call, &body));
    request->lines = orders_operator_lines_text(body.lines, call->pool);
    request->reason = body.reason;
    return NULL;
}

orders_problem_t *orders_operator_request_return(orders_call_t *call, orders_reply_t *reply)
{
    orders_writer_t writer;
    orders_written_t *written;
    orders_return_request_t request = {
        .order = {.text = call->param[0]},
        .window = call->settings->return_window,
    };
    ORDERS_TRY(read_request(call, &request));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_call_match(call, &request.match));
    ORDERS_TRY(orders_return_request(&writer, &request, &written));
    return reply_return(call, written, reply);
}

typedef struct return_step_t {
    const char *comment;
} return_step_t;

static const orders_field_t step_fields[] = {
    ORDERS_FIELD(return_step_t, STRING, comment, .max = 255),
};
const orders_field_table_t orders_operator_comment_fields =
    ORDERS_FIELD_TABLE(step_fields, .exactly = true);

static orders_problem_t *resolve(orders_call_t *call, orders_reply_t *reply, const char *action)
{
    return_step_t body = {NULL};
    orders_writer_t writer;
    orders_written_t *written;
    orders_return_step_t step = {
        .return_id = orders_number_id(call->param[0]),
        .action = action,
    };
    ORDERS_TRY(orders_call_read(call, &body));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_call_match(call, &step.match));
    step.comment = orders_or_null(body.comment);
    ORDERS_TRY(orders_return_resolve(&writer, &step, &written));
    return reply_return(call, written, reply);
}

orders_problem_t *orders_operator_approve_return(orders_call_t *call, orders_reply_t *reply)
{
    return resolve(call, reply, "approve");
}

orders_problem_t *orders_operator_reject_return(orders_call_t *call, orders_reply_t *reply)
{
    return resolve(call, reply, "reject");
}

typedef struct receipt_t {
    const char *comment;
    bool restock;
    apr_array_header_t *lines; /* of orders_operator_line_fields; NULL: all items */
} receipt_t;

static const orders_field_t receipt_fields[] = {
    ORDERS_FIELD(receipt_t, STRING, comment, .max = 255),
    ORDERS_FIELD(receipt_t, BOOL, restock),
    ORDERS_FIELD(receipt_t, ARRAY, lines, .members = &orders_operator_line_fields, .min = 1,
                 .max = ORDERS_OPERATOR_MAX_LINES),
};
const orders_field_table_t orders_operator_receive_fields =
    ORDERS_FIELD_TABLE(receipt_fields, .exactly = true);

static orders_problem_t *read_receipt(orders_call_t *call, receipt_t *receipt)
{
    ORDERS_TRY(orders_call_read(call, receipt));
    orders_problem_t *problem = NULL;
    if (receipt->lines && !receipt->restock) {
        orders_problem_field(&problem, call->pool, "lines", ORDERS_E_invalid_field,
                             "Requires restock: true.");
    }
    return problem;
}

orders_problem_t *orders_operator_receive_return(orders_call_t *call, orders_reply_t *reply)
{
    receipt_t receipt = {NULL};
    orders_writer_t writer;
    orders_written_t *written;
    orders_return_step_t step = {
        .return_id = orders_number_id(call->param[0]),
        .action = "receive",
    };
    ORDERS_TRY(read_receipt(call, &receipt));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_call_match(call, &step.match));
    step.comment = orders_or_null(receipt.comment);
    if (receipt.restock) {
        const char *lines =
            receipt.lines ? orders_operator_lines_text(receipt.lines, call->pool) : NULL;
        ORDERS_TRY(orders_return_restock(&writer, &step, lines, &written));
    } else {
        ORDERS_TRY(orders_return_resolve(&writer, &step, &written));
    }
    return reply_return(call, written, reply);
}

orders_problem_t *orders_operator_refund_return(orders_call_t *call, orders_reply_t *reply)
{
    return resolve(call, reply, "refund");
}
