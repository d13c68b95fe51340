/* SPDX-License-Identifier: Apache-2.0 */
#include "webhooks/url.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "net/address.h"
#include "net/http_client.h"

#define FORM                                                                                       \
    "Must be an https URL in ASCII with a host and without user, password and fragment. http:// "  \
    "is allowed only for loopback addresses."
#define PRIVATE                                                                                    \
    "The address is not public. Use a public address, or a host that OrdersWebhookAllowHosts "     \
    "names."

/* Other characters must be encoded: libcurl would send them as they are. */
static bool is_ascii(const char *url)
{
    while (*url > ' ' && *url < 0x7F) {
        url++;
    }
    return !*url;
}

static bool is_allowed(const char *host, const apr_array_header_t *allowed_hosts)
{
    for (int i = 0; allowed_hosts && i < allowed_hosts->nelts; i++) {
        if (strcasecmp(host, APR_ARRAY_IDX(allowed_hosts, i, const char *)) == 0) {
            return true;
        }
    }
    return false;
}

/* Reads an IPv6 address in brackets, with or without a zone. */
static bool read_ipv6(const char *host, struct sockaddr_in6 *address)
{
    char text[INET6_ADDRSTRLEN];
    const size_t length = *host == '[' ? strcspn(host + 1, "]%") : 0;
    if (!length || length >= sizeof(text)) {
        return false;
    }
    memcpy(text, host + 1, length);
    text[length] = '\0';
    address->sin6_family = AF_INET6;
    return inet_pton(AF_INET6, text, &address->sin6_addr) == 1;
}

/* Whether a host is an address that must not be called. libcurl has converted the other forms of an IPv4 address to four numbers. */
static bool is_private(const char *host)
{
    union {
        struct sockaddr any;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
    } address;
    memset(&address, 0, sizeof(address));
    if (inet_pton(AF_INET, host, &address.ipv4.sin_addr) == 1) {
        address.ipv4.sin_family = AF_INET;
    } else if (!read_ipv6(host, &address.ipv6)) {
        return false;
    }
    return !orders_address_is_public(&address.any) && !orders_address_is_loopback(&address.any);
}

const char *orders_webhook_url_check(const char *url, const apr_array_header_t *allowed_hosts)
{
    const char *message = FORM;
    char *host = NULL;
    CURLU *parsed = !is_ascii(url) || orders_http_endpoint_check(url) ? NULL : curl_url();
    if (parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
        message = is_private(host) && !is_allowed(host, allowed_hosts) ? PRIVATE : NULL;
    }
    curl_free(host);
    curl_url_cleanup(parsed);
    return message;
}
