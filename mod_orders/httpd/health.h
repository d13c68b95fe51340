/* SPDX-License-Identifier: Apache-2.0 */
/** The handler `orders-health`: whether this process responds (/live) and whether it can serve requests (/ready). docs/monitoring.md */
#ifndef ORDERS_HTTPD_HEALTH_H
#define ORDERS_HTTPD_HEALTH_H

#include <apr_pools.h>

void orders_health_register_hooks(apr_pool_t *pool);

#endif
