/* SPDX-License-Identifier: Apache-2.0 */
#include "core/trace.h"

#include <apr_strings.h>
#include <stdbool.h>
#include <string.h>

#define VERSION 0
#define TRACE_ID 3
#define TRACE_ID_LENGTH 32
#define PARENT_ID 36
#define PARENT_ID_LENGTH 16
#define FLAGS 53
#define LENGTH 55
/** The flag of version 00: the caller may have recorded the request. */
#define SAMPLED 1

/** The value of a hexadecimal digit. Capital letters are not allowed. -1: another character. */
static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_hex(const char *text, int length)
{
    for (int i = 0; i < length; i++) {
        if (digit_of(text[i]) < 0) {
            return false;
        }
    }
    return true;
}

/** An id consists of digits that are not all zero. */
static bool is_id(const char *text, int length)
{
    return is_hex(text, length) && strspn(text, "0") < (size_t)length;
}

const char *orders_trace_parent(apr_pool_t *pool, const char *header)
{
    size_t length = header ? strlen(header) : 0;
    char *parent;

    if (length < LENGTH || !is_hex(header + VERSION, 2) || header[TRACE_ID - 1] != '-' ||
        !is_id(header + TRACE_ID, TRACE_ID_LENGTH) || header[PARENT_ID - 1] != '-' ||
        !is_id(header + PARENT_ID, PARENT_ID_LENGTH) || header[FLAGS - 1] != '-' ||
        !is_hex(header + FLAGS, 2) || !strncmp(header, "ff", 2)) {
        return NULL;
    }
    if (!strncmp(header, "00", 2)) {
        return length == LENGTH ? header : NULL;
    }
    if (length > LENGTH && header[LENGTH] != '-') {
        return NULL;
    }
    parent = apr_pstrmemdup(pool, header, LENGTH);
    parent[0] = parent[1] = parent[FLAGS] = '0';
    parent[FLAGS + 1] = digit_of(header[FLAGS + 1]) & SAMPLED ? '1' : '0';
    return parent;
}

const char *orders_trace_id(apr_pool_t *pool, const char *parent)
{
    return apr_pstrmemdup(pool, parent + TRACE_ID, TRACE_ID_LENGTH);
}
