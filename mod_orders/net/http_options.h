/* SPDX-License-Identifier: Apache-2.0 */
/** libcurl options that every HTTP transfer has. */
#ifndef ORDERS_NET_HTTP_OPTIONS_H
#define ORDERS_NET_HTTP_OPTIONS_H

#include <apr_tables.h>
#include <curl/curl.h>

/** Seconds after which an idle connection is not used again. */
#define ORDERS_HTTP_IDLE_SECONDS 60L

typedef struct orders_http_options_t {
    const char *url;
    const char *ca_file; /**< PEM; NULL: the system's store */
    long timeout_ms;     /**< total time of the transfer */
    long connect_ms;     /**< time for the connection, a part of the total time */
    struct curl_slist *headers;
    const char *body; /**< sent by POST, and must outlive the transfer; NULL: GET */
    curl_off_t length;
} orders_http_options_t;

/**
 * Sets orders_curl_safe, no redirects, only the protocol of the URL (without a proxy for http, which is for loopback addresses), and the
 * message. CURLE_OK, or the first error.
 */
CURLcode orders_http_set_options(CURL *handle, const orders_http_options_t *options);

/** `*list` must be freed with curl_slist_free_all, after an error too. CURLE_OUT_OF_MEMORY, also for a header that is too long. */
CURLcode orders_http_header_list(const apr_table_t *headers, struct curl_slist **list);

#endif
