/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Preferred languages: Accept-Language (RFC 9110, section 12.5.4) with the lookup of RFC 4647.
 */
#ifndef ORDERS_CORE_LANGUAGE_H
#define ORDERS_CORE_LANGUAGE_H

#include <apr_pools.h>
#include <apr_tables.h>

/** Maximum length of the list. */
#define ORDERS_MAX_LANGUAGES 16

/**
 * Language tags in lower case, most preferred first, without duplicates, as array of const char *. Each tag is followed by its
 * prefixes (`en-gb`, then `en`). `*` is replaced by `fallback`; if the list does not contain `fallback`, it is added at the end.
 * Tags with q=0 are left out. Malformed parts of the header are ignored. `header` may be NULL.
 */
apr_array_header_t *orders_languages(apr_pool_t *pool, const char *header, const char *fallback);

#endif
