/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/origin.h"

#include <httpd.h>

#include <apr_strings.h>
#include <apr_uri.h>
#include <http_core.h>
#include <http_protocol.h>
#include <string.h>

static bool read_origin(apr_pool_t *pool, const char *text, apr_uri_t *uri)
{
    return apr_uri_parse(pool, text, uri) == APR_SUCCESS && uri->scheme && uri->hostname;
}

static apr_port_t effective_port(const apr_uri_t *uri)
{
    return uri->port_str ? uri->port : apr_uri_port_of_scheme(uri->scheme);
}

static bool is_same_origin(apr_pool_t *pool, const char *one, const char *other)
{
    apr_uri_t a, b;

    return read_origin(pool, one, &a) && read_origin(pool, other, &b) &&
           !ap_cstr_casecmp(a.scheme, b.scheme) && !ap_cstr_casecmp(a.hostname, b.hostname) &&
           effective_port(&a) == effective_port(&b);
}

bool orders_origin_is_own(request_rec *r, const char *public_url)
{
    const char *site = apr_table_get(r->headers_in, "Sec-Fetch-Site");
    const char *origin = apr_table_get(r->headers_in, "Origin");
    const char *host = apr_table_get(r->headers_in, "Host");

    if (site) {
        return !strcmp(site, "same-origin") || !strcmp(site, "none");
    }
    if (!origin) {
        return true;
    }
    return (public_url && is_same_origin(r->pool, origin, public_url)) ||
           (host && is_same_origin(r->pool, origin,
                                   apr_pstrcat(r->pool, ap_http_scheme(r), "://", host, NULL)));
}
