/* SPDX-License-Identifier: Apache-2.0 */
#include "core/csv.h"

#include <string.h>

void orders_csv_open(orders_csv_t *csv, char *text, apr_size_t length)
{
    *csv = (orders_csv_t){.at = text, .end = text + length, .next_line = 1};
}

/* The length of the line end at `at`: 0 within a line. The NUL at the end is not a line end. */
static int line_end(const char *at)
{
    return *at == '\n' ? 1 : *at == '\r' && at[1] == '\n' ? 2 : 0;
}

static void skip_blank_lines(orders_csv_t *csv)
{
    int length;
    while (csv->at < csv->end && (length = line_end(csv->at)) > 0) {
        csv->at += length;
        csv->next_line++;
    }
}

/* Reads up to the closing quote, and moves the text over the doubled quotes. */
static const char *read_quoted(orders_csv_t *csv)
{
    char *field = ++csv->at;
    char *to = field;
    while (csv->at < csv->end && (*csv->at != '"' || csv->at[1] == '"')) {
        if (*csv->at == '"') {
            csv->at++;
        } else if (*csv->at == '\n') {
            csv->next_line++;
        }
        *to++ = *csv->at++;
    }
    if (csv->at >= csv->end) {
        csv->fault = "A quoted field has no closing quote.";
        return NULL;
    }
    csv->at++;
    *to = '\0';
    return field;
}

static const char *read_plain(orders_csv_t *csv)
{
    char *field = csv->at;
    while (csv->at < csv->end && *csv->at != ',' && !line_end(csv->at)) {
        if (*csv->at == '"' || *csv->at == '\r') {
            csv->fault = *csv->at == '"' ? "A field without quotes contains a quote."
                                         : "A carriage return is not followed by a line feed.";
            return NULL;
        }
        csv->at++;
    }
    return field;
}

/* After a field: whether another one follows in this record. The byte after the field becomes its NUL. */
static bool end_field(orders_csv_t *csv, bool *more)
{
    int length = csv->at < csv->end ? line_end(csv->at) : 0;
    *more = csv->at < csv->end && *csv->at == ',';
    if (!*more && !length && csv->at < csv->end) {
        csv->fault = "Text follows a closing quote.";
        return false;
    }
    if (csv->at < csv->end) {
        *csv->at = '\0';
        csv->at += *more ? 1 : length;
        csv->next_line += !*more;
    }
    return true;
}

bool orders_csv_read(orders_csv_t *csv, apr_array_header_t *fields)
{
    bool more = true;
    apr_array_clear(fields);
    skip_blank_lines(csv);
    csv->line = csv->next_line;
    if (csv->fault || csv->at >= csv->end) {
        return false;
    }
    while (more) {
        if (fields->nelts == ORDERS_CSV_MAX_FIELDS) {
            csv->fault = "A line has more than 100 fields.";
            return false;
        }
        const char *field = *csv->at == '"' ? read_quoted(csv) : read_plain(csv);
        if (!field || !end_field(csv, &more)) {
            return false;
        }
        APR_ARRAY_PUSH(fields, const char *) = field;
    }
    return true;
}
