/* SPDX-License-Identifier: Apache-2.0 */
/* The shop API: goods and their prices. Prices are net; the tax is a separate member. */
#include <string.h>

#include "api/common/goods.h"
#include "api/common/members.h"
#include "api/shop/shop.h"
#include "core/number.h"
#include "core/text.h"

#define UUID_SIZE 16

const orders_line_t *orders_shop_first_item(const orders_order_t *order)
{
    int at = 0;
    return orders_next_goods(order, &at);
}

int64_t orders_shop_item_count(const orders_order_t *order)
{
    int64_t count = 0;
    int at = 0;
    for (const orders_line_t *line; (line = orders_next_goods(order, &at));) {
        count += line->quantity;
    }
    return count;
}

static int64_t net_subtotal(const orders_order_t *order, const orders_line_t *line)
{
    return order->tax_inclusive ? line->subtotal - line->tax : line->subtotal;
}

/* If prices include tax, the net price of an item is its share of the net subtotal, rounded down. The subtotal is exact. */
static int64_t net_unit_price(const orders_order_t *order, const orders_line_t *line)
{
    return order->tax_inclusive && line->quantity > 0 ? net_subtotal(order, line) / line->quantity
                                                      : line->unit_price;
}

/* Lines have no UUID in the schema: it is derived from the order's UUID and the id of the line. */
static void member_item_id(orders_json_t *json, const orders_order_t *order,
                           const orders_line_t *line)
{
    char of[UUID_SIZE + ORDERS_NUMBER_SIZE] = {0};
    if (order->public_id) {
        memcpy(of, order->public_id, UUID_SIZE);
    }
    apr_size_t length = UUID_SIZE + orders_number_write_int(of + UUID_SIZE, line->id);
    orders_member_uuid_of(json, "id", "item", of, length);
}

/* The reference of the product if it is a UUID, else a UUID derived from it. */
static void member_product_id(orders_json_t *json, const orders_line_t *line)
{
    if (!line->product || orders_text_is_uuid(line->product)) {
        orders_json_member_string(json, "productId", line->product);
    } else {
        orders_member_uuid_of(json, "productId", "product", line->product, strlen(line->product));
    }
}

static void write_item(orders_json_t *json, const orders_order_t *order, const orders_line_t *line)
{
    orders_json_begin_object(json);
    member_item_id(json, order, line);
    member_product_id(json, line);
    orders_json_member_string(json, "productTitle", line->title);
    orders_json_member_string(json, "productSlug", line->slug);
    orders_json_member_string(json, "variantName", line->variant);
    orders_json_member_int(json, "qty", line->quantity);
    orders_json_member_int(json, "unitPrice", net_unit_price(order, line));
    orders_json_member_int(json, "subtotal", net_subtotal(order, line));
    orders_json_member_string(json, "imageUrl", line->image);
    orders_json_end_object(json);
}

void orders_shop_member_items(orders_json_t *json, const orders_order_t *order)
{
    int at = 0;
    orders_json_key(json, "items");
    orders_json_begin_array(json);
    for (const orders_line_t *line; (line = orders_next_goods(order, &at));) {
        write_item(json, order, line);
    }
    orders_json_end_array(json);
}

/* The tax to subtract from the goods lines, or from all other lines; 0 if the prices exclude it. */
static int64_t tax_to_subtract(const orders_order_t *order, bool goods)
{
    return order->tax_inclusive ? orders_tax_of(order, goods) : 0;
}

/* subtotal − discount + tax + shipping = total, whether or not the order's prices include tax. */
void orders_shop_member_pricing(orders_json_t *json, const orders_order_t *order)
{
    orders_json_key(json, "pricing");
    orders_json_begin_object(json);
    orders_json_member_int(json, "subtotal", order->subtotal - tax_to_subtract(order, true));
    orders_json_member_int(json, "discount", order->discount);
    orders_json_member_int(json, "tax", order->tax);
    orders_json_member_int(json, "shipping", order->shipping - tax_to_subtract(order, false));
    orders_json_member_int(json, "total", order->total);
    orders_json_end_object(json);
}
