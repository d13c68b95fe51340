/* SPDX-License-Identifier: Apache-2.0 */
/** httpd's own refusals under a mounted API, in that API's shape: status and headers stay, the HTML goes. */
#ifndef ORDERS_HTTPD_ERROR_FILTER_H
#define ORDERS_HTTPD_ERROR_FILTER_H

#include <apr_pools.h>

void orders_error_filter_register_hooks(apr_pool_t *pool);

#endif
