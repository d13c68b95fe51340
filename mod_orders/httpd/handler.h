/* SPDX-License-Identifier: Apache-2.0 */
/** The hooks that route a request to the handler of an API and send the response. */
#ifndef ORDERS_HTTPD_HANDLER_H
#define ORDERS_HTTPD_HANDLER_H

#include <apr_pools.h>

void orders_handler_register_hooks(apr_pool_t *pool);

#endif
