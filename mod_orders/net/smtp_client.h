/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Sends messages by SMTP (libcurl). Thread-safe.
 *
 * Problems: `mail_unreachable` is temporary (no connection, timeout, wrong certificate or password, 4xx): the caller may retry.
 * `mail_refused` is final. No text of a problem contains an address.
 */
#ifndef ORDERS_NET_SMTP_CLIENT_H
#define ORDERS_NET_SMTP_CLIENT_H

#include <apr_pools.h>
#include <stdbool.h>

#include "core/problem.h"
#include "net/breaker.h"

/** An OrdersMail. Lives as long as the configuration; read-only at run time. */
typedef struct orders_mailer_t {
    const char *url;           /**< smtp://host:port or smtps://host:port */
    const char *from;          /**< an address */
    const char *from_name;     /**< display name of the sender, or NULL */
    const char *user;          /**< NULL: no authentication */
    const char *password;      /**< NULL if and only if `user` is NULL */
    bool starttls;             /**< smtp:// only: require STARTTLS before MAIL */
    const char *ca_file;       /**< PEM; NULL: the system's store */
    int timeout_ms;            /**< total time of a transfer */
    orders_breaker_t *breaker; /**< its state is per process; NULL: none */
} orders_mailer_t;

/** A message in the format of SMTP: 7-bit, lines end with CRLF. */
typedef struct orders_smtp_message_t {
    const char *to; /**< an address */
    const char *text;
    apr_size_t length;
} orders_smtp_message_t;

typedef struct orders_smtp_caller_t {
    /** Called five times a second, or once while the server does not reply to QUIT; true aborts with a temporary problem. NULL: never. */
    bool (*stop)(void *context);
    void *context;
    const orders_log_t *log; /**< for the circuit breaker; or NULL */
} orders_smtp_caller_t;

/**
 * Sends a message over a separate connection. NULL once the server has accepted it. After a temporary problem the server may have
 * accepted the message. While transfers are suspended, the result is a quiet temporary problem, without a transfer.
 */
orders_problem_t *orders_smtp_send(const orders_mailer_t *mailer, apr_pool_t *pool,
                                   const orders_smtp_message_t *message,
                                   const orders_smtp_caller_t *caller) ORDERS_MUSTCHECK;

/** Accepts smtp:// or smtps:// with host and port, nothing else. NULL, or an error message. */
const char *orders_mail_url_check(const char *url);

/** Whether the host of `url`, which orders_mail_url_check() accepts, is a loopback address. */
bool orders_mail_url_is_local(const char *url);

#endif
