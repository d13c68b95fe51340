/* SPDX-License-Identifier: Apache-2.0 */
/** Sends responses: status, headers, body, and the notes for the access log. */
#ifndef ORDERS_HTTPD_REPLY_H
#define ORDERS_HTTPD_REPLY_H

#include "httpd/request.h"

/** Initialises an empty reply with status 200. */
void orders_reply_init(const orders_request_t *request, orders_reply_t *reply);

/** Sets the headers of the reply and those of every response. `problem` may be NULL. */
void orders_reply_headers(const orders_request_t *request, const orders_reply_t *reply,
                          const orders_problem_t *problem);

/** Appends the body and an EOS to `brigade`. The body is not copied: it must live as long as the request's pool. */
void orders_reply_body(request_rec *r, const orders_reply_t *reply, apr_bucket_brigade *brigade);

/**
 * Opens reply->file as request->file, which is closed with the request, and sets request->file_size. Call it before orders_reply_send(), if the
 * reply has a file. Errors: reply->file_missing, or `internal_error`.
 */
orders_problem_t *orders_reply_open_file(orders_request_t *request,
                                         orders_reply_t *reply) ORDERS_MUSTCHECK;

/** Sends the reply, or 304 if If-None-Match matches. Returns the status for httpd's handler hook. `problem` may be NULL. */
int orders_reply_send(orders_request_t *request, const orders_reply_t *reply,
                      const orders_problem_t *problem);

/** Logs the problem and lets the API format it as `reply`. */
void orders_reply_problem(orders_request_t *request, const orders_problem_t *problem,
                          orders_reply_t *reply);

#endif
