/* SPDX-License-Identifier: Apache-2.0 */
/** What all calls by libcurl are bound by, whatever they speak. */
#ifndef ORDERS_NET_CURL_OPTIONS_H
#define ORDERS_NET_CURL_OPTIONS_H

#include <curl/curl.h>

/** Sets an option of `handle`; the first failure of a row is kept in `code`. */
#define ORDERS_CURL_SET(option, value)                                                             \
    do {                                                                                           \
        if (code == CURLE_OK) {                                                                    \
            code = curl_easy_setopt(handle, option, value);                                        \
        }                                                                                          \
    } while (0)

/**
 * Peers prove who they are, to `ca_file` where that is not NULL, with TLS 1.2 or later; no file of the user is read, no
 * signal is sent, and all is over after `timeout_ms`, of which connecting has `connect_ms` at most. Neither string nor handle is kept. CURLE_OK, or why not.
 */
CURLcode orders_curl_safe(CURL *handle, const char *ca_file, long timeout_ms, long connect_ms);

#endif
