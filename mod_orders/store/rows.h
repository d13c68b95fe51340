/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Reads rows and composite values of a result into structs.
 *
 * Each type is declared once, as a table of fields. Columns are found by name: if the result lacks a column, its member stays zero, and
 * columns that the table lacks are ignored. Attributes of composite values are found by position: a value may have more attributes
 * than the table, but not fewer. Data types are always checked.
 *
 * Nothing is copied: texts, UUIDs and documents point into the PGresult and live as long as the pool that the statement was executed
 * with. Texts and documents are NUL-terminated. The NUL of a text inside a composite value overwrites bytes of that value, so a column
 * of composite values can be read only once, as part of one type.
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

/** OIDs of data types in PostgreSQL (pg_type.dat). They are constant. */
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

/** The C type of a member. */
typedef enum {
    ORDERS_ROW_KIND_NUMBER, /**< int64_t: an integer, or a time in microseconds since 1970; infinity is 0 */
    ORDERS_ROW_KIND_BOOL,
    ORDERS_ROW_KIND_TEXT,
    ORDERS_ROW_KIND_BYTES, /**< const unsigned char *: the 16 bytes of a UUID */
    ORDERS_ROW_KIND_DOCUMENT,
    ORDERS_ROW_KIND_RECORD, /**< a pointer to the struct of another type */
    ORDERS_ROW_KIND_ARRAY   /**< apr_array_header_t * of the structs of another type */
} orders_row_kind_e;

typedef struct orders_row_type_t orders_row_type_t;

typedef struct orders_row_field_t {
    const char *column;
    Oid type; /**< 0 for records and arrays: their OIDs differ between databases */
    orders_row_kind_e kind;
    size_t offset;               /**< of the member */
    const orders_row_type_t *of; /**< of a record, or of an array's elements; else NULL */
} orders_row_field_t;

/** A struct and the columns of its members. */
struct orders_row_type_t {
    const char *
        name; /**< of the type in schema orders_v1, or of a result type of the module; for the log */
    const char *
        key; /**< the column that is null if an outer join has found no row; NULL: all rows are read */
    size_t size;
    const orders_row_field_t *fields;
    size_t count;
};

/** A field of the column `name`. ORDERS_ROW_FIELD: the column has the name of the member. */
#define ORDERS_ROW_COLUMN(owner, oid, name, member)                                                  \
    {                                                                                                \
        .column = (name), .type = ORDERS_OID_##oid,                                                \
        .kind = _Generic(((owner *)0)->member,                                                    \
                 int64_t: ORDERS_ROW_KIND_NUMBER,                                                     \
                 bool: ORDERS_ROW_KIND_BOOL,                                                          \
                 const char *: ORDERS_ROW_KIND_TEXT,                                                  \
                 const unsigned char *: ORDERS_ROW_KIND_BYTES,                                        \
                 orders_document_t: ORDERS_ROW_KIND_DOCUMENT),                                        \
        .offset = offsetof(owner, member) \
    }
#define ORDERS_ROW_FIELD(owner, oid, member) ORDERS_ROW_COLUMN(owner, oid, #member, member)

/** An array of records of `element`, and a record of it that may be null. */
#define ORDERS_ROW_ARRAY(owner, name, member, element)                                             \
    {                                                                                              \
        .column = (name),                                                                          \
        .kind = _Generic(((owner *)0)->member, apr_array_header_t *                                \
                         : ORDERS_ROW_KIND_ARRAY),                                                 \
        .offset = offsetof(owner, member), .of = (element)                                         \
    }
#define ORDERS_ROW_RECORD(owner, name, member, element)                                            \
    {                                                                                              \
        .column = (name), .kind = ORDERS_ROW_KIND_RECORD, .offset = offsetof(owner, member),       \
        .of = (element)                                                                            \
    }

#define ORDERS_ROW_TYPE(type_name, key_column, owner, table)                                       \
    {                                                                                              \
        .name = (type_name), .key = (key_column), .size = sizeof(owner), .fields = (table),        \
        .count = sizeof(table) / sizeof((table)[0])                                                \
    }

/**
 * Reads all rows as `type`, except rows whose key is null. `*rows`: of the struct of `type`. A result may be read as several types.
 * Errors: `schema_mismatch` for a column or attribute of another data type, or a malformed value; `log` names it.
 */
orders_problem_t *orders_rows_read(apr_pool_t *pool, const PGresult *result,
                                   const orders_row_type_t *type,
                                   apr_array_header_t **rows) ORDERS_MUSTCHECK;

/** Reads the first row as `type`. `*row` is NULL if there is no row or its key is null. Errors as orders_rows_read(). */
orders_problem_t *orders_rows_read_first(apr_pool_t *pool, const PGresult *result,
                                         const orders_row_type_t *type,
                                         void **row) ORDERS_MUSTCHECK;

/** An integer column (int2, int4 or int8) of a binary result; 0 for a null. */
int64_t orders_result_int(const PGresult *result, int row, int column);

/** The first and the last element of an array, or NULL. */
void *orders_first(const apr_array_header_t *array);
void *orders_last(const apr_array_header_t *array);

#endif
