/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: placing an order of any API, and its price before. */
#include <string.h>

#include "api/common/field_names.h"
#include "api/common/return_url.h"
#include "api/operator/document.h"
#include "core/format.h"
#include "payments/payment_flow.h"

#define FIELD ORDERS_DOCUMENT_FIELD
#define REQUIRED ORDERS_DOCUMENT_REQUIRED
#define TEXT ORDERS_DOCUMENT_TEXT

static const orders_field_t line_fields[] = {
    FIELD("product", STRING, TEXT),       FIELD("variant", STRING, TEXT),
    FIELD("plan", STRING, TEXT),          FIELD("billing_option", STRING, TEXT),
    FIELD("quantity", INT64, .flags = 0), FIELD("discount", INT64, .flags = 0),
};
static const orders_field_table_t line_table = ORDERS_FIELD_TABLE(line_fields, .exactly = true);

static const orders_field_t shipping_fields[] = {
    FIELD("courier", STRING, TEXT),
    FIELD("service", STRING, TEXT),
    FIELD("price", INT64, .flags = 0),
    FIELD("tax_class", STRING, TEXT),
    FIELD("estimated_delivery", STRING, TEXT),
    FIELD("expected_at", STRING, ORDERS_DOCUMENT_TIME),
};
static const orders_field_table_t shipping_table =
    ORDERS_FIELD_TABLE(shipping_fields, .exactly = true);

typedef struct place_t {
    const char *payment_return_url;
} place_t;

static const orders_field_t place_fields[] = {
    FIELD("dialect", ENUM, REQUIRED, .values = orders_operator_order_apis),
    FIELD("user", STRING, TEXT),
    FIELD("company", STRING, TEXT),
    FIELD("agent", STRING, TEXT),
    FIELD("currency", STRING, TEXT),
    FIELD("tax_inclusive", BOOL, .flags = 0),
    FIELD("lines", ARRAY, .members = &line_table, .min = 1, .max = 500),
    FIELD("cart", STRING, .flags = ORDERS_FIELD_OR_NUMBER, .max = 200),
    FIELD("payment_method", STRING, TEXT),
    FIELD("payment_channel", STRING, TEXT),
    ORDERS_FIELD(place_t, STRING, payment_return_url, .max = 2048),
    FIELD("voucher", STRING, .max = 64),
    FIELD("shipping", OBJECT, .members = &shipping_table),
    FIELD("shipping_address", OBJECT, .members = &orders_operator_address_fields),
    FIELD("billing_address", OBJECT, .members = &orders_operator_address_fields),
    FIELD("notes", STRING, .flags = ORDERS_FIELD_MULTILINE, .max = 2000),
    FIELD("metadata", OBJECT, .flags = 0),
};
const orders_field_table_t orders_operator_place_fields =
    ORDERS_FIELD_TABLE(place_fields, .exactly = true);

static orders_problem_t *read_body(orders_call_t *call, place_t *body, const char **document)
{
    orders_problem_t *problem = NULL;
    ORDERS_TRY(orders_operator_document(call, body, document));
    if (orders_or_null(body->payment_return_url) &&
        !orders_return_url_allowed(body->payment_return_url, call->settings->return_urls)) {
        orders_problem_field(&problem, call->pool, "payment_return_url",
                             ORDERS_E_return_url_not_allowed,
                             orders_error_sentence(ORDERS_E_return_url_not_allowed));
    }
    return problem;
}

static const orders_field_name_t field_names[] = {
    {"coupon_code", "voucher"},
    {"cart_id", "cart"},
    {NULL, NULL},
};

orders_problem_t *orders_operator_place(orders_call_t *call, orders_reply_t *reply)
{
    place_t body = {NULL};
    const char *document;
    orders_writer_t writer;
    orders_written_t *written;
    ORDERS_TRY(read_body(call, &body, &document));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    const apr_array_header_t *channels =
        orders_channel_names(call->providers->channels, call->pool);
    orders_problem_t *problem =
        orders_order_place(&writer, document, call->settings->payment_expiry, channels, &written);
    if (problem) {
        problem->fields = orders_rename_fields(problem->fields, field_names, call->pool);
        return problem;
    }
    const orders_payment_flow_t flow = {
        .writer = &writer,
        .providers = call->providers,
        .settings = call->settings,
    };
    ORDERS_TRY(orders_payment_flow_first(&flow, orders_or_null(body.payment_return_url), &written));
    return orders_operator_reply(call, written->order, written->replayed, reply);
}

/* Writes the text of the database: the rules and their messages are in SQL. */
orders_problem_t *orders_operator_quote(orders_call_t *call, orders_reply_t *reply)
{
    place_t body = {NULL};
    const char *document, *quote;
    const orders_reader_t reader = orders_call_reader(call);
    ORDERS_TRY(read_body(call, &body, &document));
    const apr_array_header_t *channels =
        orders_channel_names(call->providers->channels, call->pool);
    ORDERS_TRY(orders_order_quote(&reader, document, channels, &quote));
    reply->json = orders_json_open(call->pool);
    orders_json_raw(reply->json, quote, strlen(quote));
    return NULL;
}
