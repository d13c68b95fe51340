/* SPDX-License-Identifier: Apache-2.0 */
/** Where a buyer may be sent after paying. */
#ifndef ORDERS_API_COMMON_RETURN_URL_H
#define ORDERS_API_COMMON_RETURN_URL_H

#include <apr_tables.h>
#include <stdbool.h>

/**
 * Whether `url` is https and lies beneath one of the allowed prefixes (of const char *; NULL: none). A prefix ends where a
 * component of the URL ends, so that https://shop.example never allows https://shop.example.net, and a path that climbs
 * (`..`, however written) is never beneath anything.
 */
bool orders_return_url_allowed(const char *url, const apr_array_header_t *prefixes);

#endif
