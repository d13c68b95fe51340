/* SPDX-License-Identifier: Apache-2.0 */
/** Declarations of the user API. */
#ifndef ORDERS_API_USER_USER_H
#define ORDERS_API_USER_USER_H

#include "api/common/projection.h"
#include "api/common/request.h"
#include "core/call_input.h"
#include "store/order.h"

/** `status` and `payment_status`, and their values, NULL-terminated. */
extern const orders_projection_t orders_user_status[];
extern const orders_projection_t orders_user_payment_status[];
extern const char *const orders_user_status_values[];
extern const char *const orders_user_payment_status_values[];

/** The names of payment methods in the API, NULL-terminated. */
extern const char *const orders_user_methods[];

typedef struct orders_user_method_t {
    const char *canonical; /**< the method of the schema */
    bool by_channel;       /**< `payment_channel` names the channel; other methods ignore it */
} orders_user_method_t;

/** The payment method with this name in the API; NULL: unknown. */
const orders_user_method_t *orders_user_method(const char *name);

/** The API's name of a payment method of the schema. */
const char *orders_user_method_name(const char *canonical);

/** Restricts the list to orders that the API shows with this payment method. `name` must be a name of the API. */
void orders_user_method_filter(const char *name, orders_own_list_t *list, apr_pool_t *pool);

/** The fields and pages of the routes. */
extern const orders_field_table_t orders_user_list_query;
extern const orders_page_rules_t orders_user_pages;
extern const orders_field_table_t orders_user_create_fields;

orders_problem_t *orders_user_list(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_user_create(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_user_detail(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_user_cancel(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_user_payment_state(orders_call_t *call, orders_reply_t *reply);

/** OrderDetail. */
void orders_user_write_order(orders_json_t *json, const orders_order_t *order, apr_pool_t *pool);
/** UserOrderPaymentStatusResponse. */
void orders_user_write_payment_status(orders_json_t *json, const orders_order_t *order);
/** Responds with a UserOrderResponse and its ETag; `not_found` if `order` is NULL. */
orders_problem_t *orders_user_reply(const orders_call_t *call, const orders_order_t *order,
                                    bool replayed, orders_reply_t *reply) ORDERS_MUSTCHECK;

#endif
