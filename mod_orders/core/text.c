/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text.h"

#include <apr_strings.h>
#include <stdint.h>
#include <string.h>

static bool continues(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

apr_size_t orders_utf8_sequence(const char *at, const char *end)
{
    const unsigned char *byte = (const unsigned char *)at;
    apr_size_t left = (apr_size_t)(end - at);
    unsigned char low = 0x80, high = 0xBF; /* of the second byte */

    if (left == 0) {
        return 0;
    }
    if (byte[0] < 0x80) {
        return 1;
    }
    if (byte[0] < 0xC2 || byte[0] > 0xF4) {
        return 0;
    }
    if (byte[0] < 0xE0) {
        return left >= 2 && continues(byte[1]) ? 2 : 0;
    }
    switch (byte[0]) {
    case 0xE0:
        low = 0xA0;
        break;
    case 0xED:
        high = 0x9F;
        break;
    case 0xF0:
        low = 0x90;
        break;
    case 0xF4:
        high = 0x8F;
        break;
    default:
        break;
    }
    if (left < 3 || byte[1] < low || byte[1] > high || !continues(byte[2])) {
        return 0;
    }
    if (byte[0] < 0xF0) {
        return 3;
    }
    return left >= 4 && continues(byte[3]) ? 4 : 0;
}

bool orders_utf8_valid(const char *text, apr_size_t length)
{
    const char *end = text + length;

    while (text < end) {
        apr_size_t step = orders_utf8_sequence(text, end);

        if (step == 0) {
            return false;
        }
        text += step;
    }
    return true;
}

void orders_text_skip_mark(const char **text, apr_size_t *length)
{
    static const char mark[] = "\xEF\xBB\xBF";

    if (*length >= sizeof(mark) - 1 && memcmp(*text, mark, sizeof(mark) - 1) == 0) {
        *text += sizeof(mark) - 1;
        *length -= sizeof(mark) - 1;
    }
}

apr_size_t orders_utf8_count(const char *text, apr_size_t length)
{
    apr_size_t count = 0;
    apr_size_t at;

    for (at = 0; at < length; at++) {
        count += !continues((unsigned char)text[at]);
    }
    return count;
}

/** U+202A … U+202E are E2 80 AA … E2 80 AE, U+2066 … U+2069 are E2 81 A6 … E2 81 A9. */
static bool is_bidi_control(const unsigned char *byte, apr_size_t left)
{
    return left >= 3 && byte[0] == 0xE2 &&
           ((byte[1] == 0x80 && byte[2] >= 0xAA && byte[2] <= 0xAE) ||
            (byte[1] == 0x81 && byte[2] >= 0xA6 && byte[2] <= 0xA9));
}

/** U+2028 and U+2029, which end a line and a paragraph, are E2 80 A8 and E2 80 A9. */
static bool is_separator(const unsigned char *byte, apr_size_t left)
{
    return left >= 3 && byte[0] == 0xE2 && byte[1] == 0x80 && (byte[2] == 0xA8 || byte[2] == 0xA9);
}

static bool is_line_character(const unsigned char *byte, apr_size_t left)
{
    return byte[0] == '\t' || byte[0] == '\n' || (byte[0] == '\r' && left >= 2 && byte[1] == '\n');
}

bool orders_text_has_control(const char *text, apr_size_t length, bool multiline)
{
    const unsigned char *byte = (const unsigned char *)text;
    apr_size_t at;

    for (at = 0; at < length; at++) {
        bool line = multiline && is_line_character(byte + at, length - at);

        if ((byte[at] < 0x20 && !line) || byte[at] == 0x7F) {
            return true;
        }
        if (byte[at] == 0xC2 && at + 1 < length && byte[at + 1] < 0xA0) {
            return true; /* U+0080 … U+009F */
        }
        if (is_bidi_control(byte + at, length - at) ||
            (!multiline && is_separator(byte + at, length - at))) {
            return true;
        }
    }
    return false;
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'A' && digit <= 'F') {
        return digit - 'A' + 10;
    }
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

const char *orders_text_sanitise(apr_pool_t *pool, const char *text, apr_size_t most)
{
    const char *end = text ? text + strlen(text) : NULL;
    char *plain = text ? apr_palloc(pool, (apr_size_t)(end - text) + 1) : NULL;
    char *to = plain;

    for (apr_size_t count = 0; text && text < end && count < most; count++) {
        apr_size_t size = orders_utf8_sequence(text, end);

        if (!size || orders_text_has_control(text, size, false)) {
            *to++ = ' ';
            size = size ? size : 1;
        } else {
            memcpy(to, text, size);
            to += size;
        }
        text += size;
    }
    if (to) {
        *to = '\0';
    }
    return plain;
}

bool orders_text_is_uuid(const char *text)
{
    static const char pattern[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    apr_size_t at = 0;

    while (pattern[at] && (pattern[at] == '-' ? text[at] == '-' : hex_value(text[at]) >= 0)) {
        at++;
    }
    return !pattern[at] && !text[at];
}

bool orders_percent_decode(char *out, apr_size_t *out_length, const char *text, apr_size_t length,
                           bool plus)
{
    apr_size_t at;
    apr_size_t to = 0;

    for (at = 0; at < length; at++) {
        int byte = (unsigned char)text[at];

        if (byte == '%') {
            int high = at + 2 < length ? hex_value(text[at + 1]) : -1;
            int low = at + 2 < length ? hex_value(text[at + 2]) : -1;

            if (high < 0 || low < 0) {
                return false;
            }
            byte = high * 16 + low;
            at += 2;
        } else if (byte == '+' && plus) {
            byte = ' ';
        }
        if (byte == 0) {
            return false;
        }
        out[to++] = (char)byte;
    }
    *out_length = to;
    return orders_utf8_valid(out, to);
}

const char *orders_percent_encode(apr_pool_t *pool, const char *text, apr_size_t length)
{
    static const char hex[] = "0123456789ABCDEF";
    char *out = apr_palloc(pool, 3 * length + 1);
    char *to = out;
    apr_size_t at;

    for (at = 0; at < length; at++) {
        unsigned char byte = (unsigned char)text[at];
        bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';

        if (letter || (byte >= '0' && byte <= '9') || (byte && strchr("-._~", byte))) {
            *to++ = (char)byte;
        } else {
            *to++ = '%';
            *to++ = hex[byte >> 4];
            *to++ = hex[byte & 15];
        }
    }
    *to = '\0';
    return out;
}
