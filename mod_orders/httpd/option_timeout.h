/* SPDX-License-Identifier: Apache-2.0 */
/** timeout=…, an option of directives that name a server beyond this one. */
#ifndef ORDERS_HTTPD_OPTION_TIMEOUT_H
#define ORDERS_HTTPD_OPTION_TIMEOUT_H

#include <apr_pools.h>

/** Sets `*milliseconds` by seconds or milliseconds (10, 1500ms), from 100 ms to 60 s; else what is wrong, from `pool`. */
const char *orders_option_timeout(apr_pool_t *pool, const char *value, int *milliseconds);

#endif
