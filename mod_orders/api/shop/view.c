/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON of the shop API. A member without a value is null, never absent. */
#include <apr_strings.h>
#include <jansson.h>
#include <string.h>

#include "api/common/members.h"
#include "api/shop/shop.h"

orders_shop_view_t orders_shop_view(apr_pool_t *pool, const apr_array_header_t *labels)
{
    return (orders_shop_view_t){
        .pool = pool,
        .labels = labels,
        .languages = apr_array_make(pool, 2, sizeof(const char *)),
    };
}

static void add_language(apr_array_header_t *languages, const char *language)
{
    for (int i = 0; i < languages->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(languages, i, const char *), language) == 0) {
            return;
        }
    }
    APR_ARRAY_PUSH(languages, const char *) = language;
}

const char *orders_shop_label(const orders_shop_view_t *view, const char *kind, const char *value)
{
    for (int i = 0; value && i < view->labels->nelts; i++) {
        const orders_label_t *label = &APR_ARRAY_IDX(view->labels, i, orders_label_t);
        if (strcmp(label->kind, kind) == 0 && strcmp(label->word, value) == 0) {
            add_language(view->languages, label->language);
            return label->text;
        }
    }
    return value;
}

/* The payment channel, which is the name that buyers know; the method if there is no channel. */
static const char *method_of(const orders_order_t *order)
{
    return order->channel ? order->channel : order->method;
}

/* The first members of an entry and of the detail. */
static void head_members(orders_json_t *json, const orders_order_t *order,
                         const orders_shop_view_t *view)
{
    const char *status = orders_project(orders_shop_status, order);
    orders_member_uuid(json, "id", order->public_id);
    orders_json_member_string(json, "orderNumber", order->number);
    orders_json_member_string(json, "status", status);
    orders_json_member_string(json, "statusLabel", orders_shop_label(view, "order_status", status));
}

static void time_members(orders_json_t *json, const orders_order_t *order)
{
    orders_member_time(json, "createdAt", order->created_at);
    orders_member_time(json, "updatedAt", order->updated_at);
}

void orders_shop_write_entry(orders_json_t *json, const orders_order_t *order,
                             const orders_shop_view_t *view)
{
    const orders_line_t *first = orders_shop_first_item(order);
    orders_json_begin_object(json);
    head_members(json, order, view);
    orders_json_member_int(json, "total", order->total);
    orders_json_member_string(json, "currency", order->currency);
    orders_json_member_int(json, "itemCount", orders_shop_item_count(order));
    orders_json_member_string(json, "thumbnailUrl", first ? first->image : NULL);
    orders_json_member_string(json, "paymentMethod", method_of(order));
    time_members(json, order);
    orders_json_end_object(json);
}

static void member_user(orders_json_t *json, const orders_order_t *order)
{
    const orders_user_t *user = order->of.buyer;
    orders_json_key(json, "user");
    if (!user) {
        orders_json_null(json);
        return;
    }
    orders_json_begin_object(json);
    orders_member_uuid(json, "id", user->public_id);
    orders_json_member_string(json, "name", user->name);
    orders_json_member_string(json, "email", user->email);
    orders_json_end_object(json);
}

/* The members of an address, and the names that they have in orders of other APIs. */
static const struct {
    const char *name;
    const char *others[2];
} address_members[] = {
    {"receiverName", {"name", "given_name"}},
    {"phone", {NULL, NULL}},
    {"addressLine1", {"street", NULL}},
    {"addressLine2", {NULL, NULL}},
    {"city", {NULL, NULL}},
    {"province", {"state", NULL}},
    {"postalCode", {"postal_code", "code"}},
    {"country", {NULL, NULL}},
};

static const json_t *member_of(const json_t *address, size_t member)
{
    const json_t *value = json_object_get(address, address_members[member].name);
    for (size_t i = 0; !value && i < 2 && address_members[member].others[i]; i++) {
        value = json_object_get(address, address_members[member].others[i]);
    }
    return value;
}

/* Joins given_name and family_name. */
static const char *join_names(const json_t *address, const char *name, apr_pool_t *pool)
{
    const char *family = json_string_value(json_object_get(address, "family_name"));
    bool in_parts = name && name == json_string_value(json_object_get(address, "given_name"));
    return in_parts && family ? apr_pstrcat(pool, name, " ", family, NULL) : name;
}

static bool has_members(const json_t *address)
{
    bool known = false;
    for (size_t i = 0; i < ORDERS_COUNT(address_members); i++) {
        const json_t *value = member_of(address, i);
        known |= json_is_string(value) || json_is_integer(value);
    }
    return known;
}

/* null for an address that has none of the members. */
static void write_address(orders_json_t *json, const json_t *address, apr_pool_t *pool)
{
    if (!has_members(address)) {
        orders_json_null(json);
        return;
    }
    orders_json_begin_object(json);
    for (size_t i = 0; i < ORDERS_COUNT(address_members); i++) {
        const json_t *value = member_of(address, i);
        const char *text = json_string_value(value);
        if (json_is_integer(value)) {
            orders_member_number_text(json, address_members[i].name, json_integer_value(value));
        } else {
            orders_json_member_string(json, address_members[i].name,
                                      i == 0 ? join_names(address, text, pool) : text);
        }
    }
    orders_json_end_object(json);
}

static void member_address(orders_json_t *json, const orders_order_t *order, apr_pool_t *pool)
{
    const orders_address_t *row = orders_find_address(order, "shipping");
    orders_json_key(json, "shippingAddress");
    if (!row) {
        orders_json_null(json);
        return;
    }
    json_t *address = orders_document_json(row->document);
    write_address(json, address, pool);
    json_decref(address);
}

static void member_voucher(orders_json_t *json, const orders_order_t *order)
{
    const orders_line_t *voucher = NULL;
    for (int i = 0; i < order->of.lines->nelts; i++) {
        const orders_line_t *line = &APR_ARRAY_IDX(order->of.lines, i, orders_line_t);
        voucher = strcmp(line->kind, "discount") == 0 ? line : voucher;
    }
    orders_json_key(json, "voucher");
    if (!voucher) {
        orders_json_null(json);
        return;
    }
    orders_json_begin_object(json);
    orders_json_member_string(json, "code", voucher->product);
    orders_json_member_int(json, "discount", -voucher->subtotal);
    orders_json_end_object(json);
}

static bool is_known(const orders_shipment_t *shipment)
{
    return shipment->courier || shipment->service || shipment->tracking_number ||
           shipment->estimate || shipment->shipped_at;
}

static void member_shipping(orders_json_t *json, const orders_order_t *order)
{
    const orders_shipment_t *shipment = order->of.shipment;
    orders_json_key(json, "shipping");
    if (!shipment || !is_known(shipment)) {
        orders_json_null(json);
        return;
    }
    orders_json_begin_object(json);
    orders_json_member_string(json, "courier", shipment->courier);
    orders_json_member_string(json, "service", shipment->service);
    orders_json_member_string(json, "trackingNumber", shipment->tracking_number);
    orders_json_member_string(json, "estimatedDelivery", shipment->estimate);
    orders_member_time(json, "shippedAt", shipment->shipped_at);
    orders_json_end_object(json);
}

/* Members of the latest payment. An order with a total of 0 has no payment and was paid when it was placed. */
static void member_payment(orders_json_t *json, const orders_order_t *order,
                           const orders_shop_view_t *view)
{
    const orders_payment_t none = {.captured_at = order->paid_at};
    const orders_payment_t *payment = orders_latest_payment(order);
    const char *method = method_of(order);
    payment = payment ? payment : &none;
    orders_json_key(json, "payment");
    orders_json_begin_object(json);
    orders_json_member_string(json, "method", method);
    orders_json_member_string(json, "methodLabel",
                              orders_shop_label(view, "payment_method", method));
    orders_json_member_string(json, "status", orders_project(orders_shop_payment_status, order));
    orders_member_time(json, "paidAt", payment->captured_at);
    orders_json_member_string(json, "paymentUrl", order->pay_url);
    orders_member_time(json, "expiryAt", payment->expires_at);
    orders_json_end_object(json);
}

void orders_shop_write_order(orders_json_t *json, const orders_order_t *order,
                             const orders_shop_view_t *view)
{
    orders_json_begin_object(json);
    head_members(json, order, view);
    member_user(json, order);
    orders_shop_member_items(json, order);
    member_address(json, order, view->pool);
    orders_shop_member_pricing(json, order);
    member_voucher(json, order);
    member_shipping(json, order);
    member_payment(json, order, view);
    orders_json_member_string(json, "notes", order->notes);
    orders_json_member_string(json, "currency", order->currency);
    time_members(json, order);
    orders_json_key(json, "statusHistory");
    orders_shop_write_history(json, order);
    orders_json_end_object(json);
}

static void write_event(orders_json_t *json, const orders_tracking_t *event)
{
    orders_json_begin_object(json);
    orders_member_time(json, "timestamp", event->at);
    orders_json_member_string(json, "status", event->status);
    orders_json_member_string(json, "location", event->location);
    orders_json_member_string(json, "description", event->description);
    orders_json_end_object(json);
}

void orders_shop_write_shipment(orders_json_t *json, const orders_order_t *order,
                                const orders_shop_view_t *view)
{
    const orders_shipment_t *shipment = order->of.shipment;
    orders_json_begin_object(json);
    orders_member_uuid(json, "orderId", order->public_id);
    orders_json_member_string(json, "trackingNumber", shipment->tracking_number);
    orders_json_member_string(json, "courier", shipment->courier);
    orders_json_member_string(json, "service", shipment->service);
    orders_json_member_string(json, "status", shipment->status);
    orders_json_member_string(json, "statusLabel",
                              orders_shop_label(view, "shipment_status", shipment->status));
    orders_json_member_string(json, "estimatedDelivery", shipment->estimate);
    orders_member_time(json, "shippedAt", shipment->shipped_at);
    orders_json_key(json, "tracking");
    orders_json_begin_array(json);
    for (int i = 0; i < order->of.tracking->nelts; i++) {
        write_event(json, &APR_ARRAY_IDX(order->of.tracking, i, orders_tracking_t));
    }
    orders_json_end_array(json);
    orders_json_end_object(json);
}
