/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_strings.h>
#include <string.h>
#include <strings.h>

#include "core/input.h"
#include "core/text.h"

#define MAX_BOUNDARY 70

/** Position of the parser in the body. */
typedef struct {
    const char *at, *end;
    const char *delimiter; /* CRLF, two dashes and the boundary */
    apr_size_t delimiter_length;
} parts_t;

static const char *find(const char *at, const char *end, const char *what, apr_size_t length)
{
    return memmem(at, (apr_size_t)(end - at), what, length);
}

/** The next semicolon that is not within quotes, or NULL. */
static const char *next_semicolon(const char *at, const char *end)
{
    bool quoted = false;

    for (; at < end; at++) {
        if (*at == '"') {
            quoted = !quoted;
        } else if (*at == ';' && !quoted) {
            return at;
        }
    }
    return NULL;
}

/**
 * The value of a parameter (name="value" or name=value) of a header's value, or NULL. `end` bounds the header; the header
 * need not end with a NUL.
 */
static const char *parameter(apr_pool_t *pool, const char *at, const char *end, const char *name)
{
    apr_size_t length = strlen(name);

    while ((at = next_semicolon(at, end))) {
        const char *stop;

        for (at++; at < end && (*at == ' ' || *at == '\t'); at++) {}
        if ((apr_size_t)(end - at) <= length || strncasecmp(at, name, length) != 0 ||
            at[length] != '=') {
            continue;
        }
        at += length + 1;
        if (at < end && *at == '"') {
            at++;
            stop = memchr(at, '"', (apr_size_t)(end - at));
            return stop ? apr_pstrmemdup(pool, at, (apr_size_t)(stop - at)) : NULL;
        }
        for (stop = at; stop < end && *stop != ';' && *stop != ' ' && *stop != '\t'; stop++) {}
        return apr_pstrmemdup(pool, at, (apr_size_t)(stop - at));
    }
    return NULL;
}

/** Moves past the next delimiter and sets `*content_end` to its start. False: no delimiter. */
static bool pass_delimiter(parts_t *parts, const char **content_end)
{
    const char *found = find(parts->at, parts->end, parts->delimiter, parts->delimiter_length);

    if (!found) {
        return false;
    }
    *content_end = found;
    parts->at = found + parts->delimiter_length;
    return true;
}

/** Parses a header line "Name: value". False at the empty line or when no line follows. */
static bool next_header(parts_t *parts, const char **line, const char **line_end)
{
    const char *stop = find(parts->at, parts->end, "\r\n", 2);

    if (!stop) {
        return false;
    }
    *line = parts->at;
    *line_end = stop;
    parts->at = stop + 2;
    return stop > *line;
}

static bool header_is(const char *line, const char *line_end, const char *name)
{
    apr_size_t length = strlen(name);

    return (apr_size_t)(line_end - line) > length && strncasecmp(line, name, length) == 0 &&
           line[length] == ':';
}

/** Whether the value of Content-Transfer-Encoding is an identity encoding (RFC 2045, 6.2). */
static bool is_identity(const char *line, const char *line_end)
{
    static const char *const encodings[] = {"7bit", "8bit", "binary"};
    const char *value = memchr(line, ':', (apr_size_t)(line_end - line));
    apr_size_t length;

    for (value++; value < line_end && (*value == ' ' || *value == '\t'); value++) {}
    while (line_end > value && (line_end[-1] == ' ' || line_end[-1] == '\t')) {
        line_end--;
    }
    length = (apr_size_t)(line_end - value);
    for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
        if (strlen(encodings[i]) == length && strncasecmp(value, encodings[i], length) == 0) {
            return true;
        }
    }
    return false;
}

/** Parses the headers of a part and finds its name. NULL, or the end of an error message. */
static const char *read_headers(parts_t *parts, apr_pool_t *pool, const char **name)
{
    const char *line, *line_end;

    *name = NULL;
    while (next_header(parts, &line, &line_end)) {
        if (!memchr(line, ':', (apr_size_t)(line_end - line))) {
            return "has a malformed header";
        }
        if (header_is(line, line_end, "Content-Disposition")) {
            if (parameter(pool, line, line_end, "filename") ||
                parameter(pool, line, line_end, "filename*")) {
                return "is a file";
            }
            *name = parameter(pool, line, line_end, "name");
        } else if (header_is(line, line_end, "Content-Transfer-Encoding") &&
                   !is_identity(line, line_end)) {
            return "has a transfer encoding";
        }
    }
    if (!*name || !orders_utf8_valid(*name, strlen(*name))) {
        return "has no name";
    }
    return NULL;
}

static const char *read_part(parts_t *parts, orders_input_t *input)
{
    const char *name, *start, *stop;
    const char *fault = read_headers(parts, input->pool, &name);

    if (fault) {
        return fault;
    }
    start = parts->at;
    parts->at -= 2; /* the end of the empty line may be the start of the delimiter */
    if (!pass_delimiter(parts, &stop)) {
        return "does not end";
    }
    stop = stop < start ? start : stop;
    if (memchr(start, '\0', (apr_size_t)(stop - start)) ||
        !orders_utf8_valid(start, (apr_size_t)(stop - start))) {
        return "is not UTF-8 text";
    }
    return orders_input_add_pair(input, name,
                                 apr_pstrmemdup(input->pool, start, (apr_size_t)(stop - start)));
}

static orders_problem_t *malformed(apr_pool_t *pool, const char *detail)
{
    return orders_problem(pool, ORDERS_E_malformed_form, detail);
}

/** After a delimiter: 1 if a part follows, 0 at the end, -1 for a syntax error. */
static int follows(parts_t *parts)
{
    if (parts->end - parts->at >= 2 && memcmp(parts->at, "--", 2) == 0) {
        return 0;
    }
    for (; parts->at < parts->end && (*parts->at == ' ' || *parts->at == '\t'); parts->at++) {}
    if (parts->end - parts->at >= 2 && memcmp(parts->at, "\r\n", 2) == 0) {
        parts->at += 2;
        return 1;
    }
    return -1;
}

static orders_problem_t *read_parts(parts_t *parts, orders_input_t *input)
{
    int number = 0;
    int more;

    while ((more = follows(parts)) == 1) {
        const char *fault = read_part(parts, input);

        number++;
        if (fault) {
            return malformed(input->pool, apr_psprintf(input->pool, "Part %d %s.", number, fault));
        }
    }
    return more == 0 ? NULL : malformed(input->pool, "The last boundary is missing.");
}

orders_problem_t *orders_input_multipart(orders_input_t **input, apr_pool_t *pool,
                                         const char *content_type, const char *text,
                                         apr_size_t length, const char *repeated)
{
    parts_t parts = {.at = text, .end = text + length};
    const char *boundary =
        parameter(pool, content_type, content_type + strlen(content_type), "boundary");
    const char *ignored;

    if (!boundary || !*boundary || strlen(boundary) > MAX_BOUNDARY) {
        return malformed(pool, "The content type names no boundary.");
    }
    parts.delimiter = apr_pstrcat(pool, "\r\n--", boundary, NULL);
    parts.delimiter_length = strlen(parts.delimiter);
    if (length >= parts.delimiter_length - 2 &&
        memcmp(text, parts.delimiter + 2, parts.delimiter_length - 2) == 0) {
        parts.at += parts.delimiter_length - 2;
    } else if (!pass_delimiter(&parts, &ignored)) {
        return malformed(pool, "The first boundary is missing.");
    }
    *input = orders_input_pairs(pool, repeated);
    return read_parts(&parts, *input);
}
