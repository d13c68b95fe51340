/* SPDX-License-Identifier: Apache-2.0 */
/** The line that the log has for each start and restart: what this server serves. */
#ifndef ORDERS_HTTPD_START_LINE_H
#define ORDERS_HTTPD_START_LINE_H

#include <httpd.h>

/** For ap_hook_post_config, second pass. Without an API, nothing is logged. */
void orders_start_line_write(apr_pool_t *ptemp, server_rec *main);

#endif
