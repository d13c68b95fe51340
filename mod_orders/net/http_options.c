/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http_options.h"

#include <apr_strings.h>
#include <stdbool.h>
#include <strings.h>

#include "net/curl_options.h"

static int add_header(void *context, const char *name, const char *value)
{
    struct curl_slist **list = context;
    char line[2048];
    struct curl_slist *longer;

    if (apr_snprintf(line, sizeof(line), "%s: %s", name, value) >= (int)sizeof(line) - 1) {
        return 0;
    }
    longer = curl_slist_append(*list, line);
    if (!longer) {
        return 0;
    }
    *list = longer;
    return 1;
}

CURLcode orders_http_header_list(const apr_table_t *headers, struct curl_slist **list)
{
    *list = NULL;
    return apr_table_do(add_header, list, headers, NULL) ? CURLE_OK : CURLE_OUT_OF_MEMORY;
}

static CURLcode set_message(CURL *handle, const orders_http_options_t *options)
{
    CURLcode code = CURLE_OK;

    ORDERS_CURL_SET(CURLOPT_URL, options->url);
    ORDERS_CURL_SET(CURLOPT_USERAGENT, "mod_orders/" ORDERS_VERSION);
    ORDERS_CURL_SET(CURLOPT_HTTPHEADER, options->headers);
    if (options->body) {
        ORDERS_CURL_SET(CURLOPT_POST, 1L);
        ORDERS_CURL_SET(CURLOPT_POSTFIELDSIZE_LARGE, options->length);
        ORDERS_CURL_SET(CURLOPT_POSTFIELDS, options->body);
    }
    return code;
}

CURLcode orders_http_set_options(CURL *handle, const orders_http_options_t *options)
{
    const bool plain = !strncasecmp(options->url, "http:", 5);
    CURLcode code =
        orders_curl_safe(handle, options->ca_file, options->timeout_ms, options->connect_ms);

    ORDERS_CURL_SET(CURLOPT_FOLLOWLOCATION, 0L);
#if LIBCURL_VERSION_NUM >= 0x075500
    ORDERS_CURL_SET(CURLOPT_PROTOCOLS_STR, plain ? "http" : "https");
#else
    ORDERS_CURL_SET(CURLOPT_PROTOCOLS, (long)(plain ? CURLPROTO_HTTP : CURLPROTO_HTTPS));
#endif
    if (plain) {
        ORDERS_CURL_SET(CURLOPT_NOPROXY, "*");
    }
    ORDERS_CURL_SET(CURLOPT_MAXAGE_CONN, ORDERS_HTTP_IDLE_SECONDS);
    return code == CURLE_OK ? set_message(handle, options) : code;
}
