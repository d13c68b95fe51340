/* SPDX-License-Identifier: Apache-2.0 */
#include "core/format.h"

#include <apr_lib.h>
#include <string.h>

#include "core/mail_address.h"
#include "core/text.h"
#include "core/time.h"

#define MAX_SLUG 64
#define MAX_SUBTAG 8
#define MAX_PATTERN 100
#define MAX_PATTERNS 50
#define LOWER_CASE "abcdefghijklmnopqrstuvwxyz"
#define LOWER_CASE_OR_DIGIT LOWER_CASE "0123456789"

/* Whitespace beyond ASCII, in UTF-8. */
static const char *const spaces[] = {
    "\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\xA8",
    "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80",
};

/* U+2000 to U+200A. */
static bool is_typographic_space(const char *at)
{
    return strncmp(at, "\xE2\x80", 2) == 0 && (unsigned char)at[2] >= 0x80 &&
           (unsigned char)at[2] <= 0x8A;
}

static bool is_space(const char *at)
{
    for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
        if (strncmp(at, spaces[i], strlen(spaces[i])) == 0) {
            return true;
        }
    }
    return (unsigned char)*at <= ' ' || is_typographic_space(at);
}

static bool is_url(const char *text)
{
    const char *rest = text;

    if (strncmp(text, "http://", 7) == 0) {
        rest += 7;
    } else if (strncmp(text, "https://", 8) == 0) {
        rest += 8;
    }
    if (rest == text || !*rest || orders_text_has_control(rest, strlen(rest), false)) {
        return false;
    }
    while (*rest && !is_space(rest)) {
        rest++;
    }
    return !*rest;
}

static bool is_time(const char *text)
{
    char written[ORDERS_TIME_SIZE];
    apr_time_t time;

    return orders_time_parse(text, &time) && orders_time_write(written, time, false) > 0;
}

static bool is_day(const char *text)
{
    apr_time_t time;

    return orders_date_parse(text, &time);
}

static bool is_day_or_time(const char *text)
{
    apr_time_t time;

    return orders_date_parse(text, &time) || orders_time_parse(text, &time);
}

static bool is_language(const char *text)
{
    size_t length = strspn(text, LOWER_CASE);

    if (length < 2 || length > 3) {
        return false;
    }
    while (text[length] == '-') {
        text += length + 1;
        length = strspn(text, LOWER_CASE_OR_DIGIT);
        if (length < 1 || length > MAX_SUBTAG) {
            return false;
        }
    }
    return text[length] == '\0';
}

static bool is_slug(const char *text)
{
    size_t length = strspn(text, LOWER_CASE_OR_DIGIT "_-");

    return length >= 1 && length <= MAX_SLUG && text[length] == '\0' && *text != '_' &&
           *text != '-';
}

/* Words of a to z and _, separated by dots; the last one may be *. */
static bool is_pattern(const char *text, size_t length)
{
    const char *end = text + length;

    if (length == 0 || length > MAX_PATTERN) {
        return false;
    }
    for (;;) {
        size_t word = strspn(text, LOWER_CASE "_");

        if (word == 0) {
            return *text == '*' && text + 1 == end;
        }
        text += word;
        if (text == end || *text != '.') {
            return text == end;
        }
        text++;
    }
}

static bool is_event_pattern(const char *text)
{
    return is_pattern(text, strlen(text));
}

static bool is_event_patterns(const char *text)
{
    for (int count = 1; count <= MAX_PATTERNS; count++) {
        size_t length = strcspn(text, ",");

        if (!is_pattern(text, length)) {
            return false;
        }
        text += length;
        if (!*text) {
            return true;
        }
        text++;
    }
    return false;
}

const orders_format_t orders_format_mail = {
    orders_is_mail_address,
    "Must be a mail address, like ada@example.com.",
};
const orders_format_t orders_format_url = {
    is_url,
    "Must be an http or https URL.",
};
const orders_format_t orders_format_time = {
    is_time,
    "Must be an ISO 8601 time with an offset, such as 2026-11-29T08:00:00Z.",
};
const orders_format_t orders_format_day = {
    is_day,
    "Must be a day such as 2026-11-29.",
};
const orders_format_t orders_format_day_or_time = {
    is_day_or_time,
    "Must be a day such as 2026-11-29, or an ISO 8601 time with an offset such as "
    "2026-11-29T08:00:00+08:00.",
};
const orders_format_t orders_format_language = {
    is_language,
    "Must be a language tag in lower case, such as en or zh-hant.",
};
const orders_format_t orders_format_slug = {
    is_slug,
    "Must be 1 to 64 of a to z, 0 to 9, _ and -, and must start with a letter or digit.",
};
const orders_format_t orders_format_event_pattern = {
    is_event_pattern,
    "Must be a type of events such as order.paid, a group such as order.*, or *.",
};
const orders_format_t orders_format_event_patterns = {
    is_event_patterns,
    "Must be 1 to 50 types of events, separated by commas, such as order.paid, order.* or *.",
};
