/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Which languages a reader prefers: Accept-Language as RFC 9110 (section 12.5.4) has it, with the lookup of RFC 4647.
 */
#ifndef ORDERS_CORE_LANGUAGE_H
#define ORDERS_CORE_LANGUAGE_H

#include <apr_pools.h>
#include <apr_tables.h>

/** No longer list is made, whatever the header says. */
#define ORDERS_MAX_LANGUAGES 16

/**
 * Language tags in small letters, the best first, each once, as array of const char *. After a tag come the wider ones that
 * it begins with (`en-gb`, `en`); `*` is `fallback`, which is always there, at the end if nowhere else. What is refused
 * (q=0) is left out. A part of the header that is no language range is no reason to refuse the request: it is passed over.
 * `header` may be NULL.
 */
apr_array_header_t *orders_languages(apr_pool_t *pool, const char *header, const char *fallback);

#endif
