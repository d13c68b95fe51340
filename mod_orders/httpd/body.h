/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ORDERS_HTTPD_BODY_H
#define ORDERS_HTTPD_BODY_H

#include "httpd/request.h"

/**
 * Reads the whole body into request->call. OrdersBodyTimeout limits the time for the whole body, not for a read. Errors: `body_too_large`
 * (before a byte is read if Content-Length is too large), `unsupported_media_type` (also for a content encoding that no filter
 * decodes), `request_timeout`, `malformed_request`.
 */
orders_problem_t *orders_body_read(orders_request_t *request) ORDERS_MUSTCHECK;

/**
 * Call it before a response. Discards the unread rest of the body, up to 64 KiB and for at most 500 ms, so that the connection can stay
 * open. If the rest is longer or slower, or the client waits for 100 Continue, the connection is closed after the response.
 */
void orders_body_discard(orders_request_t *request);

#endif
