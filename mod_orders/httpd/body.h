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
 * For an answer that is given without reading the body: closes the connection after it when reading on would cost more
 * than a new connection.
 */
void orders_body_skip(const orders_request_t *request);

#endif
