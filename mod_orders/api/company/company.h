/* SPDX-License-Identifier: Apache-2.0 */
/** Declarations of the company API. */
#ifndef ORDERS_API_COMPANY_COMPANY_H
#define ORDERS_API_COMPANY_COMPANY_H

#include "api/common/projection.h"
#include "api/common/request.h"
#include "core/call_input.h"
#include "store/views.h"

/** `order_status` and `payment_status`. */
extern const orders_projection_t orders_company_order_status[];
extern const orders_projection_t orders_company_payment_status[];

/** The fields of all routes. A route decodes those of its table; the other members do not change. */
typedef struct orders_company_body_t {
    const char *order_number, *transaction_id, *cart_id, *type, *email;
    int64_t page, limit;
} orders_company_body_t;

/**
 * Parses the body, or the query of a GET. `required_field` if a key is needed and neither `api_key` of the body nor
 * `Authorization` has one. orders_company_identify() checks the key later, after the required fields.
 */
orders_problem_t *orders_company_read(orders_call_t *call, orders_input_t **input) ORDERS_MUSTCHECK;
/** Decodes the fields of the route. `required_field` with all fields that are missing or have a value that is not valid. */
orders_problem_t *orders_company_fields(const orders_call_t *call, const orders_input_t *input,
                                        orders_company_body_t *body) ORDERS_MUSTCHECK;
/** Sets call->identity by the key of the request. `unauthenticated`, `forbidden`. */
orders_problem_t *orders_company_identify(orders_call_t *call,
                                          const orders_input_t *input) ORDERS_MUSTCHECK;

/** The fields of the routes. */
extern const orders_field_table_t orders_company_list_fields;
extern const orders_field_table_t orders_company_create_fields;
extern const orders_field_table_t orders_company_payment_fields;
extern const orders_field_table_t orders_company_refund_fields;
extern const orders_field_table_t orders_company_order_fields; /**< the order's number only */
extern const orders_field_table_t orders_company_send_fields;
extern const orders_field_table_t orders_company_edit_fields;
/** The object field of order/edit, and its members. */
#define ORDERS_COMPANY_ADDRESS "billing_address"
extern const orders_field_table_t orders_company_address;
#define ORDERS_COMPANY_MAX_ENTRIES 500
/** The values of `type`, NULL-terminated. */
extern const char *const orders_company_types[];

/** `name`: the `error_name` of the specification for an error. If it depends on the states of the order, `state` has it. */
typedef struct orders_company_error_t {
    orders_error_e error;
    const char *name;
    const orders_projection_t *state; /**< by the states in the problem; or NULL */
} orders_company_error_t;

/** `refusals` of a route. */
typedef struct orders_company_refusals_t {
    const char *otherwise; /**< for all other errors of a request */
    const orders_company_error_t *errors;
    size_t count;
    bool page; /**< errors are HTML pages, without an error name */
} orders_company_refusals_t;

extern const orders_company_refusals_t orders_company_list_refusals;
extern const orders_company_refusals_t orders_company_create_refusals;
extern const orders_company_refusals_t orders_company_payment_refusals;
extern const orders_company_refusals_t orders_company_cancel_refusals;
extern const orders_company_refusals_t orders_company_refund_refusals;
extern const orders_company_refusals_t orders_company_query_refusals;
extern const orders_company_refusals_t orders_company_detail_refusals;
extern const orders_company_refusals_t orders_company_send_refusals;
extern const orders_company_refusals_t orders_company_result_refusals;
extern const orders_company_refusals_t orders_company_partial_refusals;
extern const orders_company_refusals_t orders_company_confirm_refusals;
extern const orders_company_refusals_t orders_company_edit_refusals;
extern const orders_company_refusals_t orders_company_invoice_refusals;
extern const orders_company_refusals_t orders_company_page_refusals;

/** A problem with the states of the order, on which the error name depends. */
orders_problem_t *orders_company_refuse_state(apr_pool_t *pool, orders_error_e error,
                                              const orders_order_t *order);

/** Writes a problem in the format of this API. */
void orders_company_problem(const orders_call_t *call, const orders_problem_t *problem,
                            orders_reply_t *reply);

/** The API's name of the payment method of an order. */
const char *orders_company_method(const orders_order_t *order);
/** The transaction that paid the order, or NULL. */
const char *orders_company_transaction(const orders_order_t *order);

/** An entry of the list, the detail, and the order as a consumer sees it before claiming it. */
void orders_company_write_entry(orders_json_t *json, const orders_order_t *order);
void orders_company_write_detail(orders_json_t *json, const orders_order_t *order,
                                 const orders_call_t *call);
void orders_company_write_partial(orders_json_t *json, const orders_order_t *order);
/** {"id", "name"} of the retailer; null without one. */
void orders_company_member_retailer(orders_json_t *json, const orders_order_t *order);

/**
 * The URL in the QR code of an order: the order for a consumer, or the pay link. NULL if the order has no code.
 * `not_configured` without OrdersPublicURL, or without OrdersSecretFile for a pay link.
 */
orders_problem_t *orders_company_code_url(const char **url, const orders_call_t *call,
                                          const orders_order_t *order) ORDERS_MUSTCHECK;

/**
 * Adds a parameter that is missing or not valid to `problem`, or to a new `required_field` problem if that is NULL. The response
 * names the parameter in a header, because the error names of the specification do not; the log names it too.
 */
orders_problem_t *orders_company_missing_field(orders_problem_t *problem, const orders_call_t *call,
                                               const char *name);

/**
 * For routes whose specification has no error for a missing field: replaces `required_field` by `error`. Other problems do not
 * change.
 */
orders_problem_t *orders_company_replace_missing(orders_problem_t *problem, orders_error_e error);

/** An empty object, which is the response of some routes. */
void orders_company_reply_empty(const orders_call_t *call, orders_reply_t *reply);

orders_problem_t *orders_company_list(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_company_create(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_company_payment(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_company_cancel(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_company_refund(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_company_refund_query(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_company_detail(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_company_invoice(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_company_send_link(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_company_result(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_company_partial(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_company_confirm(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_company_edit(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_company_pay_page(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_company_pay(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_company_return_page(orders_call_t *call, orders_reply_t *reply);
orders_problem_t *orders_company_cancel_page(orders_call_t *call, orders_reply_t *reply);

#endif
