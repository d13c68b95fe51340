/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Streaming JSON writer.
 *
 * Text is written into blocks of the pool that the writer was opened with; the writer adds commas. Out of memory aborts the process, as
 * everywhere in APR. The result is well formed if each begin function is followed by its end function (asserted in debug builds).
 * Strings should be UTF-8; invalid bytes are written as U+FFFD. A writer belongs to one thread.
 */
#ifndef ORDERS_CORE_JSON_WRITER_H
#define ORDERS_CORE_JSON_WRITER_H

#include <apr_pools.h>
#include <apr_time.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

typedef struct orders_json_t orders_json_t;

/** A new writer. Its blocks live in `pool`. */
orders_json_t *orders_json_open(apr_pool_t *pool);

void orders_json_begin_object(orders_json_t *json);
void orders_json_end_object(orders_json_t *json);
void orders_json_begin_array(orders_json_t *json);
void orders_json_end_array(orders_json_t *json);

/** A member's name; `name` must be plain ASCII that needs no escapes (our own literals). */
void orders_json_key(orders_json_t *json, const char *name);

/** NULL is written as null. */
void orders_json_string(orders_json_t *json, const char *text);
void orders_json_string_n(orders_json_t *json, const char *text, apr_size_t length);
void orders_json_int(orders_json_t *json, int64_t number);
void orders_json_uint(orders_json_t *json, uint64_t number);
void orders_json_bool(orders_json_t *json, bool value);
void orders_json_null(orders_json_t *json);
/** JSON text that is known to be valid (a jsonb column), verbatim; NULL is written as null. */
void orders_json_raw(orders_json_t *json, const char *text, apr_size_t length);
/** The members of an object, JSON text that is known to be valid, verbatim, as members of the object that is open. */
void orders_json_raw_members(orders_json_t *json, const char *object, apr_size_t length);
/** Writes minor units as an exact decimal number: 28404 with exponent 2 as 284.04, 28400 as 284 (no trailing zeros). */
void orders_json_decimal(orders_json_t *json, int64_t minor, int exponent);
/** ISO 8601 UTC: 2026-11-21T10:00:00Z, or with six decimals. */
void orders_json_time(orders_json_t *json, apr_time_t time);
void orders_json_time_us(orders_json_t *json, apr_time_t time);
/** 16 bytes as 8-4-4-4-12. */
void orders_json_uuid(orders_json_t *json, const unsigned char bytes[16]);

/* Members: key and value in one call. */
void orders_json_member_string(orders_json_t *json, const char *name, const char *text);
void orders_json_member_int(orders_json_t *json, const char *name, int64_t number);
void orders_json_member_bool(orders_json_t *json, const char *name, bool value);
void orders_json_member_null(orders_json_t *json, const char *name);
void orders_json_member_raw(orders_json_t *json, const char *name, const char *text,
                            apr_size_t length);

/** The bytes so far. */
apr_size_t orders_json_length(const orders_json_t *json);
/** Fills at most `max` entries with the blocks, in order; returns the number of blocks. */
int orders_json_blocks(const orders_json_t *json, struct iovec *blocks, int max);
/** All blocks as one NUL-terminated string in `pool` (for tests, problems' extras, providers). */
const char *orders_json_text(const orders_json_t *json, apr_pool_t *pool, apr_size_t *length);

#endif
