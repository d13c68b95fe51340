/* SPDX-License-Identifier: Apache-2.0 */
/** Declarations of the shop API. */
#ifndef ORDERS_API_SHOP_SHOP_H
#define ORDERS_API_SHOP_SHOP_H

#include "api/common/projection.h"
#include "api/common/request.h"
#include "core/call_input.h"
#include "store/views.h"

/** `status` and `payment.status`. */
extern const orders_projection_t orders_shop_status[];
extern const orders_projection_t orders_shop_payment_status[];

/** The language of labels if a request accepts no other available language. */
#define ORDERS_SHOP_LANGUAGE "id"

/** The labels for a response, in the languages of the request, and the languages of the labels that it uses. */
typedef struct orders_shop_view_t {
    apr_pool_t *pool;
    const apr_array_header_t *labels; /**< of orders_label_t */
    apr_array_header_t *languages;    /**< of const char *: the tags of the used labels */
} orders_shop_view_t;

orders_shop_view_t orders_shop_view(apr_pool_t *pool, const apr_array_header_t *labels);
/** The label of a value, or the value itself if it has none. */
const char *orders_shop_label(const orders_shop_view_t *view, const char *kind, const char *value);

extern const orders_page_rules_t orders_shop_pages;

orders_problem_t *orders_shop_list(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_shop_detail(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_shop_cancel(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_shop_shipment(orders_call_t *call, orders_reply_t *reply);

/** An entry of the list. */
void orders_shop_write_entry(orders_json_t *json, const orders_order_t *order,
                             const orders_shop_view_t *view);
/** The order with all its members. */
void orders_shop_write_order(orders_json_t *json, const orders_order_t *order,
                             const orders_shop_view_t *view);
/** The shipment of a shipped order, with its tracking events. */
void orders_shop_write_shipment(orders_json_t *json, const orders_order_t *order,
                                const orders_shop_view_t *view);
/** An array of the statuses that the order has had, each with the time of the change. */
void orders_shop_write_history(orders_json_t *json, const orders_order_t *order);

/** `items` and `pricing`. Their prices are net, even if the order's prices include tax. */
void orders_shop_member_items(orders_json_t *json, const orders_order_t *order);
void orders_shop_member_pricing(orders_json_t *json, const orders_order_t *order);
/** The first goods line, and the quantity of all goods lines. */
const orders_line_t *orders_shop_first_item(const orders_order_t *order);
int64_t orders_shop_item_count(const orders_order_t *order);

/** {"error": {"code", "message", "details"}}. Fits orders_api_t. */
void orders_shop_problem(const orders_call_t *call, const orders_problem_t *problem,
                         orders_reply_t *reply);

#endif
