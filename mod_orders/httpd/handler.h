/* SPDX-License-Identifier: Apache-2.0 */
/** httpd's hooks around a request of an API: from its path to the handler of the API and to the reply. */
#ifndef ORDERS_HTTPD_HANDLER_H
#define ORDERS_HTTPD_HANDLER_H

#include <apr_pools.h>

void orders_handler_register_hooks(apr_pool_t *pool);

#endif
