/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The columns of orders_v1.order_view, as `v`, that several statements name. PostgreSQL computes only the columns that are named, so each
 * API names those of its responses, and `version` for the ETag.
 */
#ifndef ORDERS_STORE_COLUMNS_H
#define ORDERS_STORE_COLUMNS_H

#define ORDERS_STATE_COLUMNS                                                                       \
    "v.id, v.number, v.version, v.state, v.payment_state, v.fulfilment_state"

/** The user API: an order, without the buyer's balance. */
#define ORDERS_USER_COLUMNS                                                                        \
    ORDERS_STATE_COLUMNS                                                                           \
    ", v.buyer_id, v.payment_method, v.cancel_reason, v.currency, v.total, v.refunded,"            \
    " v.snapshot, v.metadata, v.created_at, v.updated_at, v.paid_at, v.cancelled_at,"              \
    " v.refunded_at, v.lines, v.payments, v.refunds"

/** The operator API: the canonical order. */
#define ORDERS_OPERATOR_COLUMNS                                                                    \
    ORDERS_STATE_COLUMNS                                                                           \
    ", v.public_id, v.bill_no, v.api, v.notes, v.currency, v.subtotal, v.discount, v.tax,"         \
    " v.shipping, v.total, v.refunded, v.tax_inclusive, v.metadata, v.created_at, v.updated_at,"   \
    " v.lines, v.payments, v.refunds, v.buyer, v.agent, v.company, v.taxes, v.addresses,"          \
    " v.history, v.invoices, v.shipment, v.tracking, v.returns,"                                   \
    " v.line_references"

/** The company API: an entry of the list. */
#define ORDERS_SALE_COLUMNS                                                                        \
    ORDERS_STATE_COLUMNS                                                                           \
    ", v.claimable, v.payment_method, v.currency, v.exponent, v.total, v.created_at,"              \
    " v.refunded_at, v.payments, v.agent, v.company"

#endif
