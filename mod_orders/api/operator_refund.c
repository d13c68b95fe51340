/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: giving money back, by amount or by lines. */
#include <apr_strings.h>
#include <jansson.h>
#include <string.h>

#include "api/operator.h"
#include "core/input_body.h"

#define MAX_LINES 500

typedef struct refund_t {
    int64_t amount;
    bool amount_given;
    json_t *lines;
    const char *reason;
} refund_t;

static const orders_field_t fields[] = {
    {
        .name = "amount",
        .type = ORDERS_FIELD_INT64,
        .offset = offsetof(refund_t, amount),
        .given = offsetof(refund_t, amount_given),
        .min = 1,
        .max = INT64_MAX,
    },
    ORDERS_FIELD(refund_t, ARRAY, lines),
    ORDERS_FIELD(refund_t, STRING, reason, .max = 255),
};

typedef struct line_t {
    uint64_t id;
    int64_t quantity;
} line_t;

static const orders_field_t line_fields[] = {
    ORDERS_FIELD(line_t, UINT64, id, .flags = ORDERS_FIELD_REQUIRED),
    ORDERS_FIELD(line_t, INT64, quantity, .flags = ORDERS_FIELD_REQUIRED, .min = 1,
                 .max = INT32_MAX),
};

static void refuse(orders_problem_t **problem, apr_pool_t *pool, const char *field,
                   orders_error_e error, const char *message)
{
    orders_problem_field(problem, pool, field, error, message);
}

/* One line, checked, as the order book reads it. */
static void read_line(orders_problem_t **problem, const orders_input_t *input, size_t index,
                      json_t *element, orders_json_t *json, apr_pool_t *pool)
{
    line_t line = {0, 0};
    if (!json_is_object(element)) {
        refuse(problem, pool, apr_psprintf(pool, "lines[%d]", (int)index), ORDERS_E_invalid_type,
               "The line must be an object.");
        return;
    }
    const char *prefix = apr_psprintf(pool, "lines[%d].", (int)index);
    orders_input_t *nested = orders_input_nested(input, element, prefix, pool);
    orders_problem_merge(
        problem, pool,
        orders_fields_decode(line_fields, ORDERS_COUNT(line_fields), nested, &line, pool));
    orders_json_begin_object(json);
    orders_json_member_int(json, "id", (int64_t)line.id);
    orders_json_member_int(json, "quantity", line.quantity);
    orders_json_end_object(json);
}

static orders_problem_t *read_lines(const orders_input_t *input, json_t *lines, apr_pool_t *pool,
                                    const char **text)
{
    orders_problem_t *problem = NULL;
    orders_json_t *json = orders_json_open(pool);
    size_t count = json_array_size(lines);
    if (count < 1 || count > MAX_LINES) {
        refuse(&problem, pool, "lines", ORDERS_E_out_of_range, "1 to 500 lines are needed.");
        return problem;
    }
    orders_json_begin_array(json);
    for (size_t i = 0; i < count; i++) {
        read_line(&problem, input, i, json_array_get(lines, i), json, pool);
    }
    orders_json_end_array(json);
    apr_size_t length;
    *text = orders_json_text(json, pool, &length);
    return problem;
}

static orders_problem_t *read_body(orders_call_t *call, orders_refund_order_t *refund)
{
    orders_input_t *input;
    refund_t body = {0};
    ORDERS_TRY(orders_input_body(&input, call, true));
    orders_problem_t *problem =
        orders_fields_decode(fields, ORDERS_COUNT(fields), input, &body, call->pool);
    if (body.lines) {
        orders_problem_merge(&problem, call->pool,
                             read_lines(input, body.lines, call->pool, &refund->lines));
    }
    if (body.lines && body.amount_given) {
        refuse(&problem, call->pool, "lines", ORDERS_E_invalid_field,
               "A refund is of an amount or of lines, not of both.");
    }
    refund->amount = body.amount;
    refund->reason = orders_or_null(body.reason);
    return problem;
}

/* The refund that the write made: its result names it. */
static const orders_refund_t *refund_of(const orders_order_t *order, const orders_result_t *result)
{
    for (int i = 0; result && i < order->of.refunds->nelts; i++) {
        const orders_refund_t *refund = &APR_ARRAY_IDX(order->of.refunds, i, orders_refund_t);
        if (refund->id == result->id) {
            return refund;
        }
    }
    return orders_last(order->of.refunds);
}

orders_problem_t *orders_operator_refund(orders_call_t *call, orders_reply_t *reply)
{
    orders_writer_t writer;
    orders_answer_t *answer;
    const orders_order_t *order;
    orders_refund_order_t refund = {
        .order = {.text = call->param[0]},
        .window = call->settings->refund_window,
    };
    ORDERS_TRY(read_body(call, &refund));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_call_version(call, &refund.version));
    ORDERS_TRY(orders_order_refund(&writer, &refund, &answer));
    ORDERS_TRY(orders_answer_order(call->pool, answer, &order));

    const orders_result_t *result = orders_first(answer->results);
    const orders_refund_t *made = refund_of(order, result);
    bool done = result && result->outcome && strcmp(result->outcome, "done") == 0;
    reply->status = done ? 201 : 200;
    reply->replayed = orders_answer_is_replay(answer);
    reply->json = orders_json_open(call->pool);
    orders_json_begin_object(reply->json);
    orders_json_key(reply->json, "refund");
    if (made) {
        orders_operator_write_refund(reply->json, made);
    } else {
        orders_json_null(reply->json);
    }
    orders_json_key(reply->json, "order");
    orders_operator_write_order(reply->json, order);
    orders_json_end_object(reply->json);
    return NULL;
}
