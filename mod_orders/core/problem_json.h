/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Problems as RFC 9457 has them, for the APIs whose specification leaves the shape to us and for errors of httpd itself.
 *
 * `type` is "about:blank" and `title` therefore the status's own phrase; what a client matches on is `code`. Refused
 * fields are in `errors`; a problem's extra members stand beside them.
 */
#ifndef ORDERS_CORE_PROBLEM_JSON_H
#define ORDERS_CORE_PROBLEM_JSON_H

#include "core/call.h"

#define ORDERS_PROBLEM_TYPE "application/problem+json"

/** Writes the object. `status`: 0 for the one of the problem's kind. `request_id` may be NULL. */
void orders_problem_json(orders_json_t *json, const orders_problem_t *problem, int status,
                         const char *request_id);

/** A whole reply: status, content type, body, Retry-After, and WWW-Authenticate with 401. Fits orders_api_t. */
void orders_problem_reply(const orders_call_t *call, const orders_problem_t *problem,
                          orders_reply_t *reply);

#endif
