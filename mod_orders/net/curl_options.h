/* SPDX-License-Identifier: Apache-2.0 */
/** Options of all libcurl transfers, HTTP and SMTP. */
#ifndef ORDERS_NET_CURL_OPTIONS_H
#define ORDERS_NET_CURL_OPTIONS_H

#include <curl/curl.h>

/** Sets an option of `handle` unless an earlier one failed; the first failure is kept in `code`. */
#define ORDERS_CURL_SET(option, value)                                                             \
    do {                                                                                           \
        if (code == CURLE_OK) {                                                                    \
            code = curl_easy_setopt(handle, option, value);                                        \
        }                                                                                          \
    } while (0)

/**
 * Verifies certificates against `ca_file` (NULL: the system's store), requires TLS 1.2 or later, reads no configuration of the user, raises no
 * signals, and bounds the transfer by `timeout_ms` and its connection by `connect_ms`. Keeps neither the string nor the handle.
 * CURLE_OK, or the first error.
 */
CURLcode orders_curl_safe(CURL *handle, const char *ca_file, long timeout_ms, long connect_ms);

#endif
