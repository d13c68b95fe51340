/* SPDX-License-Identifier: Apache-2.0 */
/** The canonical order as JSON: the same members in the operator API, in webhooks and with the feed of events. */
#ifndef ORDERS_CANONICAL_ORDER_H
#define ORDERS_CANONICAL_ORDER_H

#include "core/json_writer.h"
#include "store/views.h"

/**
 * Whether the member `pay_url` of payments has its value or is null. Its address opens the payment page of the provider without further
 * authentication, so webhooks do not contain it.
 */
typedef enum {
    ORDERS_CANONICAL_WITH_PAY_LINKS,
    ORDERS_CANONICAL_WITHOUT_PAY_LINKS
} orders_canonical_links_e;

/** All members of an order that has ORDERS_OPERATOR_COLUMNS; an empty member is null, [] or {}. */
void orders_canonical_write_order(orders_json_t *json, const orders_order_t *order,
                                  orders_canonical_links_e links);
void orders_canonical_write_refund(orders_json_t *json, const orders_refund_t *refund);
/** Members of a return, without its order. */
void orders_canonical_return_members(orders_json_t *json, const orders_return_t *returned);
/** Members of an invoice, without the document. */
void orders_canonical_invoice_members(orders_json_t *json, const orders_invoice_t *invoice);
/** Writes the member `actor`: its kind and the id of its user. `id` 0: null. */
void orders_canonical_member_actor(orders_json_t *json, const char *kind, int64_t id);

#endif
