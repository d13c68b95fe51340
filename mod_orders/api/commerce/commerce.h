/* SPDX-License-Identifier: Apache-2.0 */
/** Declarations of the commerce API. Its status values, names and messages are those of its specification, even if they are unusual. */
#ifndef ORDERS_API_COMMERCE_COMMERCE_H
#define ORDERS_API_COMMERCE_COMMERCE_H

#include "api/common/projection.h"
#include "api/common/request.h"
#include "core/call_input.h"
#include "store/views.h"

/** `status`. */
extern const orders_projection_t orders_commerce_status[];
/** `order_type`, which lists can be filtered by; NULL-terminated. */
extern const char *const orders_commerce_categories[];
/** The keywords and patterns that are valid for `period` of a list; NULL-terminated. */
extern const char *const orders_commerce_periods[];

/** The fields of the routes. */
extern const orders_field_table_t orders_commerce_create_fields;
extern const orders_field_table_t orders_commerce_upgrade_fields;
extern const orders_field_table_t orders_commerce_list_fields;
extern const orders_field_table_t orders_commerce_detail_fields;
extern const orders_page_rules_t orders_commerce_pages;

/** The field and the message for a rule that an order breaks. %s is replaced with the value of the rule. */
typedef struct orders_commerce_message_t {
    const char *rule, *field, *message;
} orders_commerce_message_t;

/** `refusals` of a route, in addition to those of all routes. */
typedef struct orders_commerce_refusals_t {
    const orders_commerce_message_t *messages;
    size_t count;
} orders_commerce_refusals_t;

extern const orders_commerce_refusals_t orders_commerce_create_refusals;
extern const orders_commerce_refusals_t orders_commerce_upgrade_refusals;

orders_problem_t *orders_commerce_create(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_commerce_upgrade(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_commerce_list(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_commerce_detail(orders_call_t *call, orders_reply_t *reply);

/**
 * Authentication, before the body is read: sets call->application from the header `apikey` and call->identity from Authorization.
 * Without Authorization, an application that may act for its users is the identity itself. `unauthenticated` with the header as
 * field.
 */
orders_problem_t *orders_commerce_authenticate(orders_call_t *call) ORDERS_MUSTCHECK;
/** The user that `uid` names; NULL if the caller may not act for it. An authenticated user needs no `uid`. */
const char *orders_commerce_member(const orders_call_t *call, const char *uid);
/**
 * Parses the body. A body that begins with `{` is read as JSON if its type is that of a form or missing. An empty body is an empty
 * object, whatever its type.
 */
orders_problem_t *orders_commerce_body(orders_input_t **input,
                                       orders_call_t *call) ORDERS_MUSTCHECK;
/** Reads the fields of the route and the page size from the query and the body. */
orders_problem_t *orders_commerce_query(orders_input_t **input,
                                        orders_call_t *call) ORDERS_MUSTCHECK;
/** Refuses the field `uid`. */
void orders_commerce_refuse_member(orders_problem_t **problem, apr_pool_t *pool);

/**
 * A period in the time zone of the tenant: the current `unit`, or the days from `from` to before `to`. `to` is NULL if it is
 * after the year 9999.
 */
typedef struct orders_commerce_period_t {
    const char *unit;      /**< day, week (from Monday), month or year; NULL: the days below */
    const char *from, *to; /**< YYYY-MM-DD */
} orders_commerce_period_t;

/** Parses a keyword, a month or a range of days, which includes its last day. False: the text is not a period. */
bool orders_commerce_period(orders_commerce_period_t *period, const char *text,
                            apr_pool_t *pool) ORDERS_MUSTCHECK;

/** {"status_code", "errors", "data": …}: between the two calls, the caller writes the value of `data`. */
void orders_commerce_begin(orders_json_t *json);
void orders_commerce_end(orders_json_t *json);
/** The order in the response to placing it. */
void orders_commerce_write_placed(orders_json_t *json, const orders_order_t *order);
/** An entry of all-orders. `member`: the reference of the user. */
void orders_commerce_write_entry(orders_json_t *json, const orders_order_t *order,
                                 const char *member, apr_pool_t *pool);
/** The lines that make up the order's total, as an array. */
void orders_commerce_write_lines(orders_json_t *json, const orders_order_t *order);

/** {"status_code", "error_type", "errors": {field: [messages]}, "data"}. Fits orders_api_t. */
void orders_commerce_problem(const orders_call_t *call, const orders_problem_t *problem,
                             orders_reply_t *reply);

#endif
