/* SPDX-License-Identifier: Apache-2.0 */
/** Where the log lines of the httpd-free layers go: httpd's error log, at the level of LogLevel. */
#ifndef ORDERS_HTTPD_LOG_H
#define ORDERS_HTTPD_LOG_H

#include <httpd.h>

#include "core/log.h"
#include "core/problem.h"

/** Begins to count this process's trouble that repeats (ap_hook_child_init). */
void orders_log_child_init(apr_pool_t *pchild, server_rec *main);

/** Lines of a request; usable as long as the request is. */
orders_log_t orders_log_of_request(request_rec *r);
/** Lines of the server's own work. */
orders_log_t orders_log_of_server(server_rec *server);

#endif
