/* SPDX-License-Identifier: Apache-2.0 */
/** OrdersMail: the mail server, and how it is talked to. */
#ifndef ORDERS_HTTPD_DIRECTIVE_MAIL_H
#define ORDERS_HTTPD_DIRECTIVE_MAIL_H

#include <httpd.h>

#include <http_config.h>

/** Reads the raw arguments into the server's `mailer`; NULL, or a sentence. */
const char *orders_directive_mail(cmd_parms *cmd, void *conf, const char *args);

#endif
