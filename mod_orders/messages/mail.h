/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Mail: composing a message (mail_message.c, no I/O) and sending it by SMTP (mail.c, libcurl). Input is UTF-8; output is 7-bit with lines of at
 * most 76 characters, unless a single address is longer. Thread-safe.
 *
 * Problems: `mail_unreachable` is temporary (no connection, timeout, wrong certificate or password, 4xx): retry later.
 * `mail_refused` is final. No text of a problem contains an address, a subject or a body.
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
    const char *from_name; /**< display name of the sender, or NULL */
    const char *user;      /**< NULL: no authentication */
    const char *password;  /**< NULL if and only if `user` is NULL */
    bool starttls;         /**< smtp:// only: require STARTTLS before MAIL */
    const char *ca_file;   /**< PEM; NULL: the system's store */
    int timeout_ms;        /**< total time of a transfer */
} orders_mailer_t;

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
 * Composes the message in `pool`. Control characters in headers, invalid UTF-8 and malformed addresses are refused, not corrected: `mail_refused`, or
 * `not_configured` when the value comes from the mailer. Line ends of the bodies (CRLF, LF, CR) become CRLF.
 */
orders_problem_t *orders_mail_compose(const char **message, apr_size_t *length, apr_pool_t *pool,
                                      const orders_mailer_t *mailer,
                                      const orders_mail_t *mail) ORDERS_MUSTCHECK;

/**
 * Sends a mail over a connection of its own. NULL once the server has accepted it. `stop` (or NULL) is called at least once per second; true
 * aborts with a temporary problem. After a temporary problem the server may have accepted the mail; a retry has the same Message-ID.
 */
orders_problem_t *orders_mail_send(const orders_mailer_t *mailer, apr_pool_t *pool,
                                   const orders_mail_t *mail, bool (*stop)(void *context),
                                   void *context) ORDERS_MUSTCHECK;

/** Accepts smtp:// or smtps:// with host and port, nothing else. NULL, or an error message. */
const char *orders_mail_url_check(const char *url);

/** Whether the host of `url`, which orders_mail_url_check() accepts, is a loopback address. */
bool orders_mail_url_is_local(const char *url);

#endif
