/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The reader of results: rows and composite values become structs.
 *
 * C declares each type once, as a table of fields. Columns of a result are found by name, whatever their order: a column that the
 * result lacks leaves its member zero, a column that the table lacks is ignored. Attributes of composite values are found by
 * position: a value may have more attributes than the table, never fewer. Types are always compared.
 *
 * Nothing is copied: texts, UUIDs and documents point into the PGresult, and texts and documents end with a NUL. They live as long
 * as the pool that the result was executed with. The NUL of a text inside a composite value replaces bytes of the value: a column
 * of composite values is read once, as part of one type.
 *
 * Nulls: NULL for texts, documents, UUIDs and records, 0 for numbers and times, false. Arrays are never NULL.
 */
#ifndef ORDERS_STORE_ROWS_H
#define ORDERS_STORE_ROWS_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/problem.h"

/** A value of type jsonb, verbatim. */
typedef struct orders_document_t {
    const char *text;
    int length;
} orders_document_t;

/** PostgreSQL's OIDs of the types used (catalog/pg_type.dat; they never change). */
enum {
    ORDERS_OID_BOOL = 16,
    ORDERS_OID_INT8 = 20,
    ORDERS_OID_INT2 = 21,
    ORDERS_OID_INT4 = 23,
    ORDERS_OID_TEXT = 25,
    ORDERS_OID_TIMESTAMPTZ = 1184,
    ORDERS_OID_UUID = 2950,
    ORDERS_OID_JSONB = 3802
};

/** What a member holds, known to the compiler. */
typedef enum {
    ORDERS_HOLDS_NUMBER, /**< int64_t: an integer, or a time in microseconds since 1970; infinity is 0 */
    ORDERS_HOLDS_BOOL,
    ORDERS_HOLDS_TEXT,
    ORDERS_HOLDS_BYTES, /**< const unsigned char *: the 16 bytes of a UUID */
    ORDERS_HOLDS_DOCUMENT,
    ORDERS_HOLDS_RECORD, /**< a pointer to the struct of another type */
    ORDERS_HOLDS_ARRAY   /**< apr_array_header_t * of the structs of another type */
} orders_holds_e;

typedef struct orders_row_type_t orders_row_type_t;

typedef struct orders_row_field_t {
    const char *column;
    Oid type; /**< 0 for records and arrays: their OIDs differ between databases */
    orders_holds_e holds;
    size_t offset;               /**< of the member */
    const orders_row_type_t *of; /**< of a record, or of an array's elements; else NULL */
} orders_row_field_t;

/** One type: a struct, and where its members come from. */
struct orders_row_type_t {
    const char *
        name; /**< of PostgreSQL's type in schema orders_v1, or of what a statement makes up, for the log */
    const char *
        key; /**< the column that is null where an outer join has found no row; NULL: every row counts */
    size_t size;
    const orders_row_field_t *fields;
    size_t count;
};

/** A field whose column has the name `name`; ORDERS_ROW_FIELD: that of the member. */
#define ORDERS_ROW_COLUMN(owner, oid, name, member)                                                  \
    {                                                                                                \
        .column = (name), .type = ORDERS_OID_##oid,                                                \
        .holds = _Generic(((owner *)0)->member,                                                    \
                 int64_t: ORDERS_HOLDS_NUMBER,                                                     \
                 bool: ORDERS_HOLDS_BOOL,                                                          \
                 const char *: ORDERS_HOLDS_TEXT,                                                  \
                 const unsigned char *: ORDERS_HOLDS_BYTES,                                        \
                 orders_document_t: ORDERS_HOLDS_DOCUMENT),                                        \
        .offset = offsetof(owner, member) \
    }
#define ORDERS_ROW_FIELD(owner, oid, member) ORDERS_ROW_COLUMN(owner, oid, #member, member)

/** An array of records of `element`, and a record of it that may be null. */
#define ORDERS_ROW_ARRAY(owner, name, member, element)                                             \
    {                                                                                              \
        .column = (name),                                                                          \
        .holds = _Generic(((owner *)0)->member, apr_array_header_t *                               \
                          : ORDERS_HOLDS_ARRAY),                                                   \
        .offset = offsetof(owner, member), .of = (element)                                         \
    }
#define ORDERS_ROW_RECORD(owner, name, member, element)                                            \
    {                                                                                              \
        .column = (name), .holds = ORDERS_HOLDS_RECORD, .offset = offsetof(owner, member),         \
        .of = (element)                                                                            \
    }

#define ORDERS_ROW_TYPE(type_name, key_column, owner, table)                                       \
    {                                                                                              \
        .name = (type_name), .key = (key_column), .size = sizeof(owner), .fields = (table),        \
        .count = sizeof(table) / sizeof((table)[0])                                                \
    }

/**
 * Reads all rows as `type`: an array of its structs, without rows whose key is null. A result may be read as several types.
 * `schema_mismatch`, with what does not fit in its `log`: a column or an attribute of another type, a value that is malformed.
 */
orders_problem_t *orders_rows_read(apr_pool_t *pool, const PGresult *result,
                                   const orders_row_type_t *type,
                                   apr_array_header_t **rows) ORDERS_MUSTCHECK;

/** The same for the first row only; `*row` is NULL where there is none, or its key is null. */
orders_problem_t *orders_rows_read_first(apr_pool_t *pool, const PGresult *result,
                                         const orders_row_type_t *type,
                                         void **row) ORDERS_MUSTCHECK;

/** An integer column of any result: int2, int4 or int8; 0 for a null. */
int64_t orders_result_int(const PGresult *result, int row, int column);

/** The first and the last element of an array, or NULL. */
void *orders_first(const apr_array_header_t *array);
void *orders_last(const apr_array_header_t *array);

#endif
