/* SPDX-License-Identifier: Apache-2.0 */
/**
 * UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF) and percent-encoding.
 */
#ifndef ORDERS_CORE_TEXT_H
#define ORDERS_CORE_TEXT_H

#include <apr_pools.h>
#include <stdbool.h>

#include "core/problem.h"

/** Length of the valid sequence at `at`, 1 to 4 bytes; 0: invalid. */
apr_size_t orders_utf8_sequence(const char *at, const char *end);
bool orders_utf8_valid(const char *text, apr_size_t length);
/** Skips a byte order mark. */
void orders_text_skip_mark(const char **text, apr_size_t *length);
/** The number of characters (code points) of valid UTF-8. */
apr_size_t orders_utf8_count(const char *text, apr_size_t length);

/**
 * Whether a text contains a control character (C0, DEL, C1, NUL) or a bidirectional embedding, override or isolate (U+202A to
 * U+202E, U+2066 to U+2069), which can make a text look like another. `multiline` allows TAB, LF and CR LF. The same rule as
 * orders_v1.has_controls in SQL.
 */
bool orders_text_has_control(const char *text, apr_size_t length, bool multiline);

/**
 * Sanitises text from another system for display and for the log: control characters and invalid UTF-8 become spaces, and the text is
 * truncated to `most` characters. NULL for NULL.
 */
const char *orders_text_sanitise(apr_pool_t *pool, const char *text, apr_size_t most);

/** Whether a text is a UUID: 8-4-4-4-12 hexadecimal digits in upper or lower case. */
bool orders_text_is_uuid(const char *text);

/**
 * Decodes %XX (and + as a space when `plus`) into `out`, which has room for `length` bytes and may be `text` itself.
 * False: malformed escape, NUL, or invalid UTF-8. Adds no NUL.
 */
bool orders_percent_decode(char *out, apr_size_t *out_length, const char *text, apr_size_t length,
                           bool plus) ORDERS_MUSTCHECK;
/** Encodes everything but unreserved characters (RFC 3986) as %XX. */
const char *orders_percent_encode(apr_pool_t *pool, const char *text, apr_size_t length);

#endif
