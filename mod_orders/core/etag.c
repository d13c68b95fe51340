/* SPDX-License-Identifier: Apache-2.0 */
#include "core/etag.h"

#include <apr_strings.h>
#include <string.h>

#include "core/digest.h"
#include "core/number.h"

#define CHECK_BYTES 6
#define DOCUMENT_TAG_LENGTH 24

/** Writes the part before the dot; orders_v1.version_tag (sql/rules/moves.sql) computes the same. NULL without SHA-256. */
static const char *version_tag(apr_pool_t *pool, int64_t order, int64_t version)
{
    unsigned char digest[ORDERS_SHA256_SIZE];
    const char *text = apr_psprintf(pool, "%" APR_INT64_T_FMT "-%" APR_INT64_T_FMT, order, version);

    return orders_sha256(digest, text, strlen(text))
               ? apr_psprintf(pool, "%" APR_INT64_T_FMT "-%s", version,
                              orders_hex(pool, digest, CHECK_BYTES))
               : NULL;
}

/** Adds the checksum of the view to the part before the dot. */
static const char *with_view(apr_pool_t *pool, const char *tag, const char *view)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a: not a cryptographic hash */
    unsigned char bytes[8];
    int at;

    for (; *view; view++) {
        hash = (hash ^ (unsigned char)*view) * 1099511628211u;
    }
    for (at = 0; at < 8; at++) {
        bytes[at] = (unsigned char)(hash >> (8 * at));
    }
    return apr_psprintf(pool, "\"%s.%s\"", tag, orders_base64url(pool, bytes, sizeof(bytes)));
}

const char *orders_etag(apr_pool_t *pool, int64_t order, int64_t version, const char *view)
{
    const char *tag = version_tag(pool, order, version);

    return tag ? with_view(pool, tag, view) : NULL;
}

const char *orders_etag_document(apr_pool_t *pool, const char *tag, const char *view)
{
    return with_view(pool, tag, view);
}

/** A tag of a list, without its quotes. */
typedef struct {
    const char *start;
    apr_size_t length;
    bool weak;
} tag_t;

/** Parses the next tag of a list. False at the end or at a syntax error. */
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

/** Whether the tag equals `opaque`, with or without the suffix of a compressing filter. */
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

/** Whether a text has the form of a version tag: "7-0123456789ab". */
static bool is_version_tag(const char *text, apr_size_t length)
{
    const char *dash = memchr(text, '-', length);
    apr_size_t digits = dash ? (apr_size_t)(dash - text) : 0;
    int64_t number;

    return dash && length - digits - 1 == 2 * CHECK_BYTES &&
           strspn(dash + 1, "0123456789abcdef") >= 2 * CHECK_BYTES &&
           orders_number_n(text, digits, 1, INT32_MAX, &number) == ORDERS_NUMBER_OK;
}

static bool is_document_tag(const char *text, apr_size_t length)
{
    return length == DOCUMENT_TAG_LENGTH && strspn(text, "0123456789abcdef") >= DOCUMENT_TAG_LENGTH;
}

bool orders_etag_is_any(const char *header)
{
    return header && is_star(header);
}

static orders_if_match_e tags_of(const char *header, apr_pool_t *pool,
                                 bool (*has_form)(const char *text, apr_size_t length),
                                 apr_array_header_t **tags)
{
    tag_t tag;

    *tags = NULL;
    if (!header || is_star(header)) {
        return ORDERS_IF_MATCH_ANY;
    }
    *tags = apr_array_make(pool, 2, sizeof(const char *));
    while (next_tag(&header, &tag)) {
        const char *dot = memchr(tag.start, '.', tag.length);
        apr_size_t length = dot ? (apr_size_t)(dot - tag.start) : 0;

        if (!tag.weak && has_form(tag.start, length)) {
            APR_ARRAY_PUSH(*tags, const char *) = apr_pstrmemdup(pool, tag.start, length);
        }
    }
    return (*tags)->nelts ? ORDERS_IF_MATCH_TAGS : ORDERS_IF_MATCH_NEVER;
}

orders_if_match_e orders_etag_if_match(const char *header, apr_pool_t *pool,
                                       apr_array_header_t **tags)
{
    return tags_of(header, pool, is_version_tag, tags);
}

orders_if_match_e orders_etag_if_match_document(const char *header, apr_pool_t *pool,
                                                apr_array_header_t **tags)
{
    return tags_of(header, pool, is_document_tag, tags);
}
