/* SPDX-License-Identifier: Apache-2.0 */
#include "net/curl_options.h"

CURLcode orders_curl_safe(CURL *handle, const char *ca_file, long timeout_ms, long connect_ms)
{
    CURLcode code = CURLE_OK;

    ORDERS_CURL_SET(CURLOPT_NOSIGNAL, 1L);
    ORDERS_CURL_SET(CURLOPT_SSL_VERIFYPEER, 1L);
    ORDERS_CURL_SET(CURLOPT_SSL_VERIFYHOST, 2L);
    ORDERS_CURL_SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (ca_file) {
        ORDERS_CURL_SET(CURLOPT_CAINFO, ca_file);
    }
    ORDERS_CURL_SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    ORDERS_CURL_SET(CURLOPT_TIMEOUT_MS, timeout_ms);
    ORDERS_CURL_SET(CURLOPT_CONNECTTIMEOUT_MS, timeout_ms < connect_ms ? timeout_ms : connect_ms);
#if LIBCURL_VERSION_NUM >= 0x075700 /* an unresponsive name server must not outlast the timeout */
    ORDERS_CURL_SET(CURLOPT_QUICK_EXIT, 1L);
#endif
    return code;
}
