/* SPDX-License-Identifier: Apache-2.0 */
/**
 * OrdersPaymentChannel: a name, and options for its provider.
 */
#ifndef ORDERS_HTTPD_DIRECTIVE_CHANNEL_H
#define ORDERS_HTTPD_DIRECTIVE_CHANNEL_H

#include <httpd.h>

#include <http_config.h>

/** Adds a channel to the server's. NULL, or a sentence that says what would be right. */
const char *orders_directive_channel(cmd_parms *cmd, void *conf, const char *args);

#endif
