/* SPDX-License-Identifier: Apache-2.0 */
/** The shared memory of the metrics (metrics/metrics.h), and `SetHandler orders-metrics`. */
#ifndef ORDERS_HTTPD_METRICS_H
#define ORDERS_HTTPD_METRICS_H

#include <httpd.h>

#include "httpd/request.h"

/** For ap_hook_post_config: creates the shared memory, or finds that of the configuration before a graceful restart. */
int orders_metrics_open(apr_pool_t *pconf, server_rec *main);

/** For ap_hook_child_init, before orders_sessions_child_init. */
void orders_metrics_child_init(void);

/** Counts the response of an API, once for each request. */
void orders_metrics_count_request(orders_request_t *request, int status);

void orders_metrics_register_hooks(apr_pool_t *pool);

#endif
