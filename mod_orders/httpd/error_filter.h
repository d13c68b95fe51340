/* SPDX-License-Identifier: Apache-2.0 */
/** Replaces httpd's own error pages under an API by errors in the format of that API. Status and headers are not changed. */
#ifndef ORDERS_HTTPD_ERROR_FILTER_H
#define ORDERS_HTTPD_ERROR_FILTER_H

#include <httpd.h>

/**
 * Disables ErrorDocument for this request, because httpd would apply it before the filter. Needed only if the configuration has one.
 */
void orders_error_filter_disable_documents(request_rec *r);

void orders_error_filter_register_hooks(apr_pool_t *pool);

#endif
