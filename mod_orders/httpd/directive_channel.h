/* SPDX-License-Identifier: Apache-2.0 */
/** OrdersPaymentChannel. */
#ifndef ORDERS_HTTPD_DIRECTIVE_CHANNEL_H
#define ORDERS_HTTPD_DIRECTIVE_CHANNEL_H

#include <httpd.h>

#include <http_config.h>

/** Adds a channel to the server. NULL, or an error message. */
const char *orders_directive_channel(cmd_parms *cmd, void *conf, const char *args);

#endif
