/* SPDX-License-Identifier: Apache-2.0 */
#include "core/json_writer.h"

#include <assert.h>
#include <string.h>

#include "core/money.h"
#include "core/number.h"
#include "core/text.h"
#include "core/time.h"

/* Blocks that fill whole pages of APR's allocator, whose own header needs some bytes of each. */
#define BLOCK_OVERHEAD 160
#define FIRST_BLOCK (4096 - BLOCK_OVERHEAD)
#define LARGEST_BLOCK (65536 - BLOCK_OVERHEAD)

typedef struct block_t {
    struct block_t *next;
    char *start;
    apr_size_t length; /* valid once the block is no longer the last one */
} block_t;

struct orders_json_t {
    char *at;   /* where the next byte goes */
    char *end;  /* of the last block */
    bool comma; /* a comma is due before the next key or value */
    apr_pool_t *pool;
    block_t *first, *last;
    apr_size_t closed; /* bytes in all blocks but the last */
    int depth;
};

static block_t *block_make(apr_pool_t *pool, apr_size_t size)
{
    block_t *block = apr_palloc(pool, sizeof(*block) + size);

    block->next = NULL;
    block->start = (char *)(block + 1);
    block->length = 0;
    return block;
}

orders_json_t *orders_json_open(apr_pool_t *pool)
{
    orders_json_t *json = apr_pcalloc(pool, sizeof(*json));

    json->pool = pool;
    json->first = json->last = block_make(pool, FIRST_BLOCK);
    json->at = json->first->start;
    json->end = json->at + FIRST_BLOCK;
    return json;
}

/** Opens a further block of at least `size` bytes, twice as large as the last one up to a limit. */
static void grow(orders_json_t *json, apr_size_t size)
{
    apr_size_t next = 2 * ((apr_size_t)(json->end - json->last->start) + BLOCK_OVERHEAD);

    next = (next > LARGEST_BLOCK + BLOCK_OVERHEAD ? LARGEST_BLOCK + BLOCK_OVERHEAD : next) -
           BLOCK_OVERHEAD;
    if (next < size) {
        next = size;
    }
    json->last->length = (apr_size_t)(json->at - json->last->start);
    json->closed += json->last->length;
    json->last->next = block_make(json->pool, next);
    json->last = json->last->next;
    json->at = json->last->start;
    json->end = json->at + next;
}

/** Returns room for `size` contiguous bytes. The caller advances json->at. */
static inline char *reserve(orders_json_t *json, apr_size_t size)
{
    if ((apr_size_t)(json->end - json->at) < size) {
        grow(json, size);
    }
    return json->at;
}

/** Writes bytes of any length, in several blocks if necessary. */
static void put(orders_json_t *json, const char *text, apr_size_t length)
{
    apr_size_t room = (apr_size_t)(json->end - json->at);

    if (length > room) {
        memcpy(json->at, text, room);
        json->at += room;
        text += room;
        length -= room;
        grow(json, length);
    }
    memcpy(json->at, text, length);
    json->at += length;
}

/** Reserves `size` bytes for a value, and writes the comma before it if necessary. */
static inline char *value(orders_json_t *json, apr_size_t size)
{
    char *to = reserve(json, size + 1);

    if (json->comma) {
        *to++ = ',';
    }
    json->comma = true;
    return to;
}

static void begin(orders_json_t *json, char bracket)
{
    char *to = value(json, 1);

    *to++ = bracket;
    json->at = to;
    json->comma = false;
    json->depth++;
}

static void end(orders_json_t *json, char bracket)
{
    assert(json->depth > 0);
    *reserve(json, 1) = bracket;
    json->at++;
    json->comma = true;
    json->depth--;
}

void orders_json_begin_object(orders_json_t *json)
{
    begin(json, '{');
}

void orders_json_end_object(orders_json_t *json)
{
    end(json, '}');
}

void orders_json_begin_array(orders_json_t *json)
{
    begin(json, '[');
}

void orders_json_end_array(orders_json_t *json)
{
    end(json, ']');
}

void orders_json_key(orders_json_t *json, const char *name)
{
    apr_size_t length = strlen(name);
    char *to = value(json, length + 3);

    *to++ = '"';
    memcpy(to, name, length);
    to += length;
    *to++ = '"';
    *to++ = ':';
    json->at = to;
    json->comma = false;
}

/** Writes a short literal: null, true, false. */
static void write_literal(orders_json_t *json, const char *text, apr_size_t length)
{
    char *to = value(json, length);

    memcpy(to, text, length);
    json->at = to + length;
}

void orders_json_null(orders_json_t *json)
{
    write_literal(json, "null", 4);
}

void orders_json_bool(orders_json_t *json, bool value)
{
    write_literal(json, value ? "true" : "false", value ? 4 : 5);
}

/* Class of a byte in a string: 0 is copied, 'u' needs a \u00XX escape, 'm' is part of a multi-byte sequence, any other value is its escape. */
static const char needs[256] = {
    [0] = 'u',    [1] = 'u',    [2] = 'u',    [3] = 'u',     [4] = 'u',           [5] = 'u',
    [6] = 'u',    [7] = 'u',    ['\b'] = 'b', ['\t'] = 't',  ['\n'] = 'n',        [11] = 'u',
    ['\f'] = 'f', ['\r'] = 'r', [14] = 'u',   [15] = 'u',    [16] = 'u',          [17] = 'u',
    [18] = 'u',   [19] = 'u',   [20] = 'u',   [21] = 'u',    [22] = 'u',          [23] = 'u',
    [24] = 'u',   [25] = 'u',   [26] = 'u',   [27] = 'u',    [28] = 'u',          [29] = 'u',
    [30] = 'u',   [31] = 'u',   ['"'] = '"',  ['\\'] = '\\', [128 ... 255] = 'm',
};

static void escape(orders_json_t *json, unsigned char byte)
{
    static const char hex[] = "0123456789abcdef";
    char *to = reserve(json, 6);

    *to++ = '\\';
    *to++ = needs[byte];
    if (needs[byte] == 'u') {
        *to++ = '0';
        *to++ = '0';
        *to++ = hex[byte >> 4];
        *to++ = hex[byte & 15];
    }
    json->at = to;
}

#define EACH_BYTE(byte) (0x0101010101010101u * (byte))

/** Whether eight bytes are ASCII without escapes. May be false for such bytes too. */
static inline bool eight_clean(const char *at)
{
    uint64_t eight, quote, backslash;

    memcpy(&eight, at, sizeof(eight));
    quote = eight ^ EACH_BYTE('"');
    backslash = eight ^ EACH_BYTE('\\');
    return ((eight | (eight - EACH_BYTE(0x20)) | (quote - EACH_BYTE(1)) |
             (backslash - EACH_BYTE(1))) &
            EACH_BYTE(0x80)) == 0;
}

/** Skips bytes that can be copied: ASCII without escapes, and valid sequences. */
static const char *clean_run(const char *at, const char *end)
{
    while (end - at >= 8 && eight_clean(at)) {
        at += 8;
    }
    while (at < end) {
        char need = needs[(unsigned char)*at];

        if (need == 0) {
            at++;
        } else if (need == 'm') {
            apr_size_t step = orders_utf8_sequence(at, end);

            if (step == 0) {
                break;
            }
            at += step;
        } else {
            break;
        }
    }
    return at;
}

void orders_json_string_n(orders_json_t *json, const char *text, apr_size_t length)
{
    const char *end = text + length;
    char *to = value(json, 1);

    *to++ = '"';
    json->at = to;
    while (text < end) {
        const char *stop = clean_run(text, end);

        put(json, text, (apr_size_t)(stop - text));
        if (stop == end) {
            break;
        }
        if (needs[(unsigned char)*stop] == 'm') {
            put(json, "\xEF\xBF\xBD", 3); /* U+FFFD in place of the byte */
        } else {
            escape(json, (unsigned char)*stop);
        }
        text = stop + 1;
    }
    *reserve(json, 1) = '"';
    json->at++;
}

void orders_json_string(orders_json_t *json, const char *text)
{
    if (text) {
        orders_json_string_n(json, text, strlen(text));
    } else {
        orders_json_null(json);
    }
}

void orders_json_int(orders_json_t *json, int64_t number)
{
    char *to = value(json, ORDERS_NUMBER_SIZE);

    json->at = to + orders_number_write_int(to, number);
}

void orders_json_uint(orders_json_t *json, uint64_t number)
{
    char *to = value(json, ORDERS_NUMBER_SIZE);

    json->at = to + orders_number_write_uint(to, number);
}

void orders_json_raw(orders_json_t *json, const char *text, apr_size_t length)
{
    if (!text || length == 0) {
        orders_json_null(json);
        return;
    }
    json->at = value(json, 1);
    put(json, text, length);
}

void orders_json_raw_members(orders_json_t *json, const char *object, apr_size_t length)
{
    if (object && length > 2) { /* not {} */
        orders_json_raw(json, object + 1, length - 2);
    }
}

void orders_json_decimal(orders_json_t *json, int64_t minor, int exponent)
{
    char *to = value(json, ORDERS_MONEY_SIZE);

    json->at = to + orders_money_write(to, minor, exponent, true);
}

static void write_time(orders_json_t *json, apr_time_t time, bool micros)
{
    char text[ORDERS_TIME_SIZE];
    apr_size_t length = orders_time_write(text + 1, time, micros);

    if (length == 0) {
        orders_json_null(json);
        return;
    }
    text[0] = text[length + 1] = '"';
    write_literal(json, text, length + 2);
}

void orders_json_time(orders_json_t *json, apr_time_t time)
{
    write_time(json, time, false);
}

void orders_json_time_us(orders_json_t *json, apr_time_t time)
{
    write_time(json, time, true);
}

void orders_json_uuid(orders_json_t *json, const unsigned char bytes[16])
{
    static const char hex[] = "0123456789abcdef";
    char *to = value(json, 38);
    int at;

    *to++ = '"';
    for (at = 0; at < 16; at++) {
        if (at == 4 || at == 6 || at == 8 || at == 10) {
            *to++ = '-';
        }
        *to++ = hex[bytes[at] >> 4];
        *to++ = hex[bytes[at] & 15];
    }
    *to++ = '"';
    json->at = to;
}

void orders_json_member_string(orders_json_t *json, const char *name, const char *text)
{
    orders_json_key(json, name);
    orders_json_string(json, text);
}

void orders_json_member_int(orders_json_t *json, const char *name, int64_t number)
{
    orders_json_key(json, name);
    orders_json_int(json, number);
}

void orders_json_member_bool(orders_json_t *json, const char *name, bool value)
{
    orders_json_key(json, name);
    orders_json_bool(json, value);
}

void orders_json_member_null(orders_json_t *json, const char *name)
{
    orders_json_key(json, name);
    orders_json_null(json);
}

void orders_json_member_raw(orders_json_t *json, const char *name, const char *text,
                            apr_size_t length)
{
    orders_json_key(json, name);
    orders_json_raw(json, text, length);
}

apr_size_t orders_json_length(const orders_json_t *json)
{
    return json->closed + (apr_size_t)(json->at - json->last->start);
}

static apr_size_t block_length(const orders_json_t *json, const block_t *block)
{
    return block == json->last ? (apr_size_t)(json->at - block->start) : block->length;
}

int orders_json_blocks(const orders_json_t *json, struct iovec *blocks, int max)
{
    const block_t *block;
    int count = 0;

    for (block = json->first; block; block = block->next, count++) {
        if (count < max) {
            blocks[count].iov_base = block->start;
            blocks[count].iov_len = block_length(json, block);
        }
    }
    return count;
}

const char *orders_json_text(const orders_json_t *json, apr_pool_t *pool, apr_size_t *length)
{
    apr_size_t total = orders_json_length(json);
    char *text = apr_palloc(pool, total + 1);
    char *to = text;
    const block_t *block;

    assert(json->depth == 0);
    for (block = json->first; block; block = block->next) {
        memcpy(to, block->start, block_length(json, block));
        to += block_length(json, block);
    }
    *to = '\0';
    if (length) {
        *length = total;
    }
    return text;
}
