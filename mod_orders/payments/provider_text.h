/* SPDX-License-Identifier: Apache-2.0 */
/** JSON of a provider whose free text is broken. One bad character must not cost what the rest says about money. */
#ifndef ORDERS_PAYMENTS_PROVIDER_TEXT_H
#define ORDERS_PAYMENTS_PROVIDER_TEXT_H

#include <apr_pools.h>

/**
 * The text without a byte order mark, and with a space for each byte that is no UTF-8 and for each escape that is no character (a NUL, half of a surrogate
 * pair: a message that was cut off). Valid text is returned as it is, anything else as a copy. Not for checking signatures.
 */
const char *orders_provider_text(apr_pool_t *pool, const char *text, apr_size_t *length);

#endif
