/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A strict reader of CSV (RFC 4180): fields are separated by commas. A field may be in double quotes; a double quote inside it is
 * doubled. Lines end with LF or CR LF; blank lines are skipped. A quote inside a field without quotes, text after a closing quote,
 * an open quote at the end, and more than ORDERS_CSV_MAX_FIELDS fields in a line are errors.
 */
#ifndef ORDERS_CORE_CSV_H
#define ORDERS_CORE_CSV_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <stdbool.h>

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

#endif
