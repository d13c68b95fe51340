/* SPDX-License-Identifier: Apache-2.0 */
/** What the files of the company API share: its words, its shapes, and how a request says who it is. */
#ifndef ORDERS_API_COMPANY_COMPANY_H
#define ORDERS_API_COMPANY_COMPANY_H

#include "api/common/projection.h"
#include "api/common/request.h"
#include "core/call_input.h"
#include "store/views.h"

/** `order_status` and `payment_status`. */
extern const orders_projection_t orders_company_order_status[];
extern const orders_projection_t orders_company_payment_status[];

/** The fields of all routes. A route decodes those of its table; the others stay as they are. */
typedef struct orders_company_body_t {
    const char *order_number, *transaction_id, *cart_id, *type, *email;
    int64_t page, limit;
} orders_company_body_t;

/**
 * Parses the body, or the query of a GET. Where a key is needed and there is none, neither as `api_key` of a body nor in
 * `Authorization`: `required_field`. Whose key it is comes after the required fields: orders_company_identify.
 */
orders_problem_t *orders_company_read(orders_call_t *call, orders_input_t **input) ORDERS_MUSTCHECK;
/** Decodes the fields of the route. `required_field` with all fields that are missing or have a value that is not valid. */
orders_problem_t *orders_company_fields(const orders_call_t *call, const orders_input_t *input,
                                        orders_company_body_t *body) ORDERS_MUSTCHECK;
/** Sets call->identity by that key. `unauthenticated`, `forbidden`. */
orders_problem_t *orders_company_identify(orders_call_t *call,
                                          const orders_input_t *input) ORDERS_MUSTCHECK;

/** What the routes read. */
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
/** The words of `type`, NULL-terminated. */
extern const char *const orders_company_types[];

/** A word of the specification for a refusal; where the states of the order are the reason, a projection has the word. */
typedef struct orders_company_word_t {
    orders_error_e error;
    const char *word;
    const orders_projection_t *state; /**< by the states that the refusal names; or NULL */
} orders_company_word_t;

/** `refusals` of a route. */
typedef struct orders_company_refusals_t {
    const char *otherwise; /**< for whatever else is wrong with the request */
    const orders_company_word_t *words;
    size_t count;
    bool page; /**< refusals are pages for people, without words */
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

/** A problem that names the order's states, for refusals that this API has a word for. */
orders_problem_t *orders_company_refuse_state(apr_pool_t *pool, orders_error_e error,
                                              const orders_order_t *order);

/** The API's own shape of a problem. */
void orders_company_problem(const orders_call_t *call, const orders_problem_t *problem,
                            orders_reply_t *reply);

/** The API's word for how an order is paid. */
const char *orders_company_method(const orders_order_t *order);
/** The transaction that paid the order, or NULL. */
const char *orders_company_transaction(const orders_order_t *order);

/** An entry of the list, the whole detail, and what a consumer sees. */
void orders_company_write_entry(orders_json_t *json, const orders_order_t *order);
void orders_company_write_detail(orders_json_t *json, const orders_order_t *order,
                                 const orders_call_t *call);
void orders_company_write_partial(orders_json_t *json, const orders_order_t *order);
/** {"id", "name"} of the retailer; null without one. */
void orders_company_member_retailer(orders_json_t *json, const orders_order_t *order);

/**
 * What the order's code shows: the consumer's page of the order, or the pay link. NULL for orders that have none;
 * `not_configured` when the server does not know how it is reached, or has no secret.
 */
orders_problem_t *orders_company_code_url(const char **url, const orders_call_t *call,
                                          const orders_order_t *order) ORDERS_MUSTCHECK;

/**
 * `required_field` about a parameter that is missing, empty, or of another type or word; added to `problem` unless that is NULL.
 * The words of the specification do not name it: a header of the answer and the log do.
 */
orders_problem_t *orders_company_missing_field(orders_problem_t *problem, const orders_call_t *call,
                                               const char *name);

/** The same for routes whose specification has no error for it: replaces `required_field` by `error`. Other problems are not changed. */
orders_problem_t *orders_company_replace_missing(orders_problem_t *problem, orders_error_e error);

/** Writes an empty object, as some routes answer. */
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
