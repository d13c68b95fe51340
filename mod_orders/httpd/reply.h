/* SPDX-License-Identifier: Apache-2.0 */
/** Everything that is said back, in one place: headers, status, body, notes for the access log. */
#ifndef ORDERS_HTTPD_REPLY_H
#define ORDERS_HTTPD_REPLY_H

#include "httpd/request.h"

/** An empty reply. */
void orders_reply_init(const orders_request_t *request, orders_reply_t *reply);

/** Headers that every answer has, into r->headers_out. `problem` may be NULL. */
void orders_reply_headers(const orders_request_t *request, const orders_reply_t *reply,
                          const orders_problem_t *problem);

/** The reply's body and an EOS, appended to `brigade`. */
void orders_reply_body(request_rec *r, const orders_reply_t *reply, apr_bucket_brigade *brigade);

/** Sends it, or 304 in its place. What a handler returns. `problem` may be NULL. */
int orders_reply_send(orders_request_t *request, const orders_reply_t *reply,
                      const orders_problem_t *problem);

/** Makes the API's own reply of a problem; logs it. */
void orders_reply_problem(orders_request_t *request, const orders_problem_t *problem,
                          orders_reply_t *reply);

#endif
