/* SPDX-License-Identifier: Apache-2.0 */
/* The types of sql/deploy/views.sql. Types of records and of array elements list all attributes, in the order of the schema. */
#include "store/views.h"

#include "store/event.h"
#include "store/reconciliation.h"

#define FIELD(oid, member) ORDERS_ROW_FIELD(T, oid, member)
#define COLUMN(oid, name, member) ORDERS_ROW_COLUMN(T, oid, name, member)
#define ARRAY(member, type) ORDERS_ROW_ARRAY(T, #member, of.member, type)
#define RECORD(member, type) ORDERS_ROW_RECORD(T, #member, of.member, type)

#define T orders_line_t
static const orders_row_field_t line_fields[] = {
    FIELD(INT8, id),
    FIELD(INT8, item_id),
    FIELD(TEXT, kind),
    FIELD(TEXT, product),
    COLUMN(TEXT, "product_number", number),
    FIELD(TEXT, variant),
    FIELD(TEXT, title),
    FIELD(TEXT, image),
    FIELD(TEXT, slug),
    FIELD(TEXT, currency),
    FIELD(INT4, quantity),
    FIELD(INT4, refunded_quantity),
    FIELD(INT4, cancelled_quantity),
    FIELD(INT8, unit_price),
    FIELD(INT8, list_price),
    FIELD(INT8, subtotal),
    FIELD(INT8, discount),
    FIELD(INT8, tax),
    FIELD(BOOL, returnable),
    FIELD(JSONB, snapshot),
    FIELD(JSONB, attributes),
    FIELD(JSONB, metadata),
    FIELD(TIMESTAMPTZ, created_at),
};
static const orders_row_type_t line_type = ORDERS_ROW_TYPE("line_view", NULL, T, line_fields);
#undef T

#define T orders_payment_t
static const orders_row_field_t payment_fields[] = {
    FIELD(INT8, id),
    FIELD(TEXT, status),
    FIELD(TEXT, method),
    FIELD(TEXT, channel),
    FIELD(TEXT, provider),
    FIELD(TEXT, reference),
    FIELD(TEXT, intent_id),
    FIELD(TEXT, provider_key),
    FIELD(TEXT, failure_code),
    FIELD(TEXT, failure_message),
    FIELD(TEXT, currency),
    FIELD(INT8, amount),
    FIELD(INT8, refunded),
    FIELD(BOOL, surplus),
    FIELD(TEXT, pay_url),
    FIELD(JSONB, metadata),
    FIELD(TIMESTAMPTZ, created_at),
    FIELD(TIMESTAMPTZ, updated_at),
    FIELD(TIMESTAMPTZ, captured_at),
    FIELD(TIMESTAMPTZ, expires_at),
};
static const orders_row_type_t payment_type =
    ORDERS_ROW_TYPE("payment_view", NULL, T, payment_fields);
#undef T

#define T orders_refund_t
static const orders_row_field_t refund_fields[] = {
    FIELD(INT8, id),
    FIELD(INT8, payment_id),
    FIELD(TEXT, status),
    FIELD(TEXT, method),
    FIELD(TEXT, channel),
    FIELD(TEXT, provider),
    FIELD(TEXT, reference),
    FIELD(TEXT, provider_key),
    FIELD(TEXT, failure_code),
    FIELD(TEXT, reason),
    FIELD(TEXT, currency),
    FIELD(INT8, amount),
    FIELD(BOOL, surplus),
    FIELD(JSONB, metadata),
    FIELD(TIMESTAMPTZ, created_at),
    FIELD(TIMESTAMPTZ, updated_at),
    FIELD(TIMESTAMPTZ, settled_at),
};
static const orders_row_type_t refund_type = ORDERS_ROW_TYPE("refund_view", NULL, T, refund_fields);
#undef T

#define T orders_balance_t
static const orders_row_field_t balance_fields[] = {
    FIELD(INT8, user_id),
    FIELD(TEXT, currency),
    FIELD(INT8, amount),
    FIELD(TIMESTAMPTZ, updated_at),
};
static const orders_row_type_t balance_type =
    ORDERS_ROW_TYPE("balance_view", NULL, T, balance_fields);
#undef T

#define T orders_posting_t
static const orders_row_field_t posting_fields[] = {
    FIELD(INT8, id),        FIELD(INT8, user_id),
    FIELD(TEXT, type),      FIELD(TEXT, currency),
    FIELD(INT8, amount),    FIELD(INT8, balance_after),
    FIELD(TEXT, reference), FIELD(TEXT, description),
    FIELD(JSONB, metadata), FIELD(TIMESTAMPTZ, created_at),
};
static const orders_row_type_t posting_type =
    ORDERS_ROW_TYPE("posting_view", NULL, T, posting_fields);
#undef T

#define T orders_user_t
static const orders_row_field_t user_fields[] = {
    FIELD(INT8, id),    COLUMN(TEXT, "external_ref", ref), FIELD(UUID, public_id),
    FIELD(TEXT, name),  FIELD(TEXT, given_name),           FIELD(TEXT, family_name),
    FIELD(TEXT, email),
};
static const orders_row_type_t user_type = ORDERS_ROW_TYPE("user_view", NULL, T, user_fields);
#undef T

#define T orders_company_t
static const orders_row_field_t company_fields[] = {
    FIELD(INT8, id),       COLUMN(TEXT, "external_ref", ref),
    FIELD(TEXT, name),     FIELD(TEXT, email),
    FIELD(JSONB, address), FIELD(JSONB, images),
};
static const orders_row_type_t company_type =
    ORDERS_ROW_TYPE("company_view", NULL, T, company_fields);
#undef T

#define T orders_tax_t
static const orders_row_field_t tax_fields[] = {
    FIELD(TEXT, key),
    FIELD(INT4, rate_bp),
    FIELD(INT8, amount),
};
static const orders_row_type_t tax_type = ORDERS_ROW_TYPE("tax_view", NULL, T, tax_fields);
#undef T

#define T orders_address_t
static const orders_row_field_t address_fields[] = {
    FIELD(INT8, id),
    FIELD(TEXT, type),
    FIELD(JSONB, document),
};
static const orders_row_type_t address_type =
    ORDERS_ROW_TYPE("address_view", NULL, T, address_fields);
#undef T

#define T orders_history_t
static const orders_row_field_t step_fields[] = {
    FIELD(INT4, step),
    FIELD(INT4, version),
    FIELD(TEXT, axis),
    COLUMN(TEXT, "from_state", from),
    COLUMN(TEXT, "to_state", to),
    FIELD(TEXT, actor),
    FIELD(INT8, actor_id),
    FIELD(TEXT, comment),
    FIELD(TIMESTAMPTZ, created_at),
    FIELD(TIMESTAMPTZ, local_at),
};
static const orders_row_type_t step_type = ORDERS_ROW_TYPE("step_view", NULL, T, step_fields);
#undef T

#define T orders_invoice_t
static const orders_row_field_t order_invoice_fields[] = {
    FIELD(INT8, id),     FIELD(INT8, company_id),        FIELD(TEXT, number),
    FIELD(TEXT, issuer), FIELD(TIMESTAMPTZ, created_at),
};
static const orders_row_type_t order_invoice_type =
    ORDERS_ROW_TYPE("invoice_view", NULL, T, order_invoice_fields);

static const orders_row_field_t invoice_fields[] = {
    FIELD(INT8, id),     FIELD(INT8, company_id), FIELD(TEXT, number),
    FIELD(TEXT, issuer), FIELD(JSONB, document),  FIELD(TIMESTAMPTZ, created_at),
};
const orders_row_type_t orders_invoice_type =
    ORDERS_ROW_TYPE("printable_invoice", "id", T, invoice_fields);
#undef T

#define T orders_shipment_t
static const orders_row_field_t shipment_fields[] = {
    FIELD(INT8, id),
    FIELD(TEXT, status),
    FIELD(TEXT, courier),
    FIELD(TEXT, service),
    FIELD(TEXT, tracking_number),
    FIELD(TEXT, tracking_url),
    FIELD(TEXT, estimate),
    FIELD(BOOL, late),
    FIELD(TIMESTAMPTZ, expected_at),
    FIELD(TIMESTAMPTZ, shipped_at),
    FIELD(TIMESTAMPTZ, delivered_at),
    FIELD(TIMESTAMPTZ, updated_at),
    FIELD(TIMESTAMPTZ, local_date),
};
static const orders_row_type_t shipment_type =
    ORDERS_ROW_TYPE("shipment_view", NULL, T, shipment_fields);
#undef T

#define T orders_tracking_t
static const orders_row_field_t tracking_fields[] = {
    FIELD(INT8, id),       FIELD(INT8, shipment_id), FIELD(TEXT, status),
    FIELD(TEXT, location), FIELD(TEXT, description), FIELD(TIMESTAMPTZ, at),
};
static const orders_row_type_t tracking_type =
    ORDERS_ROW_TYPE("tracking_view", NULL, T, tracking_fields);
#undef T

#define T orders_return_t
static const orders_row_field_t return_fields[] = {
    FIELD(INT8, id),
    FIELD(INT8, order_id),
    FIELD(TEXT, order_number),
    FIELD(INT8, refund_id),
    FIELD(TEXT, state),
    FIELD(TEXT, reason),
    FIELD(TEXT, currency),
    FIELD(INT8, amount),
    FIELD(JSONB, lines),
    FIELD(TIMESTAMPTZ, created_at),
    FIELD(TIMESTAMPTZ, updated_at),
};
const orders_row_type_t orders_return_type = ORDERS_ROW_TYPE("return_view", "id", T, return_fields);
#undef T

#define T orders_order_t
static const orders_row_field_t order_fields[] = {
    FIELD(INT8, id),
    COLUMN(INT8, "buyer_id", user_id),
    FIELD(UUID, public_id),
    FIELD(TEXT, number),
    FIELD(TEXT, bill_no),
    FIELD(TEXT, api),
    FIELD(INT4, version),
    FIELD(TEXT, state),
    FIELD(TEXT, payment_state),
    FIELD(TEXT, fulfilment_state),
    FIELD(BOOL, claimable),
    COLUMN(TEXT, "payment_method", method),
    COLUMN(TEXT, "payment_channel", channel),
    FIELD(TEXT, payer),
    FIELD(TEXT, cancel_reason),
    FIELD(TEXT, notes),
    FIELD(TEXT, currency),
    FIELD(INT2, exponent),
    FIELD(INT8, subtotal),
    FIELD(INT8, discount),
    FIELD(INT8, tax),
    FIELD(INT8, shipping),
    FIELD(INT8, total),
    FIELD(INT8, refunded),
    FIELD(BOOL, tax_inclusive),
    FIELD(JSONB, snapshot),
    FIELD(JSONB, metadata),
    FIELD(TIMESTAMPTZ, created_at),
    FIELD(TIMESTAMPTZ, updated_at),
    FIELD(TIMESTAMPTZ, paid_at),
    FIELD(TIMESTAMPTZ, cancelled_at),
    FIELD(TIMESTAMPTZ, refunded_at),
    FIELD(TIMESTAMPTZ, expires_at),
    ARRAY(lines, &line_type),
    ARRAY(payments, &payment_type),
    ARRAY(refunds, &refund_type),
    RECORD(balance, &balance_type),
    RECORD(posting, &posting_type),
    RECORD(buyer, &user_type),
    RECORD(agent, &user_type),
    RECORD(company, &company_type),
    ARRAY(taxes, &tax_type),
    ARRAY(addresses, &address_type),
    ARRAY(history, &step_type),
    ARRAY(actors, &user_type),
    ARRAY(invoices, &order_invoice_type),
    RECORD(shipment, &shipment_type),
    ARRAY(tracking, &tracking_type),
    ARRAY(returns, &orders_return_type),
    FIELD(TEXT, category),
    FIELD(TEXT, currency_symbol),
    FIELD(TEXT, pay_url),
    FIELD(BOOL, paid_by_link),
    FIELD(JSONB, line_references),
};
const orders_row_type_t orders_order_type = ORDERS_ROW_TYPE("order_view", "id", T, order_fields);
#undef T

#define T orders_label_t
static const orders_row_field_t label_fields[] = {
    FIELD(TEXT, kind),
    FIELD(TEXT, word),
    FIELD(TEXT, text),
    FIELD(TEXT, language),
};
static const orders_row_type_t label_type = ORDERS_ROW_TYPE("label_view", NULL, T, label_fields);
#undef T

/* Not a type of the schema: the columns of lists beside those of orders. */
#define T orders_order_list_t
static const orders_row_field_t order_list_fields[] = {
    FIELD(INT8, total_count),
    FIELD(INT8, member_id),
    FIELD(INT8, searched_to),
    ORDERS_ROW_ARRAY(T, "labels", labels, &label_type),
};
const orders_row_type_t orders_order_list_type =
    ORDERS_ROW_TYPE("(a list of orders)", NULL, T, order_list_fields);
#undef T

/* Not a type of the schema: the column beside those of the order, which is read as orders_order_type. */
#define T orders_linked_order_t
static const orders_row_field_t linked_order_fields[] = {
    FIELD(TEXT, link_state),
    FIELD(BOOL, declined),
};
const orders_row_type_t orders_linked_order_type =
    ORDERS_ROW_TYPE("(an order of a pay link)", NULL, T, linked_order_fields);
#undef T

/* In statements, its column `id` is named `result_id`, because the order has an `id` too. The order is read as orders_order_type. */
#define T orders_written_t
static const orders_row_field_t written_fields[] = {
    FIELD(TEXT, outcome),    COLUMN(INT8, "result_id", id), FIELD(BOOL, replayed),
    FIELD(TEXT, refusal),    FIELD(TEXT, detail),           FIELD(TEXT, event_id),
    FIELD(TEXT, event_type),
};
const orders_row_type_t orders_written_type = ORDERS_ROW_TYPE("written", NULL, T, written_fields);
#undef T

#define T orders_stored_t
static const orders_row_field_t stored_fields[] = {
    FIELD(TEXT, outcome),   FIELD(INT8, id),     FIELD(BOOL, replayed),
    FIELD(TEXT, kind),      FIELD(TEXT, ref),    FIELD(JSONB, document),
    FIELD(JSONB, variants), FIELD(TEXT, detail), FIELD(TEXT, field),
};
const orders_row_type_t orders_stored_type = ORDERS_ROW_TYPE("stored", NULL, T, stored_fields);
#undef T

#define T orders_posted_t
static const orders_row_field_t posted_fields[] = {
    FIELD(TEXT, outcome),
    FIELD(INT8, id),
    FIELD(BOOL, replayed),
    ORDERS_ROW_RECORD(T, "balance", balance, &balance_type),
    ORDERS_ROW_RECORD(T, "posting", posting, &posting_type),
};
const orders_row_type_t orders_posted_type = ORDERS_ROW_TYPE("posted", NULL, T, posted_fields);
#undef T

#define T orders_profile_t
static const orders_row_field_t profile_fields[] = {
    FIELD(INT8, id),    FIELD(TEXT, given_name), FIELD(TEXT, family_name),
    FIELD(TEXT, title), FIELD(TEXT, phone),      FIELD(JSONB, address),
};
static const orders_row_type_t profile_type =
    ORDERS_ROW_TYPE("profile_view", NULL, T, profile_fields);
#undef T

#define T orders_claimed_order_t
static const orders_row_field_t claimed_order_fields[] = {
    FIELD(TEXT, outcome),
    FIELD(INT8, id),
    FIELD(BOOL, replayed),
    ORDERS_ROW_RECORD(T, "profile", profile, &profile_type),
};
const orders_row_type_t orders_claimed_order_type =
    ORDERS_ROW_TYPE("claim_result", NULL, T, claimed_order_fields);
#undef T

#define T orders_token_t
static const orders_row_field_t token_fields[] = {
    FIELD(INT8, id),
    FIELD(INT8, user_id),
    FIELD(TEXT, user_ref),
    FIELD(TEXT, user_name),
    FIELD(TEXT, hint),
    FIELD(TEXT, scopes),
    FIELD(TIMESTAMPTZ, created_at),
    FIELD(TIMESTAMPTZ, expires_at),
    FIELD(TIMESTAMPTZ, revoked_at),
};
const orders_row_type_t orders_token_type = ORDERS_ROW_TYPE("token_view", "id", T, token_fields);
#undef T

#define T orders_written_token_t
static const orders_row_field_t written_token_fields[] = {
    FIELD(TEXT, outcome),
    FIELD(INT8, id),
    FIELD(BOOL, replayed),
    FIELD(TEXT, hash),
    ORDERS_ROW_RECORD(T, "token", token, &orders_token_type),
};
const orders_row_type_t orders_written_token_type =
    ORDERS_ROW_TYPE("written_token", NULL, T, written_token_fields);
#undef T

#define T orders_provider_event_t
static const orders_row_field_t provider_event_fields[] = {
    FIELD(INT8, id),
    FIELD(TEXT, channel),
    FIELD(TEXT, event_id),
    FIELD(TEXT, type),
    FIELD(TEXT, raw_type),
    FIELD(TEXT, verdict),
    FIELD(TEXT, refusal),
    FIELD(TEXT, detail),
    FIELD(INT4, attempts),
    FIELD(INT8, order_id),
    FIELD(TEXT, order_number),
    FIELD(INT8, payment_id),
    FIELD(TEXT, payment_key),
    FIELD(TEXT, intent_id),
    FIELD(TEXT, transaction_id),
    FIELD(TEXT, capture_id),
    FIELD(INT8, amount),
    FIELD(TEXT, currency),
    FIELD(TEXT, code),
    FIELD(TEXT, message),
    FIELD(TIMESTAMPTZ, received_at),
    FIELD(TIMESTAMPTZ, judged_at),
    FIELD(TIMESTAMPTZ, resolved_at),
    FIELD(INT8, resolved_by),
    FIELD(TEXT, resolution),
};
const orders_row_type_t orders_provider_event_type =
    ORDERS_ROW_TYPE("provider_event_view", "id", T, provider_event_fields);
#undef T

#define T orders_written_provider_event_t
static const orders_row_field_t written_provider_event_fields[] = {
    FIELD(TEXT, outcome),
    FIELD(INT8, id),
    FIELD(BOOL, replayed),
    ORDERS_ROW_RECORD(T, "event", event, &orders_provider_event_type),
};
const orders_row_type_t orders_written_provider_event_type =
    ORDERS_ROW_TYPE("written_provider_event", NULL, T, written_provider_event_fields);
#undef T

#define T orders_identity_row_t
static const orders_row_field_t identity_fields[] = {
    FIELD(INT4, tenant_id), FIELD(INT8, user_id),      FIELD(INT8, token_id),
    FIELD(TEXT, login),     FIELD(TEXT, external_ref), FIELD(TEXT, name),
    FIELD(TEXT, email),     FIELD(TEXT, scopes),       FIELD(TIMESTAMPTZ, expires_at),
};
const orders_row_type_t orders_identity_type =
    ORDERS_ROW_TYPE("identity", "user_id", T, identity_fields);
#undef T

#define T orders_payment_task_t
static const orders_row_field_t payment_task_fields[] = {
    FIELD(INT8, order_id),   FIELD(TEXT, order_number),
    FIELD(TEXT, return_url), FIELD(TEXT, capture_step),
    FIELD(INT4, attempts),   ORDERS_ROW_RECORD(T, "payment", payment, &payment_type),
};
const orders_row_type_t orders_payment_task_type =
    ORDERS_ROW_TYPE("payment_task", "payment", T, payment_task_fields);
#undef T

#define T orders_refund_task_t
static const orders_row_field_t refund_task_fields[] = {
    FIELD(INT8, order_id),  FIELD(TEXT, order_number),
    FIELD(TEXT, intent_id), FIELD(TEXT, payment_key),
    FIELD(INT4, attempts),  ORDERS_ROW_RECORD(T, "refund", refund, &refund_type),
};
const orders_row_type_t orders_refund_task_type =
    ORDERS_ROW_TYPE("refund_task", "refund", T, refund_task_fields);
#undef T

#define T orders_mail_task_t
static const orders_row_field_t mail_task_fields[] = {
    FIELD(INT8, id),       FIELD(INT8, order_id),  FIELD(TEXT, order_number),
    FIELD(TEXT, template), FIELD(TEXT, recipient), FIELD(TEXT, message_key),
    FIELD(TEXT, seller),   FIELD(TEXT, currency),  FIELD(INT2, exponent),
    FIELD(INT8, total),    FIELD(INT4, attempts),  FIELD(TIMESTAMPTZ, order_expires_at),
};
const orders_row_type_t orders_mail_task_type =
    ORDERS_ROW_TYPE("mail_task", "id", T, mail_task_fields);
#undef T

#define T orders_reconciliation_task_t
static const orders_row_field_t reconciliation_task_fields[] = {
    FIELD(INT8, id),   FIELD(TIMESTAMPTZ, from_at), FIELD(TIMESTAMPTZ, to_at),
    FIELD(TEXT, page), FIELD(INT4, attempts),
};
const orders_row_type_t orders_reconciliation_task_type =
    ORDERS_ROW_TYPE("reconciliation_task", "id", T, reconciliation_task_fields);
#undef T

const orders_row_type_t *const orders_row_types[] = {
    &line_type,
    &payment_type,
    &refund_type,
    &balance_type,
    &posting_type,
    &user_type,
    &company_type,
    &tax_type,
    &address_type,
    &step_type,
    &order_invoice_type,
    &orders_invoice_type,
    &shipment_type,
    &tracking_type,
    &orders_return_type,
    &orders_order_type,
    &label_type,
    &orders_written_type,
    &orders_stored_type,
    &orders_posted_type,
    &profile_type,
    &orders_claimed_order_type,
    &orders_token_type,
    &orders_written_token_type,
    &orders_provider_event_type,
    &orders_written_provider_event_type,
    &orders_event_step_type,
    &orders_event_type,
    &orders_identity_type,
    &orders_payment_task_type,
    &orders_refund_task_type,
    &orders_mail_task_type,
    &orders_reconciliation_sum_type,
    &orders_reconciliation_type,
    &orders_difference_type,
    &orders_written_reconciliation_type,
    &orders_written_difference_type,
    &orders_reconciliation_task_type,
    NULL,
};

const orders_payment_t *orders_latest_payment(const orders_order_t *order)
{
    for (int i = order->of.payments->nelts - 1; i >= 0; i--) {
        const orders_payment_t *payment = &APR_ARRAY_IDX(order->of.payments, i, orders_payment_t);
        if (!payment->surplus) {
            return payment;
        }
    }
    return NULL;
}

#define ORDERS_FIND(child, T, array)                                                               \
    const T *orders_find_##child(const orders_order_t *order, int64_t id)                          \
    {                                                                                              \
        for (int i = 0; i < order->of.array->nelts; i++) {                                         \
            const T *element = &APR_ARRAY_IDX(order->of.array, i, T);                              \
            if (element->id == id) {                                                               \
                return element;                                                                    \
            }                                                                                      \
        }                                                                                          \
        return NULL;                                                                               \
    }
ORDERS_FIND(payment, orders_payment_t, payments)
ORDERS_FIND(refund, orders_refund_t, refunds)
ORDERS_FIND(return, orders_return_t, returns)
#undef ORDERS_FIND

const orders_address_t *orders_find_address(const orders_order_t *order, const char *type)
{
    for (int i = 0; i < order->of.addresses->nelts; i++) {
        const orders_address_t *address = &APR_ARRAY_IDX(order->of.addresses, i, orders_address_t);
        if (strcmp(address->type, type) == 0) {
            return address;
        }
    }
    return NULL;
}
