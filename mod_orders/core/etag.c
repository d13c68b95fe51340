/* SPDX-License-Identifier: Apache-2.0 */
#include "core/etag.h"

#include <apr_strings.h>
#include <string.h>

#include "core/digest.h"
#include "core/number.h"

const char *orders_etag(apr_pool_t *pool, int64_t version, const char *rest)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a: tells apart, protects nothing */
    unsigned char bytes[8];
    int at;

    if (!rest) {
        return apr_psprintf(pool, "\"%" APR_INT64_T_FMT "\"", version);
    }
    for (; *rest; rest++) {
        hash = (hash ^ (unsigned char)*rest) * 1099511628211u;
    }
    for (at = 0; at < 8; at++) {
        bytes[at] = (unsigned char)(hash >> (8 * at));
    }
    return apr_psprintf(pool, "\"%" APR_INT64_T_FMT "-%s\"", version,
                        orders_base64url(pool, bytes, sizeof(bytes)));
}

/** A tag of a list: what is between its quotes. */
typedef struct {
    const char *start;
    apr_size_t length;
    bool weak;
} tag_t;

/** Takes the next tag of a list; false at its end and where it stops being one. */
static bool next_tag(const char **at, tag_t *tag)
{
    *at += strspn(*at, ", \t");
    tag->weak = strncmp(*at, "W/", 2) == 0;
    *at += tag->weak ? 2 : 0;
    if (**at != '"') {
        return false;
    }
    tag->start = ++*at;
    while (**at && **at != '"' && (unsigned char)**at > 0x20 && **at != 0x7F) {
        (*at)++;
    }
    tag->length = (apr_size_t)(*at - tag->start);
    if (**at != '"') {
        return false;
    }
    (*at)++;
    return **at == '\0' || strchr(", \t", **at);
}

static bool is_star(const char *header)
{
    header += strspn(header, " \t");
    return *header == '*' && header[1 + strspn(header + 1, " \t")] == '\0';
}

/** Whether the tag is `opaque`, as it was sent or as a compressing filter marks it. */
static bool same(const tag_t *tag, const char *opaque, apr_size_t length)
{
    apr_size_t more = tag->length - length;

    if (tag->length < length || memcmp(tag->start, opaque, length) != 0) {
        return false;
    }
    return more == 0 || (more == 5 && memcmp(tag->start + length, "-gzip", 5) == 0) ||
           (more == 3 && memcmp(tag->start + length, "-br", 3) == 0);
}

bool orders_etag_none_match(const char *header, const char *etag)
{
    tag_t ours, theirs;

    if (!header || !etag || !next_tag(&etag, &ours)) {
        return false;
    }
    if (is_star(header)) {
        return true;
    }
    while (next_tag(&header, &theirs)) {
        if (same(&theirs, ours.start, ours.length)) {
            return true;
        }
    }
    return false;
}

orders_if_match_e orders_etag_if_match(const char *header, int32_t *version)
{
    orders_if_match_e outcome = ORDERS_IF_MATCH_NEVER;
    tag_t tag;

    if (!header || is_star(header)) {
        return ORDERS_IF_MATCH_ANY;
    }
    *version = 0;
    while (next_tag(&header, &tag)) {
        const char *dash = memchr(tag.start, '-', tag.length);
        apr_size_t length = dash ? (apr_size_t)(dash - tag.start) : tag.length;
        int64_t number;

        if (!tag.weak && orders_number_n(tag.start, length, 1, INT32_MAX, &number) == 0 &&
            number > *version) {
            *version = (int32_t)number;
            outcome = ORDERS_IF_MATCH_VERSION;
        }
    }
    return outcome;
}
