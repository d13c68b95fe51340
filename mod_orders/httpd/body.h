/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ORDERS_HTTPD_BODY_H
#define ORDERS_HTTPD_BODY_H

#include "httpd/request.h"

/**
 * Reads the whole body into request->call. OrdersBodyTimeout is the limit for the body, not for each read. Errors: `body_too_large`
 * (before a byte is read if Content-Length is too large), `unsupported_media_type` (also for a content encoding that no filter
 * decodes), `request_timeout`, `malformed_request`.
 */
orders_problem_t *orders_body_read(orders_request_t *request) ORDERS_MUSTCHECK;

/**
 * To be called before an answer: discards the unread rest of the body, up to 64 KiB and for at most 500 ms, so that the connection
 * stays open. A longer or slower rest closes the connection after the answer, and so does a client that waits for 100 Continue.
 */
void orders_body_discard(orders_request_t *request);

#endif
