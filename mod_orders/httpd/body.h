/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ORDERS_HTTPD_BODY_H
#define ORDERS_HTTPD_BODY_H

#include "httpd/request.h"

/**
 * Reads the body into request->call, within the limit and within OrdersBodyTimeout in all, however slowly it drips.
 * `body_too_large` (before a byte is read when the client says its length), `unsupported_media_type` (also for a
 * content encoding that no filter decodes), `request_timeout`, `malformed_request`.
 */
orders_problem_t *orders_body_read(orders_request_t *request) ORDERS_MUSTCHECK;

/**
 * Before an answer: drops the rest of a body that was not read to its end, up to 64 KiB and for half a second, so that the
 * answer goes out and the connection stays. Beyond that, and for a client that still waits for 100 Continue, the connection
 * ends after the answer.
 */
void orders_body_skip(orders_request_t *request);

#endif
