/* SPDX-License-Identifier: Apache-2.0 */
/** `httpd -t -D DUMP_ORDERS`: what a configuration serves, for administrators and for tests that visit every route. */
#ifndef ORDERS_HTTPD_DUMP_H
#define ORDERS_HTTPD_DUMP_H

#include <httpd.h>

/** A test_config hook: prints every route of every server to standard output, one line each. */
void orders_dump_routes(apr_pool_t *pconf, server_rec *main);

#endif
