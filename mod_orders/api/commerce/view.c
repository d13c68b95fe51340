/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON of the commerce API. Amounts are decimal numbers in the order's currency. A member without a value is null. */
#include <apr_strings.h>
#include <jansson.h>
#include <string.h>

#include "api/commerce/commerce.h"
#include "api/common/goods.h"
#include "api/common/members.h"
#include "core/money.h"

void orders_commerce_begin(orders_json_t *json)
{
    orders_json_begin_object(json);
    orders_json_member_int(json, "status_code", 200);
    orders_json_member_raw(json, "errors", "{}", 2);
    orders_json_key(json, "data");
}

void orders_commerce_end(orders_json_t *json)
{
    orders_json_end_object(json);
}

static const char *status_of(const orders_order_t *order)
{
    return orders_project(orders_commerce_status, order);
}

void orders_commerce_write_placed(orders_json_t *json, const orders_order_t *order)
{
    orders_json_begin_object(json);
    orders_json_member_int(json, "order_id", order->id);
    orders_json_member_string(json, "order_number", order->number);
    orders_member_amount(json, "order_total", order, order->total);
    orders_json_member_string(json, "currency_code", order->currency);
    orders_json_member_string(json, "status", status_of(order));
    if (order->pay_url) {
        orders_json_member_string(json, "payment_url", order->pay_url);
    }
    orders_json_end_object(json);
}

static int64_t address_id(const orders_order_t *order, const char *type)
{
    const orders_address_t *address = orders_find_address(order, type);
    return address ? address->id : 0;
}

/*
 * The metadata of the order, and `payment_url`: the response to placing does not have it if the provider could not be reached at
 * that time.
 */
static void member_order_data(orders_json_t *json, const orders_order_t *order, apr_pool_t *pool)
{
    const orders_document_t *data = &order->metadata;
    if (!order->pay_url || data->length < 2) {
        orders_member_object(json, "data", *data);
        return;
    }
    orders_json_t *quoted = orders_json_open(pool);
    orders_json_string(quoted, order->pay_url);
    const char *text =
        apr_pstrcat(pool, apr_pstrmemdup(pool, data->text, (apr_size_t)data->length - 1),
                    data->length > 2 ? ", " : "",
                    "\"payment_url\": ", orders_json_text(quoted, pool, NULL), "}", NULL);
    orders_json_member_raw(json, "data", text, strlen(text));
}

void orders_commerce_write_entry(orders_json_t *json, const orders_order_t *order,
                                 const char *member, apr_pool_t *pool)
{
    orders_json_begin_object(json);
    orders_json_member_int(json, "id", order->id);
    orders_json_member_string(json, "uid", member);
    orders_json_member_string(json, "order_number", order->number);
    member_order_data(json, order, pool);
    orders_member_amount(json, "order_total", order, order->total);
    orders_json_member_string(json, "currency_symbol", order->currency_symbol);
    orders_json_member_string(json, "currency_code", order->currency);
    orders_json_member_string(json, "order_type", order->category);
    orders_json_member_string(json, "status", status_of(order));
    orders_member_unix_time(json, "created", order->created_at);
    orders_member_unix_time(json, "modified", order->updated_at);
    orders_member_id(json, "shipping_id", address_id(order, "shipping"));
    orders_member_id(json, "billing_id", address_id(order, "billing"));
    orders_json_end_object(json);
}

/* A line and its order. */
typedef struct line_view_t {
    const orders_order_t *order;
    const orders_line_t *line;
    int64_t total; /* its share of the order's total */
} line_view_t;

static int64_t tax_on_top(const line_view_t *view)
{
    return view->order->tax_inclusive ? 0 : view->line->tax;
}

static void write_component(orders_json_t *json, const line_view_t *view, const char *title,
                            int64_t total, bool included)
{
    orders_json_begin_object(json);
    orders_json_member_raw(json, "data", "[]", 2);
    orders_json_member_string(json, "title", title);
    orders_member_amount(json, "total", view->order, total);
    orders_json_member_bool(json, "included", included);
    orders_json_member_int(json, "quantity", view->line->quantity);
    orders_json_member_string(json, "description", view->line->title);
    orders_json_member_string(json, "currency_code", view->order->currency);
    orders_json_end_object(json);
}

/* base_price + discount + tax = total. `included`: whether the price includes tax. */
static void member_components(orders_json_t *json, const line_view_t *view)
{
    bool included = view->order->tax_inclusive;
    orders_json_key(json, "items");
    orders_json_begin_object(json);
    orders_json_key(json, "base_price");
    write_component(json, view, "Base price", view->line->subtotal, included);
    if (view->line->discount) {
        orders_json_key(json, "discount");
        write_component(json, view, "Discount", -view->line->discount, included);
    }
    if (tax_on_top(view)) {
        orders_json_key(json, "tax");
        write_component(json, view, "Tax", tax_on_top(view), false);
    }
    orders_json_end_object(json);
}

static void member_line_price(orders_json_t *json, const line_view_t *view)
{
    orders_json_key(json, "price");
    orders_json_begin_object(json);
    orders_json_member_raw(json, "data", "[]", 2);
    member_components(json, view);
    orders_json_member_string(json, "title", "Price");
    orders_member_amount(json, "total", view->order, view->total);
    orders_json_member_int(json, "quantity", view->line->quantity);
    orders_json_member_string(json, "description", view->line->title);
    orders_json_member_string(json, "currency_code", view->order->currency);
    orders_member_amount(json, "revenue_total", view->order, view->total - view->line->tax);
    orders_json_end_object(json);
}

static const struct {
    const char *kind, *type;
} product_types[] = {
    {"product", "Product"},
    {"package", "Package"},
    {"plan", "Plan"},
    {"shipping", "Shipping"},
};

static const char *product_type(const orders_line_t *line)
{
    for (size_t i = 0; i < ORDERS_COUNT(product_types); i++) {
        if (strcmp(product_types[i].kind, line->kind) == 0) {
            return product_types[i].type;
        }
    }
    return line->kind;
}

static void member_product(orders_json_t *json, const orders_line_t *line)
{
    orders_json_key(json, "product");
    orders_json_begin_object(json);
    orders_json_member_string(json, "sku", line->number ? line->number : line->product);
    orders_json_member_string(json, "product_type", product_type(line));
    orders_json_member_string(json, "product_type_code", line->kind);
    orders_json_end_object(json);
}

static void member_param(orders_json_t *json, const char *name, const char *value)
{
    orders_json_key(json, name);
    orders_json_begin_object(json);
    orders_json_member_string(json, "value", value);
    orders_json_end_object(json);
}

static void member_params(orders_json_t *json, const line_view_t *view)
{
    orders_json_key(json, "params");
    orders_json_begin_object(json);
    orders_json_key(json, "price");
    orders_json_begin_object(json);
    orders_member_amount_text(json, "value", view->order, view->line->unit_price);
    orders_json_end_object(json);
    member_param(json, "images", view->line->image);
    member_param(json, "product-name", view->line->title);
    orders_json_key(json, "whole-sale-price");
    orders_json_begin_object(json);
    orders_member_amount(json, "value", view->order, view->line->list_price);
    orders_json_end_object(json);
    orders_json_end_object(json);
}

static void member_display(orders_json_t *json, const line_view_t *view)
{
    orders_json_key(json, "item_display");
    orders_json_begin_object(json);
    orders_json_key(json, "items");
    orders_json_begin_object(json);
    orders_json_key(json, "varient_attributes");
    orders_json_begin_object(json);
    orders_json_member_string(json, "title", view->line->variant);
    member_params(json, view);
    orders_json_member_raw(json, "display", "{}", 2);
    orders_json_member_string(json, "description", "");
    orders_json_end_object(json);
    orders_json_end_object(json);
    orders_json_end_object(json);
}

static void member_data(orders_json_t *json, const line_view_t *view)
{
    orders_json_key(json, "data");
    orders_json_begin_object(json);
    member_line_price(json, view);
    orders_json_member_raw(json, "modules", "{}", 2);
    member_product(json, view->line);
    member_display(json, view);
    orders_json_end_object(json);
}

/* The id of the variant's product, from the snapshot of the line. */
static int64_t read_bundle_id(const orders_line_t *line)
{
    json_t *snapshot = orders_document_json(line->snapshot);
    int64_t id = json_integer_value(json_object_get(json_object_get(snapshot, "item"), "id"));
    json_decref(snapshot);
    return id;
}

static void write_line(orders_json_t *json, const line_view_t *view)
{
    const orders_line_t *line = view->line;
    orders_json_begin_object(json);
    orders_json_member_int(json, "id", line->id);
    orders_member_id(json, "product_id", line->item_id);
    orders_member_id(json, "bundle_id", read_bundle_id(line));
    orders_json_member_string(json, "line_item_label", line->title);
    orders_json_member_int(json, "quantity", line->quantity);
    orders_member_amount_text(json, "price", view->order, line->unit_price);
    member_data(json, view);
    orders_json_member_int(json, "order_id", view->order->id);
    orders_json_member_string(json, "currency_code", view->order->currency);
    orders_json_member_int(json, "order_id_id", view->order->id);
    orders_json_member_string(json, "status", status_of(view->order));
    orders_json_member_string(json, "image_path", line->image);
    orders_json_end_object(json);
}

/* The line of a voucher is not shown, because the discounts of the other lines contain its amount. */
static bool is_shown(const orders_line_t *line)
{
    return orders_is_goods(line) || strcmp(line->kind, "shipping") == 0;
}

void orders_commerce_write_lines(orders_json_t *json, const orders_order_t *order)
{
    orders_json_begin_array(json);
    for (int i = 0; i < order->of.lines->nelts; i++) {
        const orders_line_t *line = &APR_ARRAY_IDX(order->of.lines, i, orders_line_t);
        line_view_t view = {order, line, line->subtotal - line->discount};
        view.total += tax_on_top(&view);
        if (is_shown(line)) {
            write_line(json, &view);
        }
    }
    orders_json_end_array(json);
}
