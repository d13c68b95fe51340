/* SPDX-License-Identifier: Apache-2.0 */
/**
 * HTTP client on libcurl with bounded time and reply size. Follows no redirects, speaks no other protocols, verifies certificates.
 * Connections are kept for later calls of the same process. Thread-safe.
 */
#ifndef ORDERS_NET_HTTP_CLIENT_H
#define ORDERS_NET_HTTP_CLIENT_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <stdbool.h>

#define ORDERS_HTTP_MAX_REPLY 65536

typedef struct orders_http_request_t {
    const char *url;
    const apr_table_t *headers;
    const char *body; /**< sent by POST; NULL: GET */
    apr_size_t length;
    int timeout_ms;       /**< total time of the call */
    const char *ca_file;  /**< PEM; NULL: the system's store */
    apr_size_t max_reply; /**< longest body of the reply; 0: ORDERS_HTTP_MAX_REPLY */
    /** Called several times a second during the call; true aborts it. NULL: only the timeout ends the call. */
    bool (*cancelled)(void *context);
    void *context;
} orders_http_request_t;

typedef struct orders_http_reply_t {
    long status;
    const char *body; /**< NUL-terminated, at most `max_reply` bytes */
    apr_size_t length;
} orders_http_reply_t;

/** Makes the call. NULL, or why there is no complete reply: an error message, for the log only. The reply lives in `pool`. */
const char *orders_http_call(const orders_http_request_t *request, orders_http_reply_t *reply,
                             apr_pool_t *pool);

/** Accepts https, and http to a loopback address; requires a host; refuses user, query and fragment. NULL, or an error message. */
const char *orders_http_url_check(const char *url);

/** The same for a page to which a browser is redirected: query and fragment are allowed. */
const char *orders_http_page_check(const char *url);

/** The same for a URL to which messages are sent: a query is allowed. */
const char *orders_http_endpoint_check(const char *url);

/** Whether a host is a loopback address: localhost, 127.x.y.z, [::1]. */
bool orders_http_is_loopback(const char *host);

/** Appends a path that begins with a slash to `url`, whose trailing slashes are dropped. */
const char *orders_http_url_join(apr_pool_t *pool, const char *url, const char *path);

/** The host of a URL in lower case, without a dot at its end; an IPv6 address in brackets. NULL for a malformed URL. */
const char *orders_http_host(apr_pool_t *pool, const char *url);

/** Scheme, host (in lower case) and port of a URL: "https://pay.example:443". NULL for a malformed URL. */
const char *orders_http_origin(apr_pool_t *pool, const char *url);

/** Once per process, before the first call and after the last. */
void orders_http_startup(void);
void orders_http_shutdown(void);

#endif
