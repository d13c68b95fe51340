/* SPDX-License-Identifier: Apache-2.0 */
#include "store/rows.h"

#include <apr_strings.h>
#include <arpa/inet.h>
#include <string.h>

/* Microseconds from 1970 to PostgreSQL's epoch, 2000-01-01. */
#define POSTGRES_EPOCH INT64_C(946684800000000)

/* The first OID of objects that users create. */
#define FIRST_USER_OID 16384

#define UUID_SIZE 16
#define INT_SIZE 4
#define NULL_LENGTH (-1)

/* The version number of the binary format of jsonb. */
#define JSONB_VERSION 1

/* A column of the result and its field. */
typedef struct column_t {
    int number;
    const orders_row_field_t *field;
} column_t;

typedef struct reader_t {
    apr_pool_t *pool;
    const PGresult *result;
    const orders_row_type_t *type;
    apr_array_header_t *empty_array; /* the value of all empty arrays */
    column_t *columns;
    int column_count;
    int key;                          /* the column of the key, or -1 */
    const orders_row_type_t *reading; /* the type of the value that is being read */
    /* The cause of a failure: a field of `reading`, or NULL for the value itself. */
    const orders_row_field_t *fault_field;
    const char *fault;
} reader_t;

/*
 * A position in a composite value. The byte after a text belongs to the length of the next attribute. Once that length has been read, the
 * byte is overwritten with a NUL, which ends the text. libpq itself puts a NUL after each value.
 */
typedef struct cursor_t {
    char *at, *end;
    char *text_end; /* of a text without its NUL, or NULL */
} cursor_t;

void *orders_first(const apr_array_header_t *array)
{
    return array->nelts ? array->elts : NULL;
}

void *orders_last(const apr_array_header_t *array)
{
    return array->nelts ? array->elts + (size_t)(array->nelts - 1) * (size_t)array->elt_size : NULL;
}

static int32_t read_int32(const char *value)
{
    uint32_t number;
    memcpy(&number, value, sizeof(number));
    return (int32_t)ntohl(number);
}

/* A big-endian integer of 2, 4 or 8 bytes. */
static int64_t read_integer(const char *value, int length)
{
    if (length == 8) {
        return (int64_t)((uint64_t)(uint32_t)read_int32(value) << 32 |
                         (uint32_t)read_int32(value + INT_SIZE));
    }
    const unsigned char *bytes = (const unsigned char *)value;
    return length == INT_SIZE ? read_int32(value)
           : length == 2      ? (int16_t)(bytes[0] << 8 | bytes[1])
                              : 0;
}

int64_t orders_result_int(const PGresult *result, int row, int column)
{
    return read_integer(PQgetvalue(result, row, column), PQgetlength(result, row, column));
}

/* Infinite times are read as 0. */
static int64_t read_time(const char *value)
{
    int64_t time = read_integer(value, 8);
    return time > INT64_MAX - POSTGRES_EPOCH || time == INT64_MIN ? 0 : time + POSTGRES_EPOCH;
}

static bool fail(reader_t *reader, const orders_row_type_t *type, const orders_row_field_t *field,
                 const char *fault)
{
    reader->reading = type;
    reader->fault_field = field;
    reader->fault = fault;
    return false;
}

static bool has_length(Oid type, int length)
{
    switch (type) {
    case ORDERS_OID_BOOL:
        return length == 1;
    case ORDERS_OID_INT2:
        return length == 2;
    case ORDERS_OID_INT4:
        return length == 4;
    case ORDERS_OID_INT8:
    case ORDERS_OID_TIMESTAMPTZ:
        return length == 8;
    case ORDERS_OID_UUID:
        return length == UUID_SIZE;
    case ORDERS_OID_JSONB:
        return length >= 1;
    default:
        return true;
    }
}

/* Reads a value that is not composite. */
static bool read_scalar(const orders_row_field_t *field, const char *value, int length, void *place)
{
    if (!has_length(field->type, length)) {
        return false;
    }
    switch (field->kind) {
    case ORDERS_ROW_KIND_NUMBER:
        *(int64_t *)place =
            field->type == ORDERS_OID_TIMESTAMPTZ ? read_time(value) : read_integer(value, length);
        return true;
    case ORDERS_ROW_KIND_BOOL:
        *(bool *)place = *value != 0;
        return true;
    case ORDERS_ROW_KIND_TEXT:
        *(const char **)place = value;
        return true;
    case ORDERS_ROW_KIND_BYTES:
        *(const unsigned char **)place = (const unsigned char *)value;
        return true;
    case ORDERS_ROW_KIND_DOCUMENT:
        *(orders_document_t *)place = (orders_document_t){value + 1, length - 1};
        return *value == JSONB_VERSION;
    default:
        return false;
    }
}

static void set_empty(const reader_t *reader, const orders_row_field_t *field, void *into)
{
    if (field->kind == ORDERS_ROW_KIND_ARRAY) {
        memcpy((char *)into + field->offset, &reader->empty_array, sizeof(reader->empty_array));
    }
}

/* Writes the NUL that ends the last text. The byte at its position must have been read before. */
static void terminate_text(cursor_t *cursor)
{
    if (cursor->text_end) {
        *cursor->text_end = '\0';
        cursor->text_end = NULL;
    }
}

static bool take_int(cursor_t *cursor, int32_t *number)
{
    if (cursor->end - cursor->at < INT_SIZE) {
        return false;
    }
    *number = read_int32(cursor->at);
    terminate_text(cursor);
    cursor->at += INT_SIZE;
    return true;
}

/* Reads the length of an item, and checks that it is inside the value. */
static bool take_length(cursor_t *cursor, int32_t *length)
{
    return take_int(cursor, length) &&
           (*length == NULL_LENGTH || (*length >= 0 && *length <= cursor->end - cursor->at));
}

static bool read_composite(reader_t *reader, cursor_t *cursor, const orders_row_field_t *field,
                           void *into);

/* Reads an attribute of a record. */
static bool read_attribute(reader_t *reader, cursor_t *cursor, const orders_row_field_t *field,
                           void *into)
{
    int32_t oid, length;
    if (!take_int(cursor, &oid) || !take_length(cursor, &length)) {
        return fail(reader, reader->reading, field, "is malformed");
    }
    if (field->type ? (Oid)oid != field->type : (Oid)oid < FIRST_USER_OID) {
        return fail(reader, reader->reading, field, "has another type");
    }
    if (length == NULL_LENGTH) {
        set_empty(reader, field, into);
        return true;
    }
    if (field->of) {
        cursor_t part = {cursor->at, cursor->at + length, NULL};
        bool ok = read_composite(reader, &part, field, into);
        cursor->at += length;
        cursor->text_end = part.text_end;
        return ok;
    }
    if (!read_scalar(field, cursor->at, length, (char *)into + field->offset)) {
        return fail(reader, reader->reading, field, "is malformed");
    }
    cursor->at += length;
    if (field->kind == ORDERS_ROW_KIND_TEXT || field->kind == ORDERS_ROW_KIND_DOCUMENT) {
        cursor->text_end = cursor->at;
    }
    return true;
}

/* Reads a record up to the end of the cursor. Additional attributes, of a later schema, are ignored. */
static bool read_record(reader_t *reader, cursor_t *cursor, const orders_row_type_t *type,
                        void *into)
{
    const orders_row_type_t *outer = reader->reading;
    int32_t count;
    reader->reading = type;
    if (!take_int(cursor, &count)) {
        return fail(reader, type, NULL, "is malformed");
    }
    if (count < 0 || (size_t)count < type->count) {
        return fail(reader, type, NULL, "has too few attributes");
    }
    for (size_t i = 0; i < type->count; i++) {
        if (!read_attribute(reader, cursor, &type->fields[i], into)) {
            return false;
        }
    }
    if ((size_t)count == type->count && cursor->at != cursor->end) {
        return fail(reader, type, NULL, "is malformed");
    }
    reader->reading = outer;
    return true;
}

/* Reads the header of an array: the number of elements, which is limited by the size of the value. */
static bool take_dimension(cursor_t *cursor, size_t size, int32_t *count)
{
    int32_t dimensions, flags, oid, lower;
    if (!take_int(cursor, &dimensions) || !take_int(cursor, &flags) || !take_int(cursor, &oid)) {
        return false;
    }
    *count = 0;
    if (dimensions == 0) {
        return cursor->at == cursor->end;
    }
    return dimensions == 1 && take_int(cursor, count) && take_int(cursor, &lower) && *count >= 0 &&
           *count <= (cursor->end - cursor->at) / INT_SIZE &&
           (size_t)*count <= (size_t)INT32_MAX / size;
}

/* Null elements are skipped. */
static bool read_elements(reader_t *reader, cursor_t *cursor, const orders_row_field_t *field,
                          apr_array_header_t **array)
{
    const orders_row_type_t *type = field->of;
    int32_t count, length;
    if (!take_dimension(cursor, type->size, &count)) {
        return fail(reader, reader->reading, field, "is malformed");
    }
    *array = count ? apr_array_make(reader->pool, count, (int)type->size) : reader->empty_array;
    for (int32_t i = 0; i < count; i++) {
        if (!take_length(cursor, &length)) {
            return fail(reader, reader->reading, field, "is malformed");
        }
        if (length == NULL_LENGTH) {
            continue;
        }
        cursor_t part = {cursor->at, cursor->at + length, NULL};
        if (!read_record(reader, &part, type, apr_array_push(*array))) {
            return false;
        }
        cursor->at += length;
        cursor->text_end = part.text_end;
    }
    return cursor->at == cursor->end || fail(reader, reader->reading, field, "is malformed");
}

static bool read_composite(reader_t *reader, cursor_t *cursor, const orders_row_field_t *field,
                           void *into)
{
    void *value;
    bool ok;
    if (field->kind == ORDERS_ROW_KIND_ARRAY) {
        apr_array_header_t *array = reader->empty_array;
        ok = read_elements(reader, cursor, field, &array);
        value = array;
    } else {
        value = apr_pcalloc(reader->pool, field->of->size);
        ok = read_record(reader, cursor, field->of, value);
    }
    memcpy((char *)into + field->offset, &value, sizeof(value));
    return ok;
}

static bool read_column(reader_t *reader, int row, const column_t *column, void *into)
{
    const orders_row_field_t *field = column->field;
    char *value = PQgetvalue(reader->result, row, column->number);
    int length = PQgetlength(reader->result, row, column->number);
    if (length == 0 && PQgetisnull(reader->result, row, column->number)) {
        return true;
    }
    reader->reading = reader->type;
    if (!field->of) {
        return read_scalar(field, value, length, (char *)into + field->offset) ||
               fail(reader, reader->type, field, "is malformed");
    }
    cursor_t cursor = {value, value + length, NULL};
    bool ok = read_composite(reader, &cursor, field, into);
    terminate_text(&cursor);
    return ok;
}

/* Finds a field by name, or returns NULL. Starts at `*next`, because fields and columns are usually in the same order. */
static const orders_row_field_t *find_field(const orders_row_type_t *type, const char *name,
                                            size_t *next)
{
    for (size_t i = 0; i < type->count; i++) {
        size_t at = *next + i < type->count ? *next + i : *next + i - type->count;
        const char *column = type->fields[at].column;
        if (*column == *name &&
            strcmp(column, name) == 0) { /* most names differ in the first letter */
            *next = at + 1;
            return &type->fields[at];
        }
    }
    return NULL;
}

/* Finds the columns of the type and checks their data types. */
static bool match_columns(reader_t *reader)
{
    const orders_row_type_t *type = reader->type;
    size_t next = 0;
    reader->columns =
        apr_palloc(reader->pool, ((size_t)PQnfields(reader->result) + 1) * sizeof(column_t));
    for (int i = 0; i < PQnfields(reader->result); i++) {
        const char *name = PQfname(reader->result, i);
        const orders_row_field_t *field = find_field(type, name, &next);
        if (type->key && strcmp(type->key, name) == 0) {
            reader->key = i;
        }
        if (!field) {
            continue;
        }
        Oid oid = PQftype(reader->result, i);
        if (field->type ? oid != field->type : oid < FIRST_USER_OID) {
            return fail(reader, type, field, "has another type");
        }
        reader->columns[reader->column_count++] = (column_t){i, field};
    }
    return !type->key || reader->key >= 0 || fail(reader, type, NULL, "has no key in the result");
}

static bool is_present(const reader_t *reader, int row)
{
    return reader->key < 0 || !PQgetisnull(reader->result, row, reader->key);
}

/* The initial value of a struct: empty arrays, all other members zero. */
static void *make_initial(const reader_t *reader)
{
    void *initial = apr_pcalloc(reader->pool, reader->type->size);
    for (size_t i = 0; i < reader->type->count; i++) {
        set_empty(reader, &reader->type->fields[i], initial);
    }
    return initial;
}

static bool read_rows(reader_t *reader, int count, apr_array_header_t *rows)
{
    const void *initial = make_initial(reader);
    for (int row = 0; row < count; row++) {
        if (!is_present(reader, row)) {
            continue;
        }
        void *into = memcpy(apr_array_push(rows), initial, reader->type->size);
        for (int i = 0; i < reader->column_count; i++) {
            if (!read_column(reader, row, &reader->columns[i], into)) {
                return false;
            }
        }
    }
    return true;
}

static orders_problem_t *problem_of(const reader_t *reader)
{
    const orders_row_field_t *field = reader->fault_field;
    return orders_problem_logged(reader->pool, ORDERS_E_schema_mismatch,
                                 field ? apr_psprintf(reader->pool, "column %s of orders_v1.%s %s",
                                                      field->column, reader->reading->name,
                                                      reader->fault)
                                       : apr_psprintf(reader->pool, "a value of orders_v1.%s %s",
                                                      reader->reading->name, reader->fault));
}

static orders_problem_t *read_first_rows(apr_pool_t *pool, const PGresult *result,
                                         const orders_row_type_t *type, int count,
                                         apr_array_header_t **rows)
{
    reader_t reader = {
        .pool = pool,
        .result = result,
        .type = type,
        .empty_array = apr_array_make(pool, 1, 1),
        .key = -1,
    };
    *rows = apr_array_make(pool, count, (int)type->size);
    return match_columns(&reader) && read_rows(&reader, count, *rows) ? NULL : problem_of(&reader);
}

orders_problem_t *orders_rows_read(apr_pool_t *pool, const PGresult *result,
                                   const orders_row_type_t *type, apr_array_header_t **rows)
{
    return read_first_rows(pool, result, type, PQntuples(result), rows);
}

orders_problem_t *orders_rows_read_first(apr_pool_t *pool, const PGresult *result,
                                         const orders_row_type_t *type, void **row)
{
    apr_array_header_t *rows;
    *row = NULL;
    ORDERS_TRY(read_first_rows(pool, result, type, PQntuples(result) > 0, &rows));
    *row = orders_first(rows);
    return NULL;
}
