/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Composes mails and sends them (net/smtp_client.h). Input is UTF-8; output is 7-bit with lines of at most 76 characters, unless a
 * single address is longer. Thread-safe.
 *
 * Problems: `mail_unreachable` is temporary (no connection, timeout, wrong certificate or password, 4xx): the caller may retry.
 * `mail_refused` is final. No text of a problem contains an address, a subject or a body.
 */
#ifndef ORDERS_MESSAGES_MAIL_H
#define ORDERS_MESSAGES_MAIL_H

#include <apr_pools.h>
#include <apr_time.h>
#include <stdbool.h>

#include "core/problem.h"
#include "net/smtp_client.h"

typedef struct orders_mail_t {
    const char *
        id; /**< local part of the Message-ID: a dot-atom of at most 128 characters, the same for each retry */
    const char *to;      /**< an address */
    const char *subject; /**< not empty */
    const char *text;
    const char *html; /**< alternative to `text`, or NULL */
    apr_time_t date;  /**< must be after 1970 */
} orders_mail_t;

/**
 * Composes the message in `pool`. Control characters in headers, invalid UTF-8 and malformed addresses are not corrected: `mail_refused`, or
 * `not_configured` if the value comes from the mailer. Line ends of the bodies (CRLF, LF, CR) become CRLF.
 */
orders_problem_t *orders_mail_compose(const char **message, apr_size_t *length, apr_pool_t *pool,
                                      const orders_mailer_t *mailer,
                                      const orders_mail_t *mail) ORDERS_MUSTCHECK;

/**
 * Sends a mail over a separate connection, as orders_smtp_send. NULL once the server has accepted it. After a temporary problem the server
 * may have accepted the mail; a retry has the same Message-ID.
 */
orders_problem_t *orders_mail_send(const orders_mailer_t *mailer, apr_pool_t *pool,
                                   const orders_mail_t *mail,
                                   const orders_smtp_caller_t *caller) ORDERS_MUSTCHECK;

#endif
