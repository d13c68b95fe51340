/* SPDX-License-Identifier: Apache-2.0 */
/** Repairs JSON whose free text has invalid characters, so that they do not make a reply about money unreadable. */
#ifndef ORDERS_PAYMENTS_PROVIDER_TEXT_H
#define ORDERS_PAYMENTS_PROVIDER_TEXT_H

#include <apr_pools.h>

/**
 * Drops a byte order mark and replaces each invalid UTF-8 byte and each escape that is not a character (NUL, lone surrogate) by a space.
 * Returns valid text itself, otherwise a copy in the pool. Verify signatures over the original text.
 */
const char *orders_provider_text(apr_pool_t *pool, const char *text, apr_size_t *length);

#endif
