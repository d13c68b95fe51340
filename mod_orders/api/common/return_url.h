/* SPDX-License-Identifier: Apache-2.0 */
/** URLs to which a buyer may be redirected after paying. */
#ifndef ORDERS_API_COMMON_RETURN_URL_H
#define ORDERS_API_COMMON_RETURN_URL_H

#include <apr_tables.h>
#include <stdbool.h>

/**
 * Whether `url` is an https URL that begins with one of the allowed prefixes (const char *; NULL: no prefixes). A prefix matches
 * whole components of a URL: https://shop.example does not allow https://shop.example.net. A URL that contains `..`, even
 * encoded, is not allowed.
 */
bool orders_return_url_allowed(const char *url, const apr_array_header_t *prefixes);

#endif
