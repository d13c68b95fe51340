/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Mails: composed (mail_message.c, no I/O) and handed to a mail server by SMTP (mail.c, libcurl). UTF-8 everywhere in,
 * 7-bit lines of at most 76 characters out, but for an address that is longer by itself. Any thread may call.
 *
 * Problems: `mail_unreachable` is temporary (no connection, no time left, a certificate or password that does not fit, a
 * 4xx): send the same mail again later. `mail_refused` is final: this mail will never be taken. Neither has an address, a
 * subject or a body in its texts.
 */
#ifndef ORDERS_MESSAGES_MAIL_H
#define ORDERS_MESSAGES_MAIL_H

#include <apr_pools.h>
#include <apr_time.h>
#include <stdbool.h>

#include "core/problem.h"

/** An OrdersMail. Lives as long as the configuration; read-only at run time. */
typedef struct orders_mailer_t {
    const char *url;       /**< smtp://host:port or smtps://host:port */
    const char *from;      /**< an address */
    const char *from_name; /**< the name beside it, or NULL */
    const char *user;      /**< or NULL: without authentication */
    const char *password;  /**< NULL just when `user` is */
    bool starttls;         /**< of smtp://: nothing is said before the connection is encrypted */
    const char *ca_file;   /**< PEM, or NULL: the system's */
    int timeout_ms;        /**< for the whole call */
} orders_mailer_t;

typedef struct orders_mail_t {
    const char *
        id; /**< the Message-ID before its @: a dot-atom of at most 128, the same for each repeat */
    const char *to;      /**< an address */
    const char *subject; /**< not empty */
    const char *text;
    const char *html; /**< the same for those who like it better, or NULL */
    apr_time_t date;  /**< after 1970 */
} orders_mail_t;

/**
 * The mail as it goes to the server, in `pool`. A header's value with a control character (CR, LF …), bytes that are no
 * UTF-8 and addresses that are none are refused, nothing is mended: `mail_refused`, or `not_configured` where it is the
 * mailer's. Line ends of the bodies (CRLF, LF, CR) become CRLF.
 */
orders_problem_t *orders_mail_compose(const char **message, apr_size_t *length, apr_pool_t *pool,
                                      const orders_mailer_t *mailer,
                                      const orders_mail_t *mail) ORDERS_MUSTCHECK;

/**
 * Sends a mail: NULL once the server has taken it. One connection for each. `stop` (or NULL) is asked at least once a
 * second and ends the call early, as a temporary problem. After a temporary problem the server may have the mail all the
 * same: a repeat has the same Message-ID.
 */
orders_problem_t *orders_mail_send(const orders_mailer_t *mailer, apr_pool_t *pool,
                                   const orders_mail_t *mail, bool (*stop)(void *context),
                                   void *context) ORDERS_MUSTCHECK;

/** NULL, or a sentence that says why `url` is no mailer's: scheme, host, port and nothing else. */
const char *orders_mail_url_check(const char *url);

/** Whether `url`, which orders_mail_url_check accepts, is of this very machine. */
bool orders_mail_url_is_local(const char *url);

#endif
