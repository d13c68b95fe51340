/* SPDX-License-Identifier: Apache-2.0 */
#include "store/answer_kinds.h"

#define MEMBER(type, name, member)                                                                          \
    {                                                                                                       \
        ORDERS_COLUMN_##name,                                                                             \
            _Generic(((type *)0)->member,                                                          \
                     int64_t: ORDERS_HOLDS_NUMBER,                                                        \
                     bool: ORDERS_HOLDS_BOOL,                                                             \
                     const char *: ORDERS_HOLDS_TEXT,                                                     \
                     const unsigned char *: ORDERS_HOLDS_BYTES,                                           \
                     orders_document_t: ORDERS_HOLDS_DOCUMENT),                                           \
            offsetof(type, member) \
    }

#define T orders_result_t
static const orders_row_member_t result_members[] = {
    MEMBER(T, ID, id),         MEMBER(T, ORDER_ID, order_id),   MEMBER(T, CODE, outcome),
    MEMBER(T, DETAIL, detail), MEMBER(T, REFERENCE, reference), MEMBER(T, FLAG, replayed),
    MEMBER(T, TYPE, kind),     MEMBER(T, TITLE, field),         MEMBER(T, SNAPSHOT, snapshot),
    MEMBER(T, STATE, refusal), MEMBER(T, ATTRIBUTES, variants),
};
#undef T

static const orders_row_member_t total_members[] = {
    MEMBER(orders_total_t, AMOUNT, total_count),
    MEMBER(orders_total_t, FLAG, more),
    MEMBER(orders_total_t, ID, searched_to),
};

#define T orders_order_t
static const orders_row_member_t order_members[] = {
    MEMBER(T, ORDER_ID, id),
    MEMBER(T, PARENT_ID, user_id),
    MEMBER(T, PUBLIC_ID, public_id),
    MEMBER(T, NUMBER, number),
    MEMBER(T, BILL_NO, bill_no),
    MEMBER(T, DIALECT, dialect),
    MEMBER(T, VERSION, version),
    MEMBER(T, STATE, state),
    MEMBER(T, PAYMENT_STATE, payment_state),
    MEMBER(T, FULFILMENT_STATE, fulfilment_state),
    MEMBER(T, METHOD, method),
    MEMBER(T, CHANNEL, channel),
    MEMBER(T, DETAIL, notes),
    MEMBER(T, TYPE, binding),
    MEMBER(T, EMAIL, payer),
    MEMBER(T, CURRENCY, currency),
    MEMBER(T, EXPONENT, exponent),
    MEMBER(T, SUBTOTAL, subtotal),
    MEMBER(T, DISCOUNT, discount),
    MEMBER(T, TAX, tax),
    MEMBER(T, SHIPPING, shipping),
    MEMBER(T, AMOUNT, total),
    MEMBER(T, REFUNDED, refunded),
    MEMBER(T, FLAG, tax_inclusive),
    MEMBER(T, SNAPSHOT, snapshot),
    MEMBER(T, METADATA, metadata),
    MEMBER(T, CREATED_AT, created_at),
    MEMBER(T, UPDATED_AT, updated_at),
    MEMBER(T, PAID_AT, paid_at),
    MEMBER(T, CANCELLED_AT, cancelled_at),
    MEMBER(T, TITLE, cancel_reason),
    MEMBER(T, REFUNDED_AT, refunded_at),
    MEMBER(T, EXPIRES_AT, expires_at),
};
#undef T

#define T orders_line_t
static const orders_row_member_t line_members[] = {
    MEMBER(T, ORDER_ID, order_id),
    MEMBER(T, ID, id),
    MEMBER(T, PARENT_ID, item_id),
    MEMBER(T, TYPE, kind),
    MEMBER(T, REFERENCE, product),
    MEMBER(T, CODE, variant),
    MEMBER(T, TITLE, title),
    MEMBER(T, CURRENCY, currency),
    MEMBER(T, URL, image),
    MEMBER(T, QUANTITY, quantity),
    MEMBER(T, REFUNDED, refunded_quantity),
    MEMBER(T, AMOUNT, cancelled_quantity),
    MEMBER(T, UNIT_PRICE, unit_price),
    MEMBER(T, LIST_PRICE, list_price),
    MEMBER(T, SUBTOTAL, subtotal),
    MEMBER(T, DISCOUNT, discount),
    MEMBER(T, TAX, tax),
    MEMBER(T, FLAG, returnable),
    MEMBER(T, NUMBER, number),
    MEMBER(T, SNAPSHOT, snapshot),
    MEMBER(T, METADATA, metadata),
    MEMBER(T, CREATED_AT, created_at),
    MEMBER(T, SLUG, slug),
    MEMBER(T, ATTRIBUTES, attributes),
};
#undef T

#define T orders_tax_t
static const orders_row_member_t tax_members[] = {
    MEMBER(T, ORDER_ID, order_id), MEMBER(T, CODE, key),          MEMBER(T, QUANTITY, rate_bp),
    MEMBER(T, AMOUNT, amount),     MEMBER(T, CURRENCY, currency),
};
#undef T

#define T orders_address_t
static const orders_row_member_t address_members[] = {
    MEMBER(T, ORDER_ID, order_id),
    MEMBER(T, ID, id),
    MEMBER(T, TYPE, type),
    MEMBER(T, SNAPSHOT, document),
};
#undef T

#define T orders_payment_t
static const orders_row_member_t payment_members[] = {
    MEMBER(T, TYPE, capture_step),
    MEMBER(T, ORDER_ID, order_id),
    MEMBER(T, ID, id),
    MEMBER(T, NUMBER, order_number),
    MEMBER(T, STATE, status),
    MEMBER(T, METHOD, method),
    MEMBER(T, CHANNEL, channel),
    MEMBER(T, PROVIDER, provider),
    MEMBER(T, REFERENCE, reference),
    MEMBER(T, INTENT_ID, intent_id),
    MEMBER(T, CODE, failure_code),
    MEMBER(T, TITLE, provider_key),
    MEMBER(T, DETAIL, failure_message),
    MEMBER(T, CURRENCY, currency),
    MEMBER(T, AMOUNT, amount),
    MEMBER(T, REFUNDED, refunded),
    MEMBER(T, URL, pay_url),
    MEMBER(T, METADATA, metadata),
    MEMBER(T, CREATED_AT, created_at),
    MEMBER(T, UPDATED_AT, updated_at),
    MEMBER(T, PAID_AT, paid_at),
    MEMBER(T, FLAG, surplus),
    MEMBER(T, EXPIRES_AT, expires_at),
};
#undef T

#define T orders_refund_t
static const orders_row_member_t refund_members[] = {
    MEMBER(T, ORDER_ID, order_id),       MEMBER(T, ID, id),
    MEMBER(T, PARENT_ID, payment_id),    MEMBER(T, STATE, status),
    MEMBER(T, METHOD, method),           MEMBER(T, CHANNEL, channel),
    MEMBER(T, PROVIDER, provider),       MEMBER(T, REFERENCE, reference),
    MEMBER(T, INTENT_ID, intent_id),     MEMBER(T, CODE, failure_code),
    MEMBER(T, DETAIL, reason),           MEMBER(T, CURRENCY, currency),
    MEMBER(T, AMOUNT, amount),           MEMBER(T, METADATA, metadata),
    MEMBER(T, CREATED_AT, created_at),   MEMBER(T, UPDATED_AT, updated_at),
    MEMBER(T, REFUNDED_AT, refunded_at), MEMBER(T, TITLE, provider_key),
    MEMBER(T, SLUG, payment_key),        MEMBER(T, FLAG, surplus),
};
#undef T

#define T orders_balance_t
static const orders_row_member_t balance_members[] = {
    MEMBER(T, ORDER_ID, order_id), MEMBER(T, PARENT_ID, user_id),     MEMBER(T, AMOUNT, amount),
    MEMBER(T, CURRENCY, currency), MEMBER(T, UPDATED_AT, updated_at),
};
#undef T

#define T orders_posting_t
static const orders_row_member_t posting_members[] = {
    MEMBER(T, ORDER_ID, order_id),
    MEMBER(T, ID, id),
    MEMBER(T, PARENT_ID, user_id),
    MEMBER(T, TYPE, type),
    MEMBER(T, AMOUNT, amount),
    MEMBER(T, CURRENCY, currency),
    MEMBER(T, BALANCE_AFTER, balance_after),
    MEMBER(T, REFERENCE, reference),
    MEMBER(T, DETAIL, description),
    MEMBER(T, METADATA, metadata),
    MEMBER(T, CREATED_AT, created_at),
};
#undef T

#define T orders_history_t
static const orders_row_member_t history_members[] = {
    MEMBER(T, ORDER_ID, order_id),   MEMBER(T, ID, id),
    MEMBER(T, VERSION, version),     MEMBER(T, TYPE, axis),
    MEMBER(T, ACTOR, actor),         MEMBER(T, PARENT_ID, actor_id),
    MEMBER(T, FROM_STATE, from),     MEMBER(T, STATE, to),
    MEMBER(T, DETAIL, comment),      MEMBER(T, CREATED_AT, created_at),
    MEMBER(T, UPDATED_AT, local_at),
};
#undef T

#define T orders_user_t
static const orders_row_member_t user_members[] = {
    MEMBER(T, ORDER_ID, order_id), MEMBER(T, PARENT_ID, id), MEMBER(T, REFERENCE, ref),
    MEMBER(T, TITLE, name),        MEMBER(T, EMAIL, email),  MEMBER(T, PUBLIC_ID, public_id),
};

/* Agents and actors: the id is their own, the names are known. */
static const orders_row_member_t person_members[] = {
    MEMBER(T, ORDER_ID, order_id), MEMBER(T, ID, id),       MEMBER(T, REFERENCE, ref),
    MEMBER(T, TITLE, name),        MEMBER(T, EMAIL, email), MEMBER(T, DETAIL, given_name),
    MEMBER(T, CODE, family_name),
};
#undef T

#define T orders_company_t
static const orders_row_member_t company_members[] = {
    MEMBER(T, ORDER_ID, order_id), MEMBER(T, ID, id),       MEMBER(T, REFERENCE, ref),
    MEMBER(T, TITLE, name),        MEMBER(T, EMAIL, email), MEMBER(T, METADATA, address),
    MEMBER(T, SNAPSHOT, images),
};
#undef T

#define T orders_invoice_t
static const orders_row_member_t invoice_members[] = {
    MEMBER(T, ORDER_ID, order_id),     MEMBER(T, ID, id),        MEMBER(T, PARENT_ID, company_id),
    MEMBER(T, NUMBER, number),         MEMBER(T, TITLE, issuer), MEMBER(T, SNAPSHOT, document),
    MEMBER(T, CREATED_AT, created_at),
};
#undef T

#define T orders_shipment_t
static const orders_row_member_t shipment_members[] = {
    MEMBER(T, ORDER_ID, order_id),
    MEMBER(T, ID, id),
    MEMBER(T, STATE, status),
    MEMBER(T, TITLE, courier),
    MEMBER(T, DETAIL, service),
    MEMBER(T, NUMBER, tracking_number),
    MEMBER(T, URL, tracking_url),
    MEMBER(T, REFERENCE, estimate),
    MEMBER(T, FLAG, late),
    MEMBER(T, EXPECTED_AT, expected_at),
    MEMBER(T, CREATED_AT, shipped_at),
    MEMBER(T, DELIVERED_AT, delivered_at),
    MEMBER(T, UPDATED_AT, updated_at),
    MEMBER(T, PAID_AT, local_date),
};
#undef T

#define T orders_tracking_t
static const orders_row_member_t tracking_members[] = {
    MEMBER(T, ORDER_ID, order_id), MEMBER(T, ID, id),          MEMBER(T, PARENT_ID, shipment_id),
    MEMBER(T, STATE, status),      MEMBER(T, TITLE, location), MEMBER(T, DETAIL, description),
    MEMBER(T, CREATED_AT, at),
};
#undef T

#define T orders_return_t
static const orders_row_member_t return_members[] = {
    MEMBER(T, ORDER_ID, order_id),     MEMBER(T, ID, id),
    MEMBER(T, PARENT_ID, refund_id),   MEMBER(T, AMOUNT, amount),
    MEMBER(T, NUMBER, order_number),   MEMBER(T, STATE, state),
    MEMBER(T, DETAIL, reason),         MEMBER(T, CURRENCY, currency),
    MEMBER(T, SNAPSHOT, lines),        MEMBER(T, CREATED_AT, created_at),
    MEMBER(T, UPDATED_AT, updated_at),
};
#undef T

#define T orders_category_t
static const orders_row_member_t category_members[] = {
    MEMBER(T, ORDER_ID, order_id),
    MEMBER(T, TYPE, kind),
    MEMBER(T, CURRENCY, currency),
    MEMBER(T, TITLE, symbol),
};
#undef T

#define T orders_label_t
static const orders_row_member_t label_members[] = {
    MEMBER(T, TYPE, kind),
    MEMBER(T, CODE, word),
    MEMBER(T, TITLE, text),
    MEMBER(T, REFERENCE, language),
};
#undef T

#define T orders_profile_t
static const orders_row_member_t profile_members[] = {
    MEMBER(T, ID, id),           MEMBER(T, DETAIL, given_name), MEMBER(T, CODE, family_name),
    MEMBER(T, REFERENCE, phone), MEMBER(T, TYPE, title),        MEMBER(T, SNAPSHOT, address),
};
#undef T

#define T orders_due_mail_t
static const orders_row_member_t mail_members[] = {
    MEMBER(T, ID, id),
    MEMBER(T, ORDER_ID, order_id),
    MEMBER(T, AMOUNT, amount),
    MEMBER(T, EXPONENT, exponent),
    MEMBER(T, QUANTITY, attempts),
    MEMBER(T, TYPE, template),
    MEMBER(T, REFERENCE, message_key),
    MEMBER(T, EMAIL, recipient),
    MEMBER(T, NUMBER, order_number),
    MEMBER(T, TITLE, seller),
    MEMBER(T, CURRENCY, currency),
    MEMBER(T, EXPIRES_AT, order_expires_at),
};
#undef T

#define T orders_token_t
static const orders_row_member_t token_members[] = {
    MEMBER(T, ID, id),
    MEMBER(T, PARENT_ID, user_id),
    MEMBER(T, ORDER_ID, tenant),
    MEMBER(T, REFERENCE, reference),
    MEMBER(T, NUMBER, login),
    MEMBER(T, TITLE, name),
    MEMBER(T, EMAIL, email),
    MEMBER(T, DETAIL, scopes),
    MEMBER(T, STATE, state),
    MEMBER(T, CREATED_AT, created_at),
    MEMBER(T, EXPIRES_AT, expires_at),
    MEMBER(T, CANCELLED_AT, revoked_at),
};
#undef T

#define OF_ANSWER(member) false, offsetof(orders_answer_t, member)
#define OF_ORDER(member) true, offsetof(orders_children_t, member)
#define ROWS(word, type, table, where)                                                             \
    {                                                                                              \
        word, sizeof(type), table, sizeof(table) / sizeof(table[0]), where                         \
    }

const orders_row_kind_t orders_row_kinds[] = {
    ROWS("order", orders_order_t, order_members, OF_ANSWER(orders)),
    ROWS("line", orders_line_t, line_members, OF_ORDER(lines)),
    ROWS("payment", orders_payment_t, payment_members, OF_ORDER(payments)),
    ROWS("refund", orders_refund_t, refund_members, OF_ORDER(refunds)),
    ROWS("balance", orders_balance_t, balance_members, OF_ORDER(balances)),
    ROWS("posting", orders_posting_t, posting_members, OF_ORDER(postings)),
    ROWS("history", orders_history_t, history_members, OF_ORDER(history)),
    ROWS("user", orders_user_t, user_members, OF_ORDER(users)),
    ROWS("tax", orders_tax_t, tax_members, OF_ORDER(taxes)),
    ROWS("address", orders_address_t, address_members, OF_ORDER(addresses)),
    ROWS("result", orders_result_t, result_members, OF_ANSWER(results)),
    ROWS("page", orders_total_t, total_members, OF_ANSWER(totals)),
    ROWS("token", orders_token_t, token_members, OF_ANSWER(tokens)),
    ROWS("identity", orders_token_t, token_members, OF_ANSWER(tokens)),
    ROWS("company", orders_company_t, company_members, OF_ORDER(companies)),
    ROWS("agent", orders_user_t, person_members, OF_ORDER(agents)),
    ROWS("person", orders_user_t, person_members, OF_ORDER(actors)),
    ROWS("invoice", orders_invoice_t, invoice_members, OF_ORDER(invoices)),
    ROWS("shipment", orders_shipment_t, shipment_members, OF_ORDER(shipments)),
    ROWS("tracking", orders_tracking_t, tracking_members, OF_ORDER(tracking)),
    ROWS("return", orders_return_t, return_members, OF_ORDER(returns)),
    ROWS("category", orders_category_t, category_members, OF_ORDER(categories)),
    ROWS("label", orders_label_t, label_members, OF_ANSWER(labels)),
    ROWS("profile", orders_profile_t, profile_members, OF_ANSWER(profiles)),
    ROWS("mail", orders_due_mail_t, mail_members, OF_ANSWER(mails)),
};

const int orders_row_kind_count = sizeof(orders_row_kinds) / sizeof(orders_row_kinds[0]);
