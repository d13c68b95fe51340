/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Text: UTF-8 as RFC 3629 has it (no overlong forms, no surrogates, nothing above U+10FFFF), and percent-encoding.
 */
#ifndef ORDERS_CORE_TEXT_H
#define ORDERS_CORE_TEXT_H

#include <apr_pools.h>
#include <stdbool.h>

#include "core/problem.h"

/** The length of the valid sequence that starts at `at` (1 to 4 bytes), 0 when there is none. */
apr_size_t orders_utf8_sequence(const char *at, const char *end);
bool orders_utf8_valid(const char *text, apr_size_t length);
/** Moves `*text` behind a byte order mark at its start, if there is one. */
void orders_text_skip_mark(const char **text, apr_size_t *length);
/** The number of characters (code points) of valid UTF-8. */
apr_size_t orders_utf8_count(const char *text, apr_size_t length);

/**
 * Whether there is a control character (C0, DEL, C1; NUL too) or a bidirectional embedding, override or isolate (U+202A to
 * U+202E, U+2066 to U+2069), which makes a text look like another one. `multiline` allows TAB, LF and CR. The same rule as
 * orders.has_controls in SQL.
 */
bool orders_text_has_control(const char *text, apr_size_t length, bool multiline);

/**
 * A text of a machine for people or for the log, one line: control characters and bytes that are no UTF-8 become spaces, what is
 * beyond `most` characters is cut off. NULL stays NULL.
 */
const char *orders_text_sanitise(apr_pool_t *pool, const char *text, apr_size_t most);

/** Whether it is a UUID: 8-4-4-4-12 hexadecimal digits, in any case. */
bool orders_text_is_uuid(const char *text);

/**
 * Decodes %XX (and + as a space when `plus`) into `out`, which has room for `length` bytes and may be `text` itself.
 * Refused (false): an escape that is none, a NUL, invalid UTF-8. No NUL is added.
 */
bool orders_percent_decode(char *out, apr_size_t *out_length, const char *text, apr_size_t length,
                           bool plus) ORDERS_MUSTCHECK;
/** Everything but unreserved characters (RFC 3986) as %XX. */
const char *orders_percent_encode(apr_pool_t *pool, const char *text, apr_size_t length);

#endif
