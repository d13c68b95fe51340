/* SPDX-License-Identifier: Apache-2.0 */
/** Detection of cross-site requests. */
#ifndef ORDERS_HTTPD_ORIGIN_H
#define ORDERS_HTTPD_ORIGIN_H

#include <httpd.h>
#include <stdbool.h>

/**
 * False if a browser marks the request as one of another site (Sec-Fetch-Site, or else Origin). The own site is that of the Host header
 * and that of `public_url`, which may be NULL. Requests without these headers do not come from a browser and pass.
 */
bool orders_origin_is_own(request_rec *r, const char *public_url);

#endif
