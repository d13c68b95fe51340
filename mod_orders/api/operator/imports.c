/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: import of portable orders (NDJSON). sql/reads/portable.sql has their shape. */
#include "api/common/projection.h"
#include "api/operator/bulk.h"
#include "api/operator/document.h"
#include "core/format.h"
#include "store/import.h"

#define FIELD ORDERS_DOCUMENT_FIELD
#define REQUIRED ORDERS_DOCUMENT_REQUIRED
#define TIME ORDERS_DOCUMENT_TIME
/* The limits of the texts of this database, or above them, so that every exported order can be imported. */
#define TEXT .max = 300
#define LONG_TEXT .flags = ORDERS_FIELD_MULTILINE, .max = 4000
#define WORD .max = 64
#define URL .max = 2048
#define MAX_ROWS 2000

static const orders_field_t user_fields[] = {
    FIELD("ref", STRING, REQUIRED, .min = 1, .max = 200),
    FIELD("name", STRING, .max = 200),
    FIELD("email", STRING, ORDERS_DOCUMENT_MAIL),
};
static const orders_field_table_t user_table = ORDERS_FIELD_TABLE(user_fields, .exactly = true);

static const orders_field_t company_fields[] = {
    FIELD("ref", STRING, REQUIRED, .min = 1, .max = 200),
    FIELD("name", STRING, .max = 200),
    FIELD("prefix", STRING, .max = 8),
};
static const orders_field_table_t company_table =
    ORDERS_FIELD_TABLE(company_fields, .exactly = true);

static const char *const line_kinds[] = {"plan",     "product", "package", "shipping",
                                         "discount", "tax",     "voucher", NULL};
static const orders_field_t line_fields[] = {
    FIELD("kind", ENUM, .values = line_kinds),
    FIELD("product", STRING, TEXT),
    FIELD("variant", STRING, TEXT),
    FIELD("number", STRING, WORD),
    FIELD("slug", STRING, TEXT),
    FIELD("title", STRING, REQUIRED, .min = 1, TEXT),
    FIELD("attributes", ARRAY, .max = MAX_ROWS),
    FIELD("quantity", INT64, .flags = 0),
    FIELD("unit_price", INT64, REQUIRED),
    FIELD("list_price", INT64, .flags = 0),
    FIELD("discount", INT64, .flags = 0),
    FIELD("tax", INT64, .flags = 0),
    FIELD("refunded_quantity", INT64, .flags = 0),
    FIELD("cancelled_quantity", INT64, .flags = 0),
    FIELD("returnable", BOOL, .flags = 0),
    FIELD("image", STRING, URL),
    FIELD("snapshot", OBJECT, .flags = 0),
    FIELD("metadata", OBJECT, .flags = 0),
};
static const orders_field_table_t line_table = ORDERS_FIELD_TABLE(line_fields, .exactly = true);

static const orders_field_t tax_fields[] = {
    FIELD("key", STRING, REQUIRED, .min = 1, TEXT),
    FIELD("rate_bp", INT64, REQUIRED),
    FIELD("amount", INT64, REQUIRED),
};
static const orders_field_table_t tax_table = ORDERS_FIELD_TABLE(tax_fields, .exactly = true);

static const orders_field_t address_fields[] = {
    FIELD("billing", OBJECT, .flags = 0),
    FIELD("shipping", OBJECT, .flags = 0),
};
static const orders_field_table_t address_table =
    ORDERS_FIELD_TABLE(address_fields, .exactly = true);

static const char *const payment_statuses[] = {"pending", "confirming", "paid",
                                               "failed",  "closed",     NULL};
static const orders_field_t payment_fields[] = {
    FIELD("method", STRING, WORD, .format = &orders_format_slug),
    FIELD("channel", STRING, .max = 200),
    FIELD("status", ENUM, REQUIRED, .values = payment_statuses),
    FIELD("amount", INT64, REQUIRED),
    FIELD("surplus", BOOL, .flags = 0),
    FIELD("intent_id", STRING, TEXT),
    FIELD("reference", STRING, TEXT),
    FIELD("transaction_id", STRING, TEXT),
    FIELD("failure_code", STRING, TEXT),
    FIELD("failure_message", STRING, LONG_TEXT),
    FIELD("metadata", OBJECT, .flags = 0),
    FIELD("created_at", STRING, TIME),
    FIELD("updated_at", STRING, TIME),
    FIELD("paid_at", STRING, TIME),
};
static const orders_field_table_t payment_table =
    ORDERS_FIELD_TABLE(payment_fields, .exactly = true);

static const orders_field_t refund_line_fields[] = {
    FIELD("line", INT64, REQUIRED),
    FIELD("quantity", INT64, REQUIRED),
    FIELD("amount", INT64, REQUIRED),
};
static const orders_field_table_t refund_line_table =
    ORDERS_FIELD_TABLE(refund_line_fields, .exactly = true);

static const char *const refund_statuses[] = {"pending", "done", "failed", NULL};
static const orders_field_t refund_fields[] = {
    FIELD("payment", INT64, .flags = 0),
    FIELD("status", ENUM, REQUIRED, .values = refund_statuses),
    FIELD("amount", INT64, REQUIRED),
    FIELD("reason", STRING, LONG_TEXT),
    FIELD("reference", STRING, TEXT),
    FIELD("failure_code", STRING, TEXT),
    FIELD("failure_message", STRING, LONG_TEXT),
    FIELD("return", INT64, .flags = 0),
    FIELD("lines", ARRAY, .members = &refund_line_table, .max = MAX_ROWS),
    FIELD("metadata", OBJECT, .flags = 0),
    FIELD("created_at", STRING, TIME),
    FIELD("updated_at", STRING, TIME),
    FIELD("settled_at", STRING, TIME),
};
static const orders_field_table_t refund_table = ORDERS_FIELD_TABLE(refund_fields, .exactly = true);

static const orders_field_t tracking_fields[] = {
    FIELD("status", STRING, REQUIRED, .max = 40),
    FIELD("location", STRING, TEXT),
    FIELD("description", STRING, LONG_TEXT),
    FIELD("at", STRING, .flags = ORDERS_FIELD_REQUIRED, TIME),
    FIELD("withdrawn_at", STRING, TIME),
};
static const orders_field_table_t tracking_table =
    ORDERS_FIELD_TABLE(tracking_fields, .exactly = true);

static const orders_field_t shipment_fields[] = {
    FIELD("status", STRING, .max = 40),
    FIELD("courier", STRING, TEXT),
    FIELD("service", STRING, TEXT),
    FIELD("tracking_number", STRING, TEXT),
    FIELD("tracking_url", STRING, URL),
    FIELD("estimated_delivery", STRING, TEXT),
    FIELD("expected_at", STRING, TIME),
    FIELD("shipped_at", STRING, TIME),
    FIELD("delivered_at", STRING, TIME),
    FIELD("updated_at", STRING, TIME),
    FIELD("tracking", ARRAY, .members = &tracking_table, .max = MAX_ROWS),
};
static const orders_field_table_t shipment_table =
    ORDERS_FIELD_TABLE(shipment_fields, .exactly = true);

static const orders_field_t return_line_fields[] = {
    FIELD("line", INT64, REQUIRED),
    FIELD("quantity", INT64, REQUIRED),
    FIELD("refunded", INT64, .flags = 0),
};
static const orders_field_table_t return_line_table =
    ORDERS_FIELD_TABLE(return_line_fields, .exactly = true);

static const orders_field_t return_fields[] = {
    FIELD("state", ENUM, REQUIRED, .values = orders_return_states),
    FIELD("reason", STRING, .flags = ORDERS_FIELD_MULTILINE, .min = 1, .max = 1000),
    FIELD("refund", INT64, .flags = 0),
    FIELD("lines", ARRAY, REQUIRED, .members = &return_line_table, .max = MAX_ROWS),
    FIELD("created_at", STRING, TIME),
    FIELD("updated_at", STRING, TIME),
};
static const orders_field_table_t return_table = ORDERS_FIELD_TABLE(return_fields, .exactly = true);

static const orders_field_t term_fields[] = {
    FIELD("starts_at", STRING, TIME),
    FIELD("ends_at", STRING, TIME),
    FIELD("anchor_day", INT64, .min = 1, .max = 31),
    FIELD("revoked_at", STRING, TIME),
};
static const orders_field_table_t term_table = ORDERS_FIELD_TABLE(term_fields, .exactly = true);

static const char *const package_kinds[] = {"purchase", "renewal", "upgrade", NULL};
static const char *const duration_units[] = {"day", "week", "month", "year", NULL};
static const orders_field_t package_fields[] = {
    FIELD("kind", ENUM, .values = package_kinds),
    FIELD("duration_unit", ENUM, .values = duration_units),
    FIELD("duration_value", INT64, .min = 1, .max = 10000),
    FIELD("term", OBJECT, .members = &term_table),
};
static const orders_field_table_t package_table =
    ORDERS_FIELD_TABLE(package_fields, .exactly = true);

static const orders_field_t bill_fields[] = {
    FIELD("number", STRING, REQUIRED, .min = 1, .max = 64),
    FIELD("created_at", STRING, TIME),
    FIELD("parties", OBJECT, .flags = 0),
};
static const orders_field_table_t bill_table = ORDERS_FIELD_TABLE(bill_fields, .exactly = true);

static const orders_field_t invoice_fields[] = {
    FIELD("number", STRING, REQUIRED, .min = 1, .max = 64),
    FIELD("created_at", STRING, TIME),
    FIELD("document", OBJECT, .flags = 0),
};
static const orders_field_table_t invoice_table =
    ORDERS_FIELD_TABLE(invoice_fields, .exactly = true);

static const char *const actor_kinds[] = {"buyer",    "seller", "operator",
                                          "provider", "system", NULL};
static const orders_field_t actor_fields[] = {
    FIELD("kind", ENUM, REQUIRED, .values = actor_kinds),
    FIELD("ref", STRING, .min = 1, .max = 200),
    FIELD("name", STRING, .max = 200),
};
static const orders_field_table_t actor_table = ORDERS_FIELD_TABLE(actor_fields, .exactly = true);

static const orders_field_t step_fields[] = {
    FIELD("axis", STRING, REQUIRED, .min = 1, WORD),
    FIELD("from", STRING, REQUIRED, .min = 1, WORD),
    FIELD("to", STRING, REQUIRED, .min = 1, WORD),
    FIELD("comment", STRING, LONG_TEXT),
};
static const orders_field_table_t step_table = ORDERS_FIELD_TABLE(step_fields, .exactly = true);

static const orders_field_t operation_fields[] = {
    FIELD("at", STRING, TIME),
    FIELD("actor", OBJECT, .members = &actor_table),
    FIELD("api", STRING, WORD),
    FIELD("return", INT64, .flags = 0),
    FIELD("comment", STRING, LONG_TEXT),
    FIELD("steps", ARRAY, REQUIRED, .members = &step_table, .max = 100),
};
static const orders_field_table_t operation_table =
    ORDERS_FIELD_TABLE(operation_fields, .exactly = true);

static const orders_field_t order_fields[] = {
    FIELD("number", STRING, REQUIRED, .min = 1, .max = 64),
    FIELD("public_id", STRING, .min = 36, .max = 36),
    FIELD("dialect", ENUM, .values = orders_operator_order_apis),
    FIELD("created_at", STRING, .flags = ORDERS_FIELD_REQUIRED, TIME),
    FIELD("updated_at", STRING, TIME),
    FIELD("paid_at", STRING, TIME),
    FIELD("cancelled_at", STRING, TIME),
    FIELD("refunded_at", STRING, TIME),
    FIELD("state", ENUM, REQUIRED, .values = orders_order_states),
    FIELD("payment_state", ENUM, REQUIRED, .values = orders_payment_states),
    FIELD("fulfilment_state", ENUM, .values = orders_fulfilment_states),
    FIELD("payment_method", STRING, WORD, .format = &orders_format_slug),
    FIELD("payment_channel", STRING, .max = 200),
    FIELD("payer", STRING, .max = 254),
    FIELD("user", OBJECT, .members = &user_table),
    FIELD("claimable", BOOL, .flags = 0),
    FIELD("company", OBJECT, .members = &company_table),
    FIELD("agent", OBJECT, .members = &user_table),
    FIELD("currency", STRING, REQUIRED, WORD),
    FIELD("tax_inclusive", BOOL, .flags = 0),
    FIELD("subtotal", INT64, .flags = 0),
    FIELD("discount", INT64, .flags = 0),
    FIELD("tax", INT64, .flags = 0),
    FIELD("shipping", INT64, .flags = 0),
    FIELD("total", INT64, REQUIRED),
    FIELD("lines", ARRAY, REQUIRED, .members = &line_table, .max = MAX_ROWS),
    FIELD("taxes", ARRAY, .members = &tax_table, .max = MAX_ROWS),
    FIELD("addresses", OBJECT, .members = &address_table),
    FIELD("payments", ARRAY, .members = &payment_table, .max = MAX_ROWS),
    FIELD("refunds", ARRAY, .members = &refund_table, .max = MAX_ROWS),
    FIELD("shipments", ARRAY, .members = &shipment_table, .max = 1),
    FIELD("returns", ARRAY, .members = &return_table, .max = MAX_ROWS),
    FIELD("package", OBJECT, .members = &package_table),
    FIELD("bill", OBJECT, .members = &bill_table),
    FIELD("invoice", OBJECT, .members = &invoice_table),
    FIELD("history", ARRAY, .members = &operation_table, .max = MAX_ROWS),
    FIELD("notes", STRING, .flags = ORDERS_FIELD_MULTILINE, .max = 2000),
    FIELD("snapshot", OBJECT, .flags = 0),
    FIELD("metadata", OBJECT, .flags = 0),
};
static const orders_field_table_t order_table = ORDERS_FIELD_TABLE(order_fields, .exactly = true);

static void check_order(orders_bulk_line_t *line, const orders_input_t *input, apr_pool_t *pool)
{
    line->ref = orders_input_string(input, "number");
    orders_bulk_refuse(line, orders_operator_check(&order_table, input, NULL, pool), NULL);
}

static void write_number(orders_json_t *json, const orders_bulk_line_t *line)
{
    orders_json_member_string(json, "number", line->ref);
}

orders_problem_t *orders_operator_import(orders_call_t *call, orders_reply_t *reply)
{
    static const orders_bulk_rules_t rules = {
        .check = check_order,
        .store = orders_import,
        .write_subject = write_number,
        .dry_chunks = true,
    };
    return orders_operator_bulk_reply(call, reply, &rules);
}
