/* SPDX-License-Identifier: Apache-2.0 */
/** Declarations of the customer API. Its status values and names are those of its specification, even if they are unusual. */
#ifndef ORDERS_API_CUSTOMER_CUSTOMER_H
#define ORDERS_API_CUSTOMER_CUSTOMER_H

#include <jansson.h>

#include "api/common/projection.h"
#include "api/common/request.h"
#include "core/call_input.h"
#include "store/buyer.h"

/** `order_status` and `payment_status`. */
extern const orders_projection_t orders_customer_status[];
extern const orders_projection_t orders_customer_payment_status[];

/** The fields and pages of the routes. */
extern const orders_page_rules_t orders_customer_pages;
extern const orders_field_table_t orders_customer_summary_query;
extern const orders_field_table_t orders_customer_return_fields;

/**
 * `refusals` of a route: the name of the member with the HTTP status, in errors and in responses with only a message. Without
 * `refusals` it is `status_code`.
 */
typedef struct orders_customer_refusals_t {
    const char *status_name; /**< NULL: the response does not have the member */
} orders_customer_refusals_t;

orders_problem_t *orders_customer_list(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_customer_tracking(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_customer_summary(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_customer_bill(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_customer_bill_pdf(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_customer_cancel(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_customer_reorder(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_customer_return(orders_call_t *call, orders_reply_t *reply);

/** The id in the path. `not_found` if it is malformed. */
orders_problem_t *orders_customer_id(int64_t *id, const orders_call_t *call) ORDERS_MUSTCHECK;
/** Reads the buyer's order with that id. `not_found`. */
orders_problem_t *orders_customer_read(orders_order_t **order, orders_buyer_view_e view,
                                       const orders_call_t *call) ORDERS_MUSTCHECK;

/** The first members of every entry: id, order_code, bill_no. */
void orders_customer_members_head(orders_json_t *json, const orders_order_t *order);
/** payment_status and payment_type. */
void orders_customer_members_payment(orders_json_t *json, const orders_order_t *order);
/** delivery_date, delivery_day and delivery_delay_status, which is `on_time` unless the delivery is late. */
void orders_customer_members_delivery(orders_json_t *json, const orders_order_t *order,
                                      const char *on_time);

/** An entry of my-orders, the tracking, and the summary with names in `language` (NULL: as they were ordered). */
void orders_customer_write_entry(orders_json_t *json, const orders_order_t *order);
void orders_customer_write_tracking(orders_json_t *json, const orders_order_t *order);
void orders_customer_write_summary(orders_json_t *json, const orders_order_t *order,
                                   const char *language, apr_pool_t *pool);

/**
 * {"success": true, "data": {…}, "message": "Success", "status_code": 200}: between the two calls, the caller writes the members
 * of `data`.
 */
void orders_customer_begin_data(orders_json_t *json);
void orders_customer_end_data(orders_json_t *json);
/** The strings and integers of a JSON array, as "A, B"; NULL if it has none. */
const char *orders_customer_names(const json_t *list, apr_pool_t *pool);
/** A response with only a message; `data` is empty. */
void orders_customer_reply_message(const orders_call_t *call, orders_reply_t *reply,
                                   const char *message);

/** Writes a problem in the format of this API. For orders_api_t. */
void orders_customer_problem(const orders_call_t *call, const orders_problem_t *problem,
                             orders_reply_t *reply);

#endif
