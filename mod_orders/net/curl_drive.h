/* SPDX-License-Identifier: Apache-2.0 */
/** Drives a libcurl transfer that can be cancelled, and what transfers of all threads share. */
#ifndef ORDERS_NET_CURL_DRIVE_H
#define ORDERS_NET_CURL_DRIVE_H

#include <curl/curl.h>
#include <stdbool.h>

/**
 * Performs the transfer of `easy`, which is added to `multi` for this time. `cancelled` (or NULL) is called five times a second; true ends
 * the transfer with CURLE_ABORTED_BY_CALLBACK.
 */
CURLcode orders_curl_drive(CURLM *multi, CURL *easy, bool (*cancelled)(void *context),
                           void *context);

/**
 * Shares looked-up addresses and TLS sessions between `easy` and the other transfers of the process. Does nothing before
 * orders_curl_share_startup(). Connections are not shared: libcurl does not support this between threads.
 */
void orders_curl_share(CURL *easy);

/** Once per process, after curl_global_init() and before curl_global_cleanup(), when no handle exists. */
void orders_curl_share_startup(void);
void orders_curl_share_shutdown(void);

#endif
