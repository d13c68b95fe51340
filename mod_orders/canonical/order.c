/* SPDX-License-Identifier: Apache-2.0 */
#include "canonical/order.h"

#include <string.h>

#include "canonical/members.h"

/* The members that POST /orders of the operator API takes, so that a line can be sent back. */
static void member_references(orders_json_t *json, const orders_line_t *line, const char *reference)
{
    const bool is_plan = line->kind && strcmp(line->kind, "plan") == 0;
    orders_json_member_string(json, "product", is_plan ? NULL : line->product);
    orders_json_member_string(json, "variant", is_plan ? NULL : reference);
    orders_json_member_string(json, "variant_name", line->variant);
    orders_json_member_string(json, "plan", is_plan ? line->product : NULL);
    orders_json_member_string(json, "billing_option", is_plan ? reference : NULL);
}

static void line_members(orders_json_t *json, const orders_line_t *line, const char *reference)
{
    orders_json_member_int(json, "id", line->id);
    orders_json_member_string(json, "kind", line->kind);
    member_references(json, line, reference);
    orders_json_member_string(json, "title", line->title);
    orders_json_member_int(json, "quantity", line->quantity);
    orders_json_member_int(json, "refunded_quantity", line->refunded_quantity);
    orders_json_member_int(json, "cancelled_quantity", line->cancelled_quantity);
    orders_json_member_int(json, "unit_price", line->unit_price);
    orders_json_member_int(json, "list_price", line->list_price);
    orders_json_member_int(json, "discount", line->discount);
    orders_json_member_int(json, "tax", line->tax);
    orders_json_member_int(json, "subtotal", line->subtotal);
    orders_json_member_bool(json, "returnable", line->returnable);
    orders_json_member_string(json, "image", line->image);
    orders_member_object(json, "metadata", line->metadata);
}

static void write_tax(orders_json_t *json, const void *element)
{
    const orders_tax_t *tax = element;
    orders_json_member_string(json, "key", tax->key);
    orders_json_member_int(json, "rate_bp", tax->rate_bp);
    orders_json_member_int(json, "amount", tax->amount);
}

static void payment_members(orders_json_t *json, const orders_payment_t *payment,
                            bool without_pay_links)
{
    orders_json_member_int(json, "id", payment->id);
    orders_json_member_string(json, "status", payment->status);
    orders_json_member_string(json, "method", payment->method);
    orders_json_member_string(json, "channel", payment->channel);
    orders_json_member_string(json, "provider", payment->provider);
    orders_json_member_string(json, "intent_id", payment->intent_id);
    orders_json_member_string(json, "reference", payment->reference);
    orders_json_member_int(json, "amount", payment->amount);
    orders_json_member_int(json, "refunded", payment->refunded);
    orders_json_member_bool(json, "surplus", payment->surplus);
    orders_json_member_string(json, "currency", payment->currency);
    orders_json_member_string(json, "failure_code", payment->failure_code);
    orders_json_member_string(json, "failure_message", payment->failure_message);
    orders_json_member_string(json, "pay_url", without_pay_links ? NULL : payment->pay_url);
    orders_member_object(json, "metadata", payment->metadata);
    orders_member_time(json, "paid_at", payment->captured_at);
    orders_member_time(json, "expires_at", payment->expires_at);
    orders_member_time(json, "created_at", payment->created_at);
    orders_member_time(json, "updated_at", payment->updated_at);
}

static void write_payment(orders_json_t *json, const void *element)
{
    payment_members(json, element, false);
}

static void write_payment_without_link(orders_json_t *json, const void *element)
{
    payment_members(json, element, true);
}

static void refund_members(orders_json_t *json, const void *element)
{
    const orders_refund_t *refund = element;
    orders_json_member_int(json, "id", refund->id);
    orders_member_id(json, "payment_id", refund->payment_id);
    orders_json_member_string(json, "status", refund->status);
    orders_json_member_int(json, "amount", refund->amount);
    orders_json_member_bool(json, "surplus", refund->surplus);
    orders_json_member_string(json, "currency", refund->currency);
    orders_json_member_string(json, "reason", refund->reason);
    orders_json_member_string(json, "reference", refund->reference);
    orders_json_member_string(json, "failure_code", refund->failure_code);
    orders_member_object(json, "metadata", refund->metadata);
    orders_member_time(json, "refunded_at", refund->settled_at);
    orders_member_time(json, "created_at", refund->created_at);
    orders_member_time(json, "updated_at", refund->updated_at);
}

void orders_canonical_write_refund(orders_json_t *json, const orders_refund_t *refund)
{
    orders_json_begin_object(json);
    refund_members(json, refund);
    orders_json_end_object(json);
}

void orders_canonical_member_actor(orders_json_t *json, const char *kind, int64_t id)
{
    orders_json_key(json, "actor");
    orders_json_begin_object(json);
    orders_json_member_string(json, "kind", kind);
    orders_member_id(json, "id", id);
    orders_json_end_object(json);
}

static void write_history(orders_json_t *json, const void *element)
{
    const orders_history_t *step = element;
    orders_json_member_int(json, "version", step->version);
    orders_member_time(json, "at", step->created_at);
    orders_json_member_string(json, "axis", step->axis);
    orders_json_member_string(json, "from", step->from);
    orders_json_member_string(json, "to", step->to);
    orders_canonical_member_actor(json, step->actor, step->actor_id);
    orders_json_member_string(json, "comment", step->comment);
}

static void write_tracking(orders_json_t *json, const orders_order_t *order)
{
    orders_json_key(json, "tracking");
    orders_json_begin_array(json);
    for (int i = 0; i < order->of.tracking->nelts; i++) {
        const orders_tracking_t *event = &APR_ARRAY_IDX(order->of.tracking, i, orders_tracking_t);
        orders_json_begin_object(json);
        orders_json_member_int(json, "id", event->id);
        orders_json_member_string(json, "status", event->status);
        orders_json_member_string(json, "location", event->location);
        orders_json_member_string(json, "description", event->description);
        orders_member_time(json, "at", event->at);
        orders_json_end_object(json);
    }
    orders_json_end_array(json);
}

/* An order has one shipment, to which all its events belong. */
static void member_shipments(orders_json_t *json, const orders_order_t *order)
{
    const orders_shipment_t *shipment = order->of.shipment;
    orders_json_key(json, "shipments");
    orders_json_begin_array(json);
    if (shipment) {
        orders_json_begin_object(json);
        orders_json_member_int(json, "id", shipment->id);
        orders_json_member_string(json, "status", shipment->status);
        orders_json_member_string(json, "courier", shipment->courier);
        orders_json_member_string(json, "service", shipment->service);
        orders_json_member_string(json, "tracking_number", shipment->tracking_number);
        orders_json_member_string(json, "tracking_url", shipment->tracking_url);
        orders_json_member_string(json, "estimated_delivery", shipment->estimate);
        orders_member_time(json, "expected_at", shipment->expected_at);
        orders_json_member_bool(json, "late", shipment->late);
        orders_member_time(json, "shipped_at", shipment->shipped_at);
        orders_member_time(json, "delivered_at", shipment->delivered_at);
        write_tracking(json, order);
        orders_json_end_object(json);
    }
    orders_json_end_array(json);
}

void orders_canonical_return_members(orders_json_t *json, const orders_return_t *returned)
{
    orders_json_member_int(json, "id", returned->id);
    orders_json_member_string(json, "state", returned->state);
    orders_json_member_string(json, "reason", returned->reason);
    orders_json_member_raw(json, "lines", returned->lines.text, (apr_size_t)returned->lines.length);
    orders_member_id(json, "refund_id", returned->refund_id);
    orders_json_key(json, "amount");
    if (returned->refund_id) {
        orders_json_int(json, returned->amount);
    } else {
        orders_json_null(json);
    }
    orders_json_member_string(json, "currency", returned->currency);
    orders_member_time(json, "created_at", returned->created_at);
    orders_member_time(json, "updated_at", returned->updated_at);
}

void orders_canonical_invoice_members(orders_json_t *json, const orders_invoice_t *invoice)
{
    orders_json_member_string(json, "number", invoice->number);
    orders_json_member_string(json, "issuer", invoice->issuer);
    orders_member_time(json, "created_at", invoice->created_at);
}

static void return_members(orders_json_t *json, const void *element)
{
    orders_canonical_return_members(json, element);
}

static void invoice_members(orders_json_t *json, const void *element)
{
    orders_canonical_invoice_members(json, element);
}

typedef void (*write_members_t)(orders_json_t *json, const void *element);

static void member_array(orders_json_t *json, const char *name, const apr_array_header_t *array,
                         write_members_t write_members)
{
    orders_json_key(json, name);
    orders_json_begin_array(json);
    for (int i = 0; i < array->nelts; i++) {
        orders_json_begin_object(json);
        write_members(json, array->elts + (size_t)i * (size_t)array->elt_size);
        orders_json_end_object(json);
    }
    orders_json_end_array(json);
}

static void member_lines(orders_json_t *json, const orders_order_t *order)
{
    const apr_array_header_t *lines = order->of.lines;
    json_t *references = orders_document_json(order->line_references);
    orders_json_key(json, "lines");
    orders_json_begin_array(json);
    for (int i = 0; i < lines->nelts; i++) {
        orders_json_begin_object(json);
        line_members(json, &APR_ARRAY_IDX(lines, i, orders_line_t),
                     json_string_value(json_array_get(references, (size_t)i)));
        orders_json_end_object(json);
    }
    orders_json_end_array(json);
    json_decref(references);
}

static void member_user(orders_json_t *json, const char *name, const orders_user_t *user)
{
    orders_json_key(json, name);
    if (!user) {
        orders_json_null(json);
        return;
    }
    orders_json_begin_object(json);
    orders_json_member_int(json, "id", user->id);
    orders_json_member_string(json, "ref", user->ref);
    orders_json_member_string(json, "name", user->name);
    orders_json_member_string(json, "email", user->email);
    orders_json_end_object(json);
}

static void member_retailer(orders_json_t *json, const orders_order_t *order)
{
    const orders_company_t *company = order->of.company;
    orders_json_key(json, "retailer");
    if (!company) {
        orders_json_null(json);
        return;
    }
    orders_json_begin_object(json);
    orders_json_member_int(json, "id", company->id);
    orders_json_member_string(json, "ref", company->ref);
    orders_json_member_string(json, "name", company->name);
    orders_json_end_object(json);
}

static void member_address(orders_json_t *json, const orders_order_t *order, const char *type)
{
    const orders_address_t *address = orders_find_address(order, type);
    const orders_document_t document = address ? address->document : (orders_document_t){NULL, 0};
    orders_json_member_raw(json, type, document.text, (apr_size_t)document.length);
}

static void member_addresses(orders_json_t *json, const orders_order_t *order)
{
    orders_json_key(json, "addresses");
    orders_json_begin_object(json);
    member_address(json, order, "billing");
    member_address(json, order, "shipping");
    orders_json_end_object(json);
}

static void head_members(orders_json_t *json, const orders_order_t *order)
{
    orders_json_member_int(json, "id", order->id);
    orders_member_uuid(json, "public_id", order->public_id);
    orders_json_member_string(json, "number", order->number);
    orders_json_member_string(json, "bill_no", order->bill_no);
    orders_json_member_string(json, "dialect", order->api);
    orders_json_member_int(json, "version", order->version);
    orders_json_member_string(json, "state", order->state);
    orders_json_member_string(json, "payment_state", order->payment_state);
    orders_json_member_string(json, "fulfilment_state", order->fulfilment_state);
    member_user(json, "user", order->of.buyer);
    member_retailer(json, order);
    member_user(json, "agent", order->of.agent);
}

static void money_members(orders_json_t *json, const orders_order_t *order)
{
    orders_json_member_string(json, "currency", order->currency);
    orders_json_member_int(json, "subtotal", order->subtotal);
    orders_json_member_int(json, "discount", order->discount);
    orders_json_member_int(json, "tax", order->tax);
    orders_json_member_bool(json, "tax_inclusive", order->tax_inclusive);
    orders_json_member_int(json, "shipping", order->shipping);
    orders_json_member_int(json, "total", order->total);
    orders_json_member_int(json, "refunded", order->refunded);
}

void orders_canonical_write_order(orders_json_t *json, const orders_order_t *order,
                                  orders_canonical_links_e links)
{
    orders_json_begin_object(json);
    head_members(json, order);
    money_members(json, order);
    member_lines(json, order);
    member_array(json, "taxes", order->of.taxes, write_tax);
    member_addresses(json, order);
    member_array(json, "payments", order->of.payments,
                 links == ORDERS_CANONICAL_WITHOUT_PAY_LINKS ? write_payment_without_link
                                                             : write_payment);
    member_array(json, "refunds", order->of.refunds, refund_members);
    member_shipments(json, order);
    member_array(json, "returns", order->of.returns, return_members);
    member_array(json, "invoices", order->of.invoices, invoice_members);
    member_array(json, "history", order->of.history, write_history);
    orders_json_member_string(json, "notes", order->notes);
    orders_member_object(json, "metadata", order->metadata);
    orders_member_time(json, "created_at", order->created_at);
    orders_member_time(json, "updated_at", order->updated_at);
    orders_json_end_object(json);
}
