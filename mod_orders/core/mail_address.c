/* SPDX-License-Identifier: Apache-2.0 */
#include "core/mail_address.h"

#include <apr_lib.h>
#include <stdint.h>
#include <string.h>

#include "core/text.h"

/* RFC 5321, 4.5.3.1: octets of a path without its brackets, and of a local part. RFC 1035: a label. */
#define LONGEST_ADDRESS 254
#define LONGEST_LOCAL 64
#define LONGEST_LABEL 63

/* Spaces, control characters and other invisible characters. */
static const struct {
    uint32_t first, last;
} invisible[] = {
    {0x80, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200F}, {0x2028, 0x202F},
    {0x205F, 0x206F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF},
};

/** Also true for bytes of non-ASCII characters. */
static bool is_letter_or_digit(char byte)
{
    return (unsigned char)byte >= 0x80 || apr_isalnum((unsigned char)byte);
}

bool orders_is_dot_atom(const char *text, apr_size_t length)
{
    bool dot = true; /* a dot is allowed neither first nor last */

    for (apr_size_t i = 0; i < length; i++) {
        bool atom = is_letter_or_digit(text[i]) ||
                    (text[i] && strchr("!#$%&'*+-/=?^_`{|}~", text[i]) != NULL);

        if (text[i] == '.' ? dot : !atom) {
            return false;
        }
        dot = text[i] == '.';
    }
    return !dot;
}

static bool is_label(const char *text, apr_size_t length)
{
    for (apr_size_t i = 0; i < length; i++) {
        if (!is_letter_or_digit(text[i]) && text[i] != '-') {
            return false;
        }
    }
    return length && orders_utf8_count(text, length) <= LONGEST_LABEL && text[0] != '-' &&
           text[length - 1] != '-';
}

/** Two labels or more, the last of which is not a number. */
static bool is_domain(const char *domain)
{
    for (int labels = 1;; labels++) {
        apr_size_t length = strcspn(domain, ".");

        if (!is_label(domain, length)) {
            return false;
        }
        if (!domain[length]) {
            return labels > 1 && strspn(domain, "0123456789") < length;
        }
        domain += length + 1;
    }
}

/** The code point of a valid sequence of `size` bytes. */
static uint32_t code_point(const char *text, apr_size_t size)
{
    static const unsigned char payload[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t code = (unsigned char)text[0] & payload[size];

    for (apr_size_t i = 1; i < size; i++) {
        code = code << 6 | ((unsigned char)text[i] & 0x3F);
    }
    return code;
}

static bool is_visible(const char *text)
{
    const char *end = text + strlen(text);

    for (apr_size_t size; text < end; text += size) {
        size = orders_utf8_sequence(text, end);
        if (!size) {
            return false;
        }
        uint32_t code = code_point(text, size);
        for (size_t i = 0; i < sizeof(invisible) / sizeof(invisible[0]); i++) {
            if (code >= invisible[i].first && code <= invisible[i].last) {
                return false;
            }
        }
    }
    return true;
}

bool orders_is_mail_address(const char *address)
{
    const char *at = address ? strchr(address, '@') : NULL;

    return at && strlen(address) <= LONGEST_ADDRESS && at - address <= LONGEST_LOCAL &&
           orders_is_dot_atom(address, (apr_size_t)(at - address)) && is_domain(at + 1) &&
           is_visible(address);
}

bool orders_is_ascii_mail_address(const char *address)
{
    return orders_is_mail_address(address) &&
           orders_utf8_count(address, strlen(address)) == strlen(address);
}
