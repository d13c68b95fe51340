/* SPDX-License-Identifier: Apache-2.0 */
/** Connects core/log.h to httpd's error log and LogLevel. */
#ifndef ORDERS_HTTPD_LOG_H
#define ORDERS_HTTPD_LOG_H

#include <httpd.h>

#include "core/log.h"
#include "core/problem.h"

/** For ap_hook_child_init: starts counting repeated errors (core/trouble.h) in this process. */
void orders_log_child_init(apr_pool_t *pchild, server_rec *main);

/** Valid as long as the request. Any thread may use it. */
orders_log_t orders_log_of_request(request_rec *r);
/** For work outside of requests. Valid as long as the configuration. */
orders_log_t orders_log_of_server(server_rec *server);

#endif
