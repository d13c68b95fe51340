/* SPDX-License-Identifier: Apache-2.0 */
/** Which site a browser's request comes from. */
#ifndef ORDERS_HTTPD_ORIGIN_H
#define ORDERS_HTTPD_ORIGIN_H

#include <httpd.h>
#include <stdbool.h>

/**
 * False when a browser says that the page of another site sends this request (Sec-Fetch-Site, or else Origin). A site is
 * this one when it is what the request itself is addressed to, or `public_url` (may be NULL). Who is no browser says
 * nothing, and passes.
 */
bool orders_origin_is_own(request_rec *r, const char *public_url);

#endif
