/* SPDX-License-Identifier: Apache-2.0 */
#include "payments/provider_text.h"

#include <stdbool.h>
#include <string.h>

#include "core/text.h"

#define ESCAPE_LENGTH 6 /* \uXXXX */

static const char digits[] = "0123456789abcdefABCDEF";

/** The code unit of the \uXXXX at `at`, or -1. */
static long parse_escape(const char *at, const char *end)
{
    long unit = 0;

    if (end - at < ESCAPE_LENGTH || at[0] != '\\' || at[1] != 'u') {
        return -1;
    }
    for (int i = 2; i < ESCAPE_LENGTH; i++) {
        const char *digit = at[i] ? strchr(digits, at[i]) : NULL;

        if (!digit) {
            return -1;
        }
        unit = unit * 16 + (digit - digits < 16 ? digit - digits : digit - digits - 6);
    }
    return unit;
}

static bool is_between(long unit, long low, long high)
{
    return unit >= low && unit <= high;
}

/** Length of the escape at `at`; `*valid`: whether it encodes a character. */
static apr_size_t escape_length(const char *at, const char *end, bool *valid)
{
    long unit = parse_escape(at, end);

    if (unit < 0) {
        *valid = true; /* not \u: the parser checks it */
        return end - at < 2 ? 1 : 2;
    }
    *valid = unit != 0 && !is_between(unit, 0xD800, 0xDFFF);
    if (is_between(unit, 0xD800, 0xDBFF) &&
        is_between(parse_escape(at + ESCAPE_LENGTH, end), 0xDC00, 0xDFFF)) {
        *valid = true;
        return 2 * ESCAPE_LENGTH;
    }
    return ESCAPE_LENGTH;
}

const char *orders_provider_text(apr_pool_t *pool, const char *text, apr_size_t *length)
{
    const char *at, *end;
    char *copy, *to;

    orders_text_skip_mark(&text, length);
    at = text;
    end = text + *length;
    if (orders_utf8_valid(text, *length) && !memchr(text, '\\', *length)) {
        return text;
    }
    copy = to = apr_palloc(pool, *length + 1);
    while (at < end) {
        apr_size_t size = orders_utf8_sequence(at, end);
        bool valid = size > 0;

        size = valid ? size : 1;
        if (*at == '\\') {
            size = escape_length(at, end, &valid);
        }
        if (valid) {
            memcpy(to, at, size);
            to += size;
        } else {
            *to++ = ' ';
        }
        at += size;
    }
    *to = '\0';
    *length = (apr_size_t)(to - copy);
    return copy;
}
