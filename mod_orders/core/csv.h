/* SPDX-License-Identifier: Apache-2.0 */
/**
 * CSV (RFC 4180).
 *
 * The reader is strict: fields are separated by commas. A field may be in double quotes; a double quote inside it is
 * doubled. Lines end with LF or CR LF; blank lines are skipped. A quote inside a field without quotes, text after a closing quote,
 * an open quote at the end, and more than ORDERS_CSV_MAX_FIELDS fields in a line are errors.
 */
#ifndef ORDERS_CORE_CSV_H
#define ORDERS_CORE_CSV_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/problem.h"

#define ORDERS_CSV_MAX_FIELDS 100

typedef struct orders_csv_t {
    char *at, *end;
    int line;          /**< where the record that was read last begins, from 1 */
    int next_line;     /**< internal */
    const char *fault; /**< a sentence about that line; NULL: none */
} orders_csv_t;

/** Starts reading. The text must be writable and end with a NUL at text[length]; fields point into it. */
void orders_csv_open(orders_csv_t *csv, char *text, apr_size_t length);

/**
 * Reads a record into `fields`, an array of const char * that is cleared first. False: there is no further record, or, if
 * `csv->fault` is set, the text is not valid.
 */
bool orders_csv_read(orders_csv_t *csv, apr_array_header_t *fields) ORDERS_MUSTCHECK;

/**
 * Writes records into memory of a pool. Fields are separated by commas, records end with CR LF, and a field is quoted if necessary.
 * A caller that streams takes `text` and `length` after some records, and then calls orders_csv_clear().
 */
typedef struct orders_csv_writer_t {
    apr_pool_t *pool;
    char *text;        /**< not NUL-terminated */
    apr_size_t length; /**< of `text`, in bytes */
    apr_size_t size;   /**< internal */
    bool in_record;    /**< internal */
} orders_csv_writer_t;

void orders_csv_writer_open(orders_csv_writer_t *csv, apr_pool_t *pool);

/**
 * Writes a field; NULL is an empty field. A spreadsheet takes a field that begins with = + - @, a tab, CR, LF or a full-width form of these
 * signs as a formula: it is written with an apostrophe in front, also if only spaces precede the sign.
 */
void orders_csv_text(orders_csv_writer_t *csv, const char *text);
/** Writes an integer, which is not a formula even if it is negative. */
void orders_csv_int(orders_csv_writer_t *csv, int64_t value);
void orders_csv_end_record(orders_csv_writer_t *csv);
/** Forgets the text that was written; its memory is used again. */
void orders_csv_clear(orders_csv_writer_t *csv);

#endif
