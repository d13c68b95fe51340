/* SPDX-License-Identifier: Apache-2.0 */
/** `httpd -t -D DUMP_ORDERS`: lists the routes of a configuration, for administrators and for tests that request every route. */
#ifndef ORDERS_HTTPD_DUMP_H
#define ORDERS_HTTPD_DUMP_H

#include <httpd.h>

/** For ap_hook_test_config: prints every route of every server to standard output, one per line. */
void orders_dump_routes(apr_pool_t *pconf, server_rec *main);

#endif
