/* SPDX-License-Identifier: Apache-2.0 */
/** The option timeout= of directives that name a remote server. */
#ifndef ORDERS_HTTPD_OPTION_TIMEOUT_H
#define ORDERS_HTTPD_OPTION_TIMEOUT_H

#include <apr_pools.h>

/** Parses seconds or milliseconds ("10", "1500ms"), from 100 ms to 60 s. NULL, or an error message in `pool`. */
const char *orders_option_timeout(apr_pool_t *pool, const char *value, int *milliseconds);

#endif
