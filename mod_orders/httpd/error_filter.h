/* SPDX-License-Identifier: Apache-2.0 */
/** httpd's own refusals under a mounted API, in that API's shape: status and headers stay, the HTML goes. */
#ifndef ORDERS_HTTPD_ERROR_FILTER_H
#define ORDERS_HTTPD_ERROR_FILTER_H

#include <httpd.h>

/**
 * Keeps the server's ErrorDocuments away from this request: they would answer before the filter is asked. Needed only
 * where there are any.
 */
void orders_error_filter_claim(request_rec *r);

void orders_error_filter_register_hooks(apr_pool_t *pool);

#endif
