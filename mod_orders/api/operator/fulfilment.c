/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: goods on their way. */
#include "store/fulfilment.h"
#include "api/operator/operator.h"
#include "core/input_body.h"
#include "core/time.h"

typedef struct step_t {
    const char *comment, *expected_at;
    bool collected;
} step_t;

#define STEP_FIELDS 2
static const orders_field_t step_fields[STEP_FIELDS] = {
    ORDERS_FIELD(step_t, STRING, comment, .max = 255),
    ORDERS_FIELD(step_t, STRING, expected_at, .max = 40),
};
static const orders_field_t delivery_fields[STEP_FIELDS] = {
    ORDERS_FIELD(step_t, STRING, comment, .max = 255),
    ORDERS_FIELD(step_t, BOOL, collected),
};

static orders_problem_t *read_step(orders_call_t *call, const orders_field_t fields[STEP_FIELDS],
                                   step_t *step)
{
    orders_input_t *input;
    apr_time_t time;
    ORDERS_TRY(orders_input_body(&input, call, true));
    orders_problem_t *problem =
        orders_fields_decode_exactly(fields, STEP_FIELDS, NULL, input, step, call->pool);
    step->expected_at = orders_or_null(step->expected_at);
    if (step->expected_at && !orders_time_parse(step->expected_at, &time)) {
        orders_problem_field(
            &problem, call->pool, "expected_at", ORDERS_E_invalid_field,
            "Must be an ISO 8601 time with an offset, such as 2026-11-29T08:00:00Z.");
    }
    return problem;
}

static orders_problem_t *advance(orders_call_t *call, const char *to,
                                 const orders_field_t fields[STEP_FIELDS], orders_reply_t *reply)
{
    step_t step = {.collected = true};
    orders_writer_t writer;
    orders_written_t *written;
    orders_advance_t order = {.order = call->param[0], .to = to};
    ORDERS_TRY(read_step(call, fields, &step));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_call_match(call, &order.match));
    order.comment = orders_or_null(step.comment);
    order.expected_at = step.expected_at;
    order.collected = step.collected;
    ORDERS_TRY(orders_fulfilment_advance(&writer, &order, &written));
    return orders_operator_reply(call, written->order, written->replayed, reply);
}

orders_problem_t *orders_operator_confirm(orders_call_t *call, orders_reply_t *reply)
{
    return advance(call, "confirmed", step_fields, reply);
}

orders_problem_t *orders_operator_pack(orders_call_t *call, orders_reply_t *reply)
{
    return advance(call, "packed", step_fields, reply);
}

orders_problem_t *orders_operator_deliver(orders_call_t *call, orders_reply_t *reply)
{
    return advance(call, "delivered", delivery_fields, reply);
}

typedef orders_problem_t *(*write_document_t)(const orders_writer_t *writer,
                                              const orders_shipment_document_t *document,
                                              orders_written_t **written);

/* The order book reads the document; without a body it is an empty one. */
static orders_problem_t *send_document(orders_call_t *call, write_document_t write,
                                       orders_reply_t *reply)
{
    orders_input_t *input;
    orders_writer_t writer;
    orders_written_t *written;
    orders_shipment_document_t document = {.order = call->param[0], .document = "{}"};
    ORDERS_TRY(orders_input_body(&input, call, true));
    if (call->body_length && !orders_input_object(input)) {
        return orders_problem(call->pool, ORDERS_E_unsupported_media_type,
                              "A shipment is described in JSON.");
    }
    if (call->body_length) {
        document.document = call->body;
    }
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_call_match(call, &document.match));
    ORDERS_TRY(write(&writer, &document, &written));
    return orders_operator_reply(call, written->order, written->replayed, reply);
}

orders_problem_t *orders_operator_ship(orders_call_t *call, orders_reply_t *reply)
{
    return send_document(call, orders_fulfilment_ship, reply);
}

orders_problem_t *orders_operator_track(orders_call_t *call, orders_reply_t *reply)
{
    return send_document(call, orders_fulfilment_track, reply);
}

orders_problem_t *orders_operator_address(orders_call_t *call, orders_reply_t *reply)
{
    return send_document(call, orders_fulfilment_correct_address, reply);
}
