/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ORDERS_HTTPD_BODY_H
#define ORDERS_HTTPD_BODY_H

#include "httpd/request.h"

/**
 * Reads the body into request->call, within the limit and within OrdersBodyTimeout in all, however slowly it drips.
 * `body_too_large` (before a byte is read when the client says its length), `unsupported_media_type`,
 * `request_timeout`, `malformed_request`.
 */
orders_problem_t *orders_body_read(orders_request_t *request) ORDERS_MUSTCHECK;

/**
 * Before an answer: with a body that has not been read to its end, the connection ends after the answer. httpd would
 * otherwise wait for the rest before the answer goes out.
 */
void orders_body_skip(const orders_request_t *request);

#endif
