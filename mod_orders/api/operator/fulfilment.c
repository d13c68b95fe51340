/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: fulfilment of an order of goods. */
#include "store/fulfilment.h"
#include "api/operator/document.h"
#include "core/call_input.h"
#include "core/format.h"

typedef struct advance_body_t {
    const char *comment, *expected_at;
    bool collected;
} advance_body_t;

static const orders_field_t step_fields[] = {
    ORDERS_FIELD(advance_body_t, STRING, comment, .max = 255),
    ORDERS_FIELD(advance_body_t, STRING, expected_at, ORDERS_DOCUMENT_TIME),
};
static const orders_field_t delivery_fields[] = {
    ORDERS_FIELD(advance_body_t, STRING, comment, .max = 255),
    ORDERS_FIELD(advance_body_t, BOOL, collected),
};
const orders_field_table_t orders_operator_step_fields =
    ORDERS_FIELD_TABLE(step_fields, .exactly = true);
const orders_field_table_t orders_operator_delivery_fields =
    ORDERS_FIELD_TABLE(delivery_fields, .exactly = true);

static orders_problem_t *advance(orders_call_t *call, const char *to, orders_reply_t *reply)
{
    advance_body_t step = {.collected = true};
    orders_writer_t writer;
    orders_written_t *written;
    orders_advance_t order = {.order = call->param[0], .to = to};
    ORDERS_TRY(orders_call_read(call, &step));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_call_match(call, &order.match));
    order.comment = orders_or_null(step.comment);
    order.expected_at = orders_or_null(step.expected_at);
    order.collected = step.collected;
    ORDERS_TRY(orders_fulfilment_advance(&writer, &order, &written));
    return orders_operator_reply(call, written->order, written->replayed, reply);
}

orders_problem_t *orders_operator_confirm(orders_call_t *call, orders_reply_t *reply)
{
    return advance(call, "confirmed", reply);
}

orders_problem_t *orders_operator_pack(orders_call_t *call, orders_reply_t *reply)
{
    return advance(call, "packed", reply);
}

orders_problem_t *orders_operator_deliver(orders_call_t *call, orders_reply_t *reply)
{
    return advance(call, "delivered", reply);
}

/* Members of a shipment and of a tracking event in an order, which a client may send back. */
static const char *const shipment_read_only[] = {
    "id", "status", "late", "shipped_at", "delivered_at", "tracking", NULL,
};
static const char *const event_read_only[] = {"id", NULL};

static const orders_field_t shipment_fields[] = {
    ORDERS_DOCUMENT_FIELD("courier", STRING, ORDERS_DOCUMENT_TEXT),
    ORDERS_DOCUMENT_FIELD("service", STRING, ORDERS_DOCUMENT_TEXT),
    ORDERS_DOCUMENT_FIELD("tracking_number", STRING, ORDERS_DOCUMENT_TEXT),
    ORDERS_DOCUMENT_FIELD("tracking_url", STRING, .flags = ORDERS_FIELD_OR_EMPTY, .max = 2000,
                          .format = &orders_format_url),
    ORDERS_DOCUMENT_FIELD("estimated_delivery", STRING, ORDERS_DOCUMENT_TEXT),
    ORDERS_DOCUMENT_FIELD("expected_at", STRING, ORDERS_DOCUMENT_TIME),
    ORDERS_DOCUMENT_FIELD("comment", STRING, .max = 255),
};
static const orders_field_t event_fields[] = {
    ORDERS_DOCUMENT_FIELD("withdraws", INT64, .min = 1, .max = INT64_C(999999999999999999)),
    ORDERS_DOCUMENT_FIELD("status", STRING, .max = 40),
    ORDERS_DOCUMENT_FIELD("location", STRING, ORDERS_DOCUMENT_TEXT),
    ORDERS_DOCUMENT_FIELD("description", STRING, .max = 1000),
    ORDERS_DOCUMENT_FIELD("at", STRING, ORDERS_DOCUMENT_TIME),
};
static const orders_field_t address_fields[] = {
    ORDERS_DOCUMENT_FIELD("shipping_address", OBJECT, .flags = ORDERS_FIELD_REQUIRED,
                          .members = &orders_operator_address_fields),
    ORDERS_DOCUMENT_FIELD("comment", STRING, .max = 255),
};
const orders_field_table_t orders_operator_shipment_fields =
    ORDERS_FIELD_TABLE(shipment_fields, .exactly = true, .read_only = shipment_read_only);
const orders_field_table_t orders_operator_event_fields =
    ORDERS_FIELD_TABLE(event_fields, .exactly = true, .read_only = event_read_only);
const orders_field_table_t orders_operator_correct_address_fields =
    ORDERS_FIELD_TABLE(address_fields, .exactly = true);

typedef orders_problem_t *(*write_document_t)(const orders_writer_t *writer,
                                              const orders_shipment_document_t *document,
                                              orders_written_t **written);

static orders_problem_t *write_document(orders_call_t *call, write_document_t write,
                                        orders_reply_t *reply)
{
    orders_writer_t writer;
    orders_written_t *written;
    orders_shipment_document_t document = {.order = call->param[0]};
    ORDERS_TRY(orders_operator_document(call, NULL, &document.document));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_call_match(call, &document.match));
    ORDERS_TRY(write(&writer, &document, &written));
    return orders_operator_reply(call, written->order, written->replayed, reply);
}

orders_problem_t *orders_operator_ship(orders_call_t *call, orders_reply_t *reply)
{
    return write_document(call, orders_fulfilment_ship, reply);
}

orders_problem_t *orders_operator_track(orders_call_t *call, orders_reply_t *reply)
{
    return write_document(call, orders_fulfilment_track, reply);
}

orders_problem_t *orders_operator_address(orders_call_t *call, orders_reply_t *reply)
{
    return write_document(call, orders_fulfilment_correct_address, reply);
}
