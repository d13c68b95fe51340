/* SPDX-License-Identifier: Apache-2.0 */
/** Where the log lines of the httpd-free layers go: httpd's error log, at the level of LogLevel. */
#ifndef ORDERS_HTTPD_LOG_H
#define ORDERS_HTTPD_LOG_H

#include <httpd.h>

#include "core/log.h"

/** Lines of a request; usable as long as the request is. */
orders_log_t orders_log_of_request(request_rec *r);
/** Lines of the server's own work. */
orders_log_t orders_log_of_server(server_rec *server);

#endif
