/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Bounded HTTP calls by libcurl: one call, one reply, a time and a size that cannot be passed. No redirects, no other
 * protocols, certificates checked. Connections are kept for the next call of the same process; any thread may call.
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
    const char *body; /**< POSTed; NULL: GET */
    apr_size_t length;
    int timeout_ms;      /**< for the whole call */
    const char *ca_file; /**< or NULL: the system's */
    /** Asked a few times a second while the call is under way: true ends it at once. NULL: nothing does but the time. */
    bool (*cancelled)(void *context);
    void *context;
} orders_http_request_t;

typedef struct orders_http_reply_t {
    long status;
    const char *body; /**< NUL-terminated, at most ORDERS_HTTP_MAX_REPLY bytes */
    apr_size_t length;
} orders_http_reply_t;

/** NULL, or why there is no whole reply: libcurl's words, for the log alone. Everything lives in `pool`. */
const char *orders_http_call(const orders_http_request_t *request, orders_http_reply_t *reply,
                             apr_pool_t *pool);

/** https, or http to this very machine; a host; no user, query or fragment. NULL, or a sentence that says what is wrong. */
const char *orders_http_url_check(const char *url);

/** The same for a page that a browser is sent to, which may have a query and a fragment. */
const char *orders_http_page_check(const char *url);

/** Whether a URL's host is this very machine: localhost, 127.x.y.z, [::1]. */
bool orders_http_is_loopback(const char *host);
/** `url` without its trailing slashes, and a path that begins with one. */
const char *orders_http_url_join(apr_pool_t *pool, const char *url, const char *path);

/** Scheme, host (in lower case) and port of a URL that was checked, "https://pay.example:443"; NULL when it is none. */
const char *orders_http_origin(apr_pool_t *pool, const char *url);

/** Once a process, before the first call and after the last. */
void orders_http_startup(void);
void orders_http_shutdown(void);

#endif
