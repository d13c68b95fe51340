/* SPDX-License-Identifier: Apache-2.0 */
/** Detection of cross-site requests. */
#ifndef ORDERS_HTTPD_ORIGIN_H
#define ORDERS_HTTPD_ORIGIN_H

#include <httpd.h>
#include <stdbool.h>

/**
 * False if a browser marks the request as sent by a page of another origin: by Sec-Fetch-Site, or by Origin if that header is absent. The
 * origins of the Host header and of `public_url` (NULL: not set) are accepted. Requests without these headers do not come from a browser and
 * are accepted.
 */
bool orders_origin_is_own(request_rec *r, const char *public_url);

#endif
