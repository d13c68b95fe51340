/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: carts of salespeople, transactions of card terminals, and invoices. */
#include "store/intake.h"
#include "api/common/invoice_reply.h"
#include "api/operator/document.h"
#include "canonical/order.h"
#include "core/call_input.h"
#include "store/invoice.h"

static const orders_field_t cart_line_fields[] = {
    ORDERS_DOCUMENT_FIELD("number", STRING, ORDERS_DOCUMENT_REQUIRED, .max = 64),
    ORDERS_DOCUMENT_FIELD("quantity", INT64, .flags = 0),
    ORDERS_DOCUMENT_FIELD("discount", INT64, .flags = 0),
};
static const orders_field_table_t cart_line_table =
    ORDERS_FIELD_TABLE(cart_line_fields, .exactly = true);

static const orders_field_t cart_fields[] = {
    ORDERS_DOCUMENT_FIELD("company", STRING, ORDERS_DOCUMENT_REQUIRED, ORDERS_DOCUMENT_TEXT),
    ORDERS_DOCUMENT_FIELD("agent", STRING, ORDERS_DOCUMENT_REQUIRED, ORDERS_DOCUMENT_TEXT),
    ORDERS_DOCUMENT_FIELD("currency", STRING, ORDERS_DOCUMENT_REQUIRED, ORDERS_DOCUMENT_TEXT),
    ORDERS_DOCUMENT_FIELD("products", ARRAY, .members = &cart_line_table),
};
static const char *const cart_read_only[] = {"id", "code", NULL};
const orders_field_table_t orders_operator_cart_fields =
    ORDERS_FIELD_TABLE(cart_fields, .exactly = true, .read_only = cart_read_only);

orders_problem_t *orders_operator_make_cart(orders_call_t *call, orders_reply_t *reply)
{
    const char *document;
    orders_writer_t writer;
    orders_stored_t *stored;
    ORDERS_TRY(orders_operator_document(call, NULL, &document));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_intake_make_cart(&writer, document, &stored));
    reply->replayed = stored->replayed;
    reply->json = orders_json_open(call->pool);
    orders_json_begin_object(reply->json);
    orders_json_member_int(reply->json, "id", stored->id);
    orders_json_member_string(reply->json, "code", stored->ref);
    orders_json_end_object(reply->json);
    return NULL;
}

#define T orders_terminal_transaction_t
static const char *const terminal_kinds[] = {"charge", "refund", NULL};
static const orders_field_t terminal_fields[] = {
    ORDERS_FIELD(T, STRING, transaction_id, .flags = ORDERS_FIELD_REQUIRED, .max = 255),
    ORDERS_FIELD(T, ENUM, kind, .flags = ORDERS_FIELD_REQUIRED, .values = terminal_kinds),
    ORDERS_FIELD(T, INT64, amount, .flags = ORDERS_FIELD_REQUIRED, .min = 1,
                 .max = INT64_C(1000000000000000)),
    ORDERS_FIELD(T, STRING, currency, .flags = ORDERS_FIELD_REQUIRED, .min = 3, .max = 3),
    ORDERS_FIELD(T, STRING, order_number, .max = 64),
};
#undef T
static const char *const terminal_read_only[] = {"id", "created_at", NULL};
const orders_field_table_t orders_operator_terminal_fields =
    ORDERS_FIELD_TABLE(terminal_fields, .exactly = true, .read_only = terminal_read_only);

orders_problem_t *orders_operator_terminal(orders_call_t *call, orders_reply_t *reply)
{
    orders_terminal_transaction_t transaction = {0};
    orders_writer_t writer;
    orders_stored_t *stored;
    ORDERS_TRY(orders_call_read(call, &transaction));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    transaction.order_number = orders_or_null(transaction.order_number);
    ORDERS_TRY(orders_intake_record_terminal(&writer, &transaction, &stored));
    orders_reply_outcome(call, stored->outcome, reply);
    reply->replayed = stored->replayed;
    reply->json = orders_json_open(call->pool);
    orders_json_raw(reply->json, stored->document.text, (apr_size_t)stored->document.length);
    return NULL;
}

static void write_invoice(orders_json_t *json, const orders_invoice_t *invoice)
{
    orders_json_begin_object(json);
    orders_canonical_invoice_members(json, invoice);
    orders_json_end_object(json);
}

orders_problem_t *orders_operator_issue_invoice(orders_call_t *call, orders_reply_t *reply)
{
    orders_writer_t writer;
    apr_array_header_t *match;
    orders_written_t *written;
    const orders_order_t *order;
    ORDERS_TRY(orders_call_read(call, NULL));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    ORDERS_TRY(orders_call_match(call, &match));
    ORDERS_TRY(orders_invoice_issue(&writer, call->param[0], match, &written));
    ORDERS_TRY(orders_written_order(call->pool, written, &order));
    const orders_invoice_t *invoice = orders_last(order->of.invoices);
    if (!invoice) {
        return orders_problem(call->pool, ORDERS_E_internal_error, NULL);
    }
    orders_reply_outcome(call, written->outcome, reply);
    reply->replayed = written->replayed;
    reply->json = orders_json_open(call->pool);
    write_invoice(reply->json, invoice);
    return NULL;
}

static orders_problem_t *read_invoice(const orders_invoice_t **invoice, const orders_call_t *call,
                                      void *baton)
{
    orders_reader_t reader = orders_call_reader(call);
    return orders_invoice_find(&reader, call->param[0], invoice);
}

orders_problem_t *orders_operator_read_invoice(orders_call_t *call, orders_reply_t *reply)
{
    return orders_invoice_reply(call, read_invoice, NULL, reply);
}
