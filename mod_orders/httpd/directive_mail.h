/* SPDX-License-Identifier: Apache-2.0 */
/** OrdersMail. */
#ifndef ORDERS_HTTPD_DIRECTIVE_MAIL_H
#define ORDERS_HTTPD_DIRECTIVE_MAIL_H

#include <httpd.h>

#include <http_config.h>

/** Sets `mailer` of the server. NULL, or an error message. */
const char *orders_directive_mail(cmd_parms *cmd, void *conf, const char *args);

#endif
