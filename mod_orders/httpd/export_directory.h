/* SPDX-License-Identifier: Apache-2.0 */
/** The directory of OrdersExportDirectory. */
#ifndef ORDERS_HTTPD_EXPORT_DIRECTORY_H
#define ORDERS_HTTPD_EXPORT_DIRECTORY_H

#include <apr_pools.h>

/** Whether the child processes can use the directory: NULL, or what is wrong with it and what to do. */
const char *orders_export_directory_check(apr_pool_t *pool, const char *directory);

#endif
