/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: refunds by amount or by lines, and the outcome of a manual refund. */
#include "api/operator/operator.h"
#include "canonical/order.h"
#include "core/call_input.h"
#include "core/number.h"
#include "store/payment.h"

typedef struct refund_t {
    int64_t amount;
    bool amount_given;
    apr_array_header_t *lines; /* of orders_operator_counted_line_fields */
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
    ORDERS_FIELD(refund_t, ARRAY, lines, .members = &orders_operator_counted_line_fields, .min = 1,
                 .max = ORDERS_OPERATOR_MAX_LINES),
    ORDERS_FIELD(refund_t, STRING, reason, .max = 255),
};
const orders_field_table_t orders_operator_refund_fields =
    ORDERS_FIELD_TABLE(fields, .exactly = true);

static orders_problem_t *read_body(orders_call_t *call, orders_refund_order_t *refund)
{
    orders_input_t *input;
    refund_t body = {0};
    ORDERS_TRY(orders_call_body(&input, call));
    orders_problem_t *problem = orders_call_decode(call, input, &body);
    if (body.lines && body.amount_given) {
        orders_problem_field(&problem, call->pool, "lines", ORDERS_E_invalid_field,
                             "A refund has an amount or lines, not both.");
    }
    refund->lines = body.lines ? orders_operator_lines_text(body.lines, call->pool) : NULL;
    refund->amount = body.amount;
    refund->reason = orders_or_null(body.reason);
    return problem;
}

/*
  * The refund and its order. A request for a refund of an order that is already refunded in full writes no row: the response has the
 * last refund, or null if nothing was paid.
 */
static orders_problem_t *reply_refund(const orders_call_t *call, const orders_written_t *written,
                                      orders_reply_t *reply)
{
    const orders_order_t *order;
    ORDERS_TRY(orders_written_order(call->pool, written, &order));
    const orders_refund_t *refund =
        written->id ? orders_find_refund(order, written->id) : orders_last(order->of.refunds);
    if (written->id && !refund) {
        return orders_problem(call->pool, ORDERS_E_internal_error, NULL);
    }
    orders_reply_outcome(call, written->outcome, reply);
    reply->replayed = written->replayed;
    reply->json = orders_json_open(call->pool);
    orders_json_begin_object(reply->json);
    orders_json_key(reply->json, "refund");
    if (refund) {
        orders_canonical_write_refund(reply->json, refund);
    } else {
        orders_json_null(reply->json);
    }
    orders_json_key(reply->json, "order");
    orders_canonical_write_order(reply->json, order, ORDERS_CANONICAL_WITH_PAY_LINKS);
    orders_json_end_object(reply->json);
    return NULL;
}

orders_problem_t *orders_operator_refund(orders_call_t *call, orders_reply_t *reply)
{
    orders_writer_t writer;
    orders_written_t *written;
    orders_refund_order_t refund = {
        .order = {.text = call->param[0]},
        .window = call->settings->refund_window,
    };
    ORDERS_TRY(read_body(call, &refund));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_call_match(call, &refund.match));
    ORDERS_TRY(orders_order_refund(&writer, &refund, &written));
    return reply_refund(call, written, reply);
}

typedef struct settle_t {
    const char *reference, *code, *message;
    bool failed;
} settle_t;

static const orders_field_t settle_fields[] = {
    ORDERS_FIELD(settle_t, STRING, reference, .max = 255),
    ORDERS_FIELD(settle_t, BOOL, failed),
    ORDERS_FIELD(settle_t, STRING, code, .max = 64),
    ORDERS_FIELD(settle_t, STRING, message, .max = 255),
};
const orders_field_table_t orders_operator_settle_fields =
    ORDERS_FIELD_TABLE(settle_fields, .exactly = true);

/* Only a failed refund has a failure code and message. */
static orders_problem_t *read_settle(orders_call_t *call, orders_settle_refund_t *settle)
{
    orders_input_t *input;
    settle_t body = {0};
    ORDERS_TRY(orders_call_body(&input, call));
    orders_problem_t *problem = orders_call_decode(call, input, &body);
    settle->transaction_id = orders_or_null(body.reference);
    settle->ok = !body.failed;
    settle->code = orders_or_null(body.code);
    settle->message = orders_or_null(body.message);
    if (settle->ok && (settle->code || settle->message)) {
        orders_problem_field(&problem, call->pool, settle->code ? "code" : "message",
                             ORDERS_E_invalid_field, "Only a failed refund can have this field.");
    }
    return problem;
}

orders_problem_t *orders_operator_settle_refund(orders_call_t *call, orders_reply_t *reply)
{
    orders_writer_t writer;
    orders_written_t *written;
    orders_settle_refund_t settle = {.refund_id = orders_number_id(call->param[0])};
    ORDERS_TRY(read_settle(call, &settle));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_call_match(call, &settle.match));
    ORDERS_TRY(orders_payment_settle_refund(&writer, &settle, &written));
    return reply_refund(call, written, reply);
}
