/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Sends many HTTP messages at a time to hosts that users of an API have named, on the thread that drives it.
 *
 * Addresses are checked when a connection is made. They must be public, except a loopback address that the URL contains, and all addresses
 * of a host that is allowed by name. Proxies, including those of the environment, and redirects are not used. Connections are kept for later
 * messages of the same sender. HTTP/1.1 only.
 *
 * A message has arrived when the headers of a reply with a 2xx status have been read. At most ORDERS_HTTP_SENDER_MAX_REPLY bytes of the body
 * of the reply are then read, for at most two seconds, so that the connection can be used again.
 *
 * Used by one thread at a time.
 */
#ifndef ORDERS_NET_HTTP_SENDER_H
#define ORDERS_NET_HTTP_SENDER_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <stdbool.h>

#define ORDERS_HTTP_SENDER_MAX_REPLY 65536
#define ORDERS_HTTP_MAX_RETRY_AFTER 86400

typedef struct orders_http_sender_t orders_http_sender_t;

typedef struct orders_http_sender_rules_t {
    int timeout_ms;                          /**< from the start of a transfer to its status */
    const char *ca_file;                     /**< PEM; NULL: the system's store */
    const apr_array_header_t *allowed_hosts; /**< of const char *, in lower case; or NULL */
} orders_http_sender_rules_t;

/** How a transfer has ended. */
typedef struct orders_http_outcome_t {
    bool arrived;
    int status;        /**< 0: no reply */
    const char *error; /**< NULL if there is a reply; else a constant code such as `timeout` */
    int ms;            /**< duration */
    int retry_after;   /**< seconds, at most ORDERS_HTTP_MAX_RETRY_AFTER; 0: none given */
} orders_http_outcome_t;

typedef void (*orders_http_done_t)(void *context, const orders_http_outcome_t *outcome);

/** A message. URL and body must live until `done` is called, or until the transfers are cancelled. */
typedef struct orders_http_message_t {
    const char *url;            /**< that orders_http_endpoint_check() accepts */
    const apr_table_t *headers; /**< copied */
    const char *body;
    apr_size_t length;
    orders_http_done_t done; /**< called once, by orders_http_sender_drive() */
    void *context;
} orders_http_message_t;

/** Lives as long as `pool`. NULL: libcurl is out of memory. */
orders_http_sender_t *orders_http_sender_create(apr_pool_t *pool,
                                                const orders_http_sender_rules_t *rules);

/** Starts a transfer. False, without a call of `done`, when libcurl is out of memory. May be called from `done`. */
bool orders_http_sender_add(orders_http_sender_t *sender, const orders_http_message_t *message)
    __attribute__((warn_unused_result));

/** Continues all transfers, and calls `done` of those that have ended. Returns after `wait_ms` at the latest, earlier when one has ended. */
void orders_http_sender_drive(orders_http_sender_t *sender, int wait_ms);

/** The number of transfers that have not ended. */
int orders_http_sender_active(const orders_http_sender_t *sender);

/** Ends all transfers at once, without a call of `done`. Their messages may have arrived. */
void orders_http_sender_cancel(orders_http_sender_t *sender);

/** Ends the transfers whose message has this `context`, in the same way. */
void orders_http_sender_cancel_of(orders_http_sender_t *sender, const void *context);

#endif
