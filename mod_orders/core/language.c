/* SPDX-License-Identifier: Apache-2.0 */
#include "core/language.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <stdbool.h>
#include <string.h>

#define MAX_RANGES 32
#define MAX_TAG 35 /* characters; RFC 5646 wants at least this much room */
#define MAX_SUBTAG 8
#define FULL_WEIGHT 1000

/* A language range of the header: a tag in lower case or "*", and its weight in thousandths. */
typedef struct range_t {
    const char *tag;
    int weight;
} range_t;

typedef struct ranges_t {
    range_t list[MAX_RANGES];
    int count;
} ranges_t;

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

/* Length of the range at `at` ("*", or letters and subtags of letters and digits); 0: none. */
static apr_size_t range_length(const char *at)
{
    apr_size_t length = 0, subtag = 0;
    if (*at == '*') {
        return 1;
    }
    for (; apr_isalnum(at[length]) || at[length] == '-'; length++) {
        bool digit_too_early = apr_isdigit(at[length]) && subtag == length;
        if (at[length] == '-' ? subtag == 0 : (digit_too_early || subtag == MAX_SUBTAG)) {
            return 0;
        }
        subtag = at[length] == '-' ? 0 : subtag + 1;
    }
    return subtag > 0 && length <= MAX_TAG ? length : 0;
}

/* The value after "q=", in thousandths: 0 or 1 with up to three decimals; -1: any other text. `*end` is the byte after it. */
static int read_weight(const char *at, const char **end)
{
    int weight = (*at - '0') * FULL_WEIGHT;
    if (*at != '0' && *at != '1') {
        return -1;
    }
    at++;
    if (*at == '.') {
        at++;
        for (int worth = FULL_WEIGHT / 10; worth > 0 && apr_isdigit(*at); worth /= 10) {
            weight += (*at++ - '0') * worth;
        }
    }
    *end = at;
    return weight <= FULL_WEIGHT ? weight : -1;
}

/* Parses the range that begins at `at`. False: syntax error. */
static bool read_range(range_t *range, const char *at, apr_pool_t *pool)
{
    apr_size_t length = range_length(at);
    char *tag = apr_pstrndup(pool, at, length);
    for (char *letter = tag; *letter; letter++) {
        *letter = (char)apr_tolower(*letter);
    }
    *range = (range_t){.tag = tag, .weight = FULL_WEIGHT};
    at = skip_blanks(at + length);
    if (length > 0 && *at == ';') {
        at = skip_blanks(at + 1);
        if ((*at != 'q' && *at != 'Q') || at[1] != '=') {
            return false;
        }
        range->weight = read_weight(at + 2, &at);
        at = skip_blanks(at);
    }
    return length > 0 && range->weight >= 0 && (*at == '\0' || *at == ',');
}

static void read_ranges(ranges_t *ranges, const char *header, apr_pool_t *pool)
{
    const char *at = header ? header : "";
    ranges->count = 0;
    while (*at && ranges->count < MAX_RANGES) {
        at += strspn(at, ", \t");
        if (read_range(&ranges->list[ranges->count], at, pool)) {
            ranges->count++;
        }
        at += strcspn(at, ",");
    }
}

/* Sorts by descending weight; stable. */
static void sort(ranges_t *ranges)
{
    for (int i = 1; i < ranges->count; i++) {
        range_t moved = ranges->list[i];
        int to = i;
        for (; to > 0 && ranges->list[to - 1].weight < moved.weight; to--) {
            ranges->list[to] = ranges->list[to - 1];
        }
        ranges->list[to] = moved;
    }
}

static bool is_refused(const ranges_t *ranges, const char *tag)
{
    for (int i = 0; i < ranges->count; i++) {
        if (ranges->list[i].weight == 0 && strcmp(ranges->list[i].tag, tag) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_there(const apr_array_header_t *languages, const char *tag)
{
    for (int i = 0; i < languages->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(languages, i, const char *), tag) == 0) {
            return true;
        }
    }
    return false;
}

/* One entry is reserved for the fallback. */
static void add(apr_array_header_t *languages, const ranges_t *ranges, const char *tag)
{
    if (languages->nelts < ORDERS_MAX_LANGUAGES - 1 && !is_there(languages, tag) &&
        !is_refused(ranges, tag)) {
        APR_ARRAY_PUSH(languages, const char *) = tag;
    }
}

/* Removes the last subtag, and a single-character subtag before it (RFC 4647, 3.4). */
static const char *wider(apr_pool_t *pool, const char *tag)
{
    const char *dash = strrchr(tag, '-');
    if (!dash) {
        return NULL;
    }
    apr_size_t length = (apr_size_t)(dash - tag);
    if (length > 2 && tag[length - 2] == '-') {
        length -= 2;
    }
    return apr_pstrndup(pool, tag, length);
}

apr_array_header_t *orders_languages(apr_pool_t *pool, const char *header, const char *fallback)
{
    apr_array_header_t *languages = apr_array_make(pool, 4, sizeof(const char *));
    ranges_t ranges;
    read_ranges(&ranges, header, pool);
    sort(&ranges);
    for (int i = 0; i < ranges.count && ranges.list[i].weight > 0; i++) {
        const char *tag = ranges.list[i].tag;
        for (tag = strcmp(tag, "*") == 0 ? fallback : tag; tag; tag = wider(pool, tag)) {
            add(languages, &ranges, tag);
        }
    }
    if (!is_there(languages, fallback)) {
        APR_ARRAY_PUSH(languages, const char *) = fallback;
    }
    return languages;
}
