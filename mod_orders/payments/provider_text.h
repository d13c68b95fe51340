/* SPDX-License-Identifier: Apache-2.0 */
/** Repairs JSON whose free text contains invalid characters: they must not prevent the parsing of a reply about a payment. */
#ifndef ORDERS_PAYMENTS_PROVIDER_TEXT_H
#define ORDERS_PAYMENTS_PROVIDER_TEXT_H

#include <apr_pools.h>

/**
 * Drops a byte order mark and replaces each invalid UTF-8 byte and each escape that is not a character (NUL, lone surrogate) by a space.
 * Returns `text` if it is valid, otherwise a copy in the pool. Signatures must be verified over the original text.
 */
const char *orders_provider_text(apr_pool_t *pool, const char *text, apr_size_t *length);

#endif
