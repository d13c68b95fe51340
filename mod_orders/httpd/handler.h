/* SPDX-License-Identifier: Apache-2.0 */
/** From a request under a mounted API to the dialect's handler and back. */
#ifndef ORDERS_HTTPD_HANDLER_H
#define ORDERS_HTTPD_HANDLER_H

#include <apr_pools.h>

void orders_handler_register_hooks(apr_pool_t *pool);

#endif
