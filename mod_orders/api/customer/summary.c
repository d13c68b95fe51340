/* SPDX-License-Identifier: Apache-2.0 */
/* The customer API: the summary of an order. All prices include tax, even if those of the order do not. */
#include <apr_strings.h>
#include <jansson.h>
#include <string.h>

#include "api/common/goods.h"
#include "api/common/members.h"
#include "api/customer/customer.h"
#include "core/money.h"

/* A line's prices, with tax. */
typedef struct prices_t {
    int64_t list, unit, total;
} prices_t;

/*
 * If the order's prices exclude tax, the unit price becomes the share of one item in the line with its tax, rounded down. The
 * list price is increased by the same amount.
 */
static prices_t prices_of(const orders_order_t *order, const orders_line_t *line)
{
    prices_t prices = {line->list_price, line->unit_price, line->subtotal};
    if (!order->tax_inclusive && line->quantity > 0) {
        prices.total += line->tax;
        prices.unit = prices.total / line->quantity;
        prices.list += prices.unit - line->unit_price;
    }
    return prices;
}

/* The tax to add to the goods lines, or to all other lines; 0 if the prices include it. */
static int64_t tax_to_add(const orders_order_t *order, bool goods)
{
    return order->tax_inclusive ? 0 : orders_tax_of(order, goods);
}

/* The discount as a share of the subtotal, in basis points, rounded down. */
static int64_t discount_bp(int64_t discount, int64_t subtotal)
{
    while (discount > INT64_MAX / 10000) {
        discount /= 2;
        subtotal /= 2;
    }
    return subtotal > 0 ? discount * 10000 / subtotal : 0;
}

static void member_taxes(orders_json_t *json, const orders_order_t *order)
{
    orders_json_key(json, "split_tax");
    orders_json_begin_array(json);
    for (int i = 0; i < order->of.taxes->nelts; i++) {
        const orders_tax_t *tax = &APR_ARRAY_IDX(order->of.taxes, i, orders_tax_t);
        char rate[ORDERS_MONEY_SIZE + 1];
        apr_size_t length = orders_money_write(rate, tax->rate_bp, 2, false);
        rate[length++] = '%';
        orders_json_begin_object(json);
        orders_json_member_string(json, "key", tax->key);
        orders_json_key(json, "percentage");
        orders_json_string_n(json, rate, length);
        orders_member_amount_text(json, "value", order, tax->amount);
        orders_json_end_object(json);
    }
    orders_json_end_array(json);
}

static void write_variation(orders_json_t *json, const json_t *chosen)
{
    orders_json_begin_object(json);
    orders_json_member_string(json, "attribute",
                              json_string_value(json_object_get(chosen, "attribute")));
    orders_json_member_string(json, "attribute_value",
                              json_string_value(json_object_get(chosen, "name")));
    orders_json_member_string(json, "attribute_code",
                              json_string_value(json_object_get(chosen, "code")));
    orders_json_end_object(json);
}

static void member_variations(orders_json_t *json, const orders_line_t *line)
{
    json_t *attributes = orders_document_json(line->attributes);
    orders_json_key(json, "variations");
    orders_json_begin_array(json);
    for (size_t i = 0; i < json_array_size(attributes); i++) {
        write_variation(json, json_array_get(attributes, i));
    }
    orders_json_end_array(json);
    json_decref(attributes);
}

/* The product's name in the language, or in the more general one that its tag begins with; NULL if there is no translation. */
static const char *translate_name(const json_t *translations, const char *language,
                                  apr_pool_t *pool)
{
    const char *wider = apr_pstrndup(pool, language, strcspn(language, "-_"));
    const json_t *found = json_object_get(translations, language);
    found = found ? found : json_object_get(translations, wider);
    return json_string_value(json_object_get(found, "name"));
}

static void member_product(orders_json_t *json, const orders_line_t *line, const json_t *snapshot,
                           const char *name)
{
    const json_t *id = json_object_get(json_object_get(snapshot, "item"), "id");
    orders_json_member_int(json, "product_id",
                           json_is_integer(id) ? json_integer_value(id) : line->item_id);
    orders_json_key(json, "product");
    orders_json_begin_object(json);
    orders_json_member_string(json, "thumbnail", line->image);
    orders_json_member_string(json, "name", name ? name : line->title);
    member_variations(json, line);
    orders_json_member_int(json, "is_returned", line->returnable);
    orders_json_end_object(json);
}

typedef struct view_t {
    const char *language;
    apr_pool_t *pool;
} view_t;

static void write_line(orders_json_t *json, const orders_order_t *order, const orders_line_t *line,
                       int serial, const view_t *view)
{
    prices_t prices = prices_of(order, line);
    json_t *snapshot = orders_document_json(line->snapshot);
    const char *name = view->language ? translate_name(json_object_get(snapshot, "translations"),
                                                       view->language, view->pool)
                                      : NULL;
    orders_json_begin_object(json);
    orders_json_member_int(json, "serial", serial);
    orders_json_member_int(json, "order_items_id", line->id);
    member_product(json, line, snapshot, name);
    orders_json_member_int(json, "quantity", line->quantity);
    orders_member_amount_text(json, "mrp", order, prices.list);
    orders_member_amount_text(json, "offer_price", order, prices.unit);
    orders_member_amount_text(json, "total_price", order, prices.total);
    orders_json_end_object(json);
    json_decref(snapshot);
}

static void member_lines(orders_json_t *json, const orders_order_t *order, const view_t *view)
{
    int at = 0, serial = 0;
    orders_json_key(json, "order_details");
    orders_json_begin_array(json);
    for (const orders_line_t *line; (line = orders_next_goods(order, &at));) {
        write_line(json, order, line, ++serial, view);
    }
    orders_json_end_array(json);
}

void orders_customer_write_summary(orders_json_t *json, const orders_order_t *order,
                                   const char *language, apr_pool_t *pool)
{
    const view_t view = {language, pool};
    int64_t subtotal = order->subtotal + tax_to_add(order, true);
    orders_json_begin_object(json);
    orders_customer_members_head(json, order);
    orders_customer_members_payment(json, order);
    orders_member_amount(json, "sub_total", order, subtotal);
    orders_member_amount(json, "total_amount", order, order->total);
    orders_member_amount(json, "total_tax", order, order->tax);
    member_taxes(json, order);
    orders_member_amount(json, "delivery_charge", order,
                         order->shipping + tax_to_add(order, false));
    orders_member_amount(json, "discount_rate", order, order->discount);
    orders_json_key(json, "discount_percentage");
    orders_json_decimal(json, discount_bp(order->discount, subtotal), 2);
    member_lines(json, order, &view);
    orders_json_end_object(json);
}
