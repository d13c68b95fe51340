/* SPDX-License-Identifier: Apache-2.0 */
/** What the files of the company API share: its words, its shapes, and how a request says who it is. */
#ifndef ORDERS_API_COMPANY_COMPANY_H
#define ORDERS_API_COMPANY_COMPANY_H

#include "api/common/projection.h"
#include "api/common/request.h"
#include "core/call.h"
#include "store/views.h"

/** `order_status` and `payment_status`. */
extern const orders_projection_t orders_company_order_status[];
extern const orders_projection_t orders_company_payment_status[];

/**
 * Reads the body (JSON or form), or the query of a GET. Where a key is needed and there is none, neither as `api_key` of
 * a body nor in `Authorization`: `required_field`. Whose it is comes after the other required fields: orders_company_identify.
 */
orders_problem_t *orders_company_read(orders_call_t *call, orders_input_t **input) ORDERS_MUSTCHECK;
/** Sets call->identity by that key. `unauthenticated`, `forbidden`. */
orders_problem_t *orders_company_identify(orders_call_t *call,
                                          const orders_input_t *input) ORDERS_MUSTCHECK;
/** The required text `name` (a number counts as its digits), or NULL: not there, empty, of another type or too long. */
const char *orders_company_text(const orders_input_t *input, const char *name, apr_pool_t *pool);

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
orders_problem_t *orders_company_lack(orders_problem_t *problem, const orders_call_t *call,
                                      const char *name);

/** The same for routes that have no word for it: `problem` as `error`. Any other problem stays what it is. */
orders_problem_t *orders_company_lack_as(orders_problem_t *problem, orders_error_e error);

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
