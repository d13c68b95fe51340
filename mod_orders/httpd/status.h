/* SPDX-License-Identifier: Apache-2.0 */
/** The section of mod_orders on the page of mod_status. */
#ifndef ORDERS_HTTPD_STATUS_H
#define ORDERS_HTTPD_STATUS_H

#include <apr_pools.h>

void orders_status_register_hooks(apr_pool_t *pool);

#endif
