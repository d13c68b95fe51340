/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Problem details (RFC 9457), for APIs whose specification defines no error format, and for errors of httpd itself.
 *
 * `type` is "about:blank" and `title` the phrase of the status; clients match on `code`. Refused
 * fields are in `errors`; extra members of a problem follow.
 */
#ifndef ORDERS_CORE_PROBLEM_JSON_H
#define ORDERS_CORE_PROBLEM_JSON_H

#include "core/call.h"

#define ORDERS_PROBLEM_TYPE "application/problem+json"

/** Writes the object. `status` 0: the status of the problem. `request_id` may be NULL. */
void orders_problem_json(orders_json_t *json, const orders_problem_t *problem, int status,
                         const char *request_id);

/** Fills in the reply: status, content type, body, Retry-After, and WWW-Authenticate for 401. A handler for orders_api_t.problem. */
void orders_problem_reply(const orders_call_t *call, const orders_problem_t *problem,
                          orders_reply_t *reply);

#endif
