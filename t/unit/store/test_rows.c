/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of results, with results that the tests build. Long texts make values large enough for libpq to allocate each by itself:
 * AddressSanitizer then sees a read beyond its end.
 */
#include "support.h"

#include <endian.h>

#include "store/rows.h"

#define USER_OID 0x41414141 /* of a composite type; none of its bytes is a NUL */
#define LONG 1500

typedef struct part_t {
    int64_t id;
    const char *name;
    bool flag;
    orders_document_t document;
    const char *note;
} part_t;

#define T part_t
static const orders_row_field_t part_fields[] = {
    ORDERS_ROW_FIELD(T, INT8, id),   ORDERS_ROW_FIELD(T, TEXT, name),
    ORDERS_ROW_FIELD(T, BOOL, flag), ORDERS_ROW_FIELD(T, JSONB, document),
    ORDERS_ROW_FIELD(T, TEXT, note),
};
static const orders_row_type_t part_type = ORDERS_ROW_TYPE("part", NULL, T, part_fields);
#undef T

/* A record with a record and an array inside. */
typedef struct box_t {
    const char *before;
    part_t *part;
    apr_array_header_t *parts;
    const char *after;
} box_t;

#define T box_t
static const orders_row_field_t box_fields[] = {
    ORDERS_ROW_FIELD(T, TEXT, before),
    ORDERS_ROW_RECORD(T, "part", part, &part_type),
    ORDERS_ROW_ARRAY(T, "parts", parts, &part_type),
    ORDERS_ROW_FIELD(T, TEXT, after),
};
static const orders_row_type_t box_type = ORDERS_ROW_TYPE("box", NULL, T, box_fields);
#undef T

typedef struct whole_t {
    int64_t id, small, medium;
    apr_time_t at;
    const char *title;
    const unsigned char *uuid;
    orders_document_t document;
    bool flag;
    apr_array_header_t *parts;
    part_t *part;
    box_t *box;
} whole_t;

#define T whole_t
static const orders_row_field_t whole_fields[] = {
    ORDERS_ROW_FIELD(T, INT8, id),
    ORDERS_ROW_FIELD(T, INT2, small),
    ORDERS_ROW_FIELD(T, INT4, medium),
    ORDERS_ROW_FIELD(T, TIMESTAMPTZ, at),
    ORDERS_ROW_FIELD(T, TEXT, title),
    ORDERS_ROW_FIELD(T, UUID, uuid),
    ORDERS_ROW_FIELD(T, JSONB, document),
    ORDERS_ROW_FIELD(T, BOOL, flag),
    ORDERS_ROW_ARRAY(T, "parts", parts, &part_type),
    ORDERS_ROW_RECORD(T, "part", part, &part_type),
    ORDERS_ROW_RECORD(T, "box", box, &box_type),
};
static const orders_row_type_t whole_type = ORDERS_ROW_TYPE("whole", "id", T, whole_fields);
#undef T

typedef struct bytes_t {
    char at[16384];
    int length;
} bytes_t;

static void put(bytes_t *bytes, const void *data, int length)
{
    if (length) {
        memcpy(bytes->at + bytes->length, data, (size_t)length);
    }
    bytes->length += length;
}

static void put_int(bytes_t *bytes, int64_t number, int size)
{
    uint64_t big = htobe64((uint64_t)number);
    put(bytes, (char *)&big + 8 - size, size);
}

static void put_head(bytes_t *bytes, int oid, int length)
{
    put_int(bytes, oid, 4);
    put_int(bytes, length, 4);
}

static void put_text(bytes_t *bytes, const char *text)
{
    put_head(bytes, ORDERS_OID_TEXT, text ? (int)strlen(text) : -1);
    put(bytes, text, text ? (int)strlen(text) : 0);
}

/* A record of part_type with `more` attributes of a later schema. */
static bytes_t part_of(int64_t id, const char *name, int more)
{
    static const char document[] = "\001{\"a\": 1}";
    bytes_t bytes = {.length = 0};
    put_int(&bytes, 5 + more, 4);
    put_head(&bytes, ORDERS_OID_INT8, 8);
    put_int(&bytes, id, 8);
    put_text(&bytes, name);
    put_head(&bytes, ORDERS_OID_BOOL, 1);
    put_int(&bytes, 1, 1);
    put_head(&bytes, ORDERS_OID_JSONB, sizeof(document) - 1);
    put(&bytes, document, sizeof(document) - 1);
    put_text(&bytes, name);
    for (int i = 0; i < more; i++) {
        put_text(&bytes, "something new");
    }
    return bytes;
}

static void put_element(bytes_t *array, const bytes_t *element)
{
    put_int(array, element ? element->length : -1, 4);
    put(array, element ? element->at : NULL, element ? element->length : 0);
}

static bytes_t array_of(int count)
{
    bytes_t bytes = {.length = 0};
    put_int(&bytes, count > 0, 4);
    put_int(&bytes, 0, 4);
    put_int(&bytes, USER_OID, 4);
    if (count) {
        put_int(&bytes, count, 4);
        put_int(&bytes, 1, 4);
    }
    return bytes;
}

static const char *long_text(char letter)
{
    char *text = apr_palloc(pool, LONG + 1);
    memset(text, letter, LONG);
    text[LONG] = '\0';
    return text;
}

/* Two parts, with a null between them. */
static bytes_t some_parts(const char *name, int more)
{
    bytes_t array = array_of(3), first = part_of(1, name, more), second = part_of(2, name, more);
    put_element(&array, &first);
    put_element(&array, NULL);
    put_element(&array, &second);
    return array;
}

static bytes_t box_of(const char *name, int more)
{
    bytes_t bytes = {.length = 0}, part = part_of(7, name, more), parts = some_parts(name, more);
    put_int(&bytes, 4, 4);
    put_text(&bytes, "before");
    put_head(&bytes, USER_OID, part.length);
    put(&bytes, part.at, part.length);
    put_head(&bytes, USER_OID, parts.length);
    put(&bytes, parts.at, parts.length);
    put_text(&bytes, "after");
    return bytes;
}

typedef struct column_t {
    const char *name;
    Oid type;
} column_t;

static PGresult *make(const column_t *columns, int count)
{
    PGresAttDesc attributes[16];
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    memset(attributes, 0, sizeof(attributes));
    for (int i = 0; i < count; i++) {
        attributes[i].name = apr_pstrdup(pool, columns[i].name);
        attributes[i].typid = columns[i].type;
        attributes[i].format = 1; /* binary */
    }
    assert_true(PQsetResultAttrs(result, count, attributes));
    return result;
}

static void set(PGresult *result, int row, int column, const void *data, int length)
{
    assert_true(PQsetvalue(result, row, column, apr_pmemdup(pool, data, (size_t)length), length));
}

static void set_null(PGresult *result, int row, int column)
{
    assert_true(PQsetvalue(result, row, column, NULL, -1));
}

static void set_int(PGresult *result, int row, int column, int64_t number, int size)
{
    bytes_t bytes = {.length = 0};
    put_int(&bytes, number, size);
    set(result, row, column, bytes.at, size);
}

static void set_text(PGresult *result, int row, int column, const char *text)
{
    set(result, row, column, text, (int)strlen(text));
}

/* A row with an id and this value of a column. */
static PGresult *with_value(const char *name, const void *data, int length)
{
    const column_t columns[] = {{"id", ORDERS_OID_INT8}, {name, USER_OID}};
    PGresult *result = make(columns, 2);
    set_int(result, 0, 0, 1, 8);
    set(result, 0, 1, data, length);
    return result;
}

static apr_array_header_t *read_all(const PGresult *result, const orders_row_type_t *type)
{
    apr_array_header_t *rows = NULL;
    orders_problem_t *problem = orders_rows_read(pool, result, type, &rows);
    if (problem) {
        fail_msg("%s", problem->log);
    }
    return rows;
}

/* The log text for a result that does not match its type; "" if it matches. */
static const char *fault_of(const PGresult *result)
{
    apr_array_header_t *rows;
    orders_problem_t *problem = orders_rows_read(pool, result, &whole_type, &rows);
    if (problem) {
        assert_string_equal(code_of(problem), "schema_mismatch");
    }
    return problem ? problem->log : "";
}

/* The same for a result with this value of a column. */
static const char *fault_with(const char *column, const bytes_t *value)
{
    PGresult *result = with_value(column, value->at, value->length);
    const char *fault = fault_of(result);
    PQclear(result);
    return fault;
}

/* Every text ends inside of its value. */
static void touch(const part_t *part)
{
    assert_true(!part->name || strlen(part->name) < sizeof(bytes_t));
    assert_true(!part->note || strlen(part->note) < sizeof(bytes_t));
    assert_true(!part->document.text || strlen(part->document.text) < sizeof(bytes_t));
}

static void touch_all(const apr_array_header_t *parts)
{
    for (int i = 0; i < parts->nelts; i++) {
        touch(&APR_ARRAY_IDX(parts, i, part_t));
    }
}

static void is_part(const part_t *part, int64_t id, const char *name)
{
    assert_int_equal(part->id, id);
    assert_string_equal(part->name, name);
    assert_true(part->flag);
    assert_int_equal(part->document.length, 8);
    assert_string_equal(part->document.text, "{\"a\": 1}");
    assert_string_equal(part->note, name);
}

static void are_parts(const apr_array_header_t *parts, const char *name)
{
    assert_int_equal(parts->nelts, 2);
    is_part(&APR_ARRAY_IDX(parts, 0, part_t), 1, name);
    is_part(&APR_ARRAY_IDX(parts, 1, part_t), 2, name);
}

static const column_t plain[] = {
    {"id", ORDERS_OID_INT8},        {"small", ORDERS_OID_INT2}, {"medium", ORDERS_OID_INT4},
    {"at", ORDERS_OID_TIMESTAMPTZ}, {"title", ORDERS_OID_TEXT}, {"uuid", ORDERS_OID_UUID},
    {"document", ORDERS_OID_JSONB}, {"flag", ORDERS_OID_BOOL},
};

static void columns_become_members(void **state)
{
    char uuid[16] = {1, (char)0x90, 3};
    PGresult *result = make(plain, COUNT(plain));
    set_int(result, 0, 0, INT64_MIN, 8);
    set_int(result, 0, 1, -2, 2);
    set_int(result, 0, 2, -70000, 4);
    set_int(result, 0, 3, 0, 8);
    set_text(result, 0, 4, "ORD-1");
    set(result, 0, 5, uuid, sizeof(uuid));
    set_text(result, 0, 6, "\001[]");
    set_int(result, 0, 7, 1, 1);
    const whole_t *whole = orders_first(read_all(result, &whole_type));
    assert_true(whole->id == INT64_MIN);
    assert_int_equal(whole->small, -2);
    assert_int_equal(whole->medium, -70000);
    assert_true(whole->at == APR_INT64_C(946684800000000)); /* 2000-01-01 */
    assert_string_equal(whole->title, "ORD-1");
    assert_memory_equal(whole->uuid, uuid, sizeof(uuid));
    assert_string_equal(whole->document.text, "[]");
    assert_int_equal(whole->document.length, 2);
    assert_true(whole->flag);
    PQclear(result);
}

static void infinity_is_not_a_time(void **state)
{
    PGresult *result = make(plain, COUNT(plain));
    for (int row = 0; row < 2; row++) {
        set_int(result, row, 0, 1, 8);
        set_int(result, row, 3, row ? INT64_MAX : INT64_MIN, 8);
    }
    const apr_array_header_t *rows = read_all(result, &whole_type);
    assert_true(APR_ARRAY_IDX(rows, 0, whole_t).at == 0);
    assert_true(APR_ARRAY_IDX(rows, 1, whole_t).at == 0);
    PQclear(result);
}

static void columns_have_any_sequence(void **state)
{
    static const column_t columns[] = {
        {"something_new", 1700}, {"title", ORDERS_OID_TEXT}, {"medium", ORDERS_OID_INT4},
        {"id", ORDERS_OID_INT8}, {"parts_new", USER_OID},
    };
    PGresult *result = make(columns, COUNT(columns));
    set_text(result, 0, 0, "ignored");
    set_text(result, 0, 1, "title");
    set_int(result, 0, 2, 3, 4);
    set_int(result, 0, 3, 4, 8);
    set_text(result, 0, 4, "ignored");
    const whole_t *whole = orders_first(read_all(result, &whole_type));
    assert_string_equal(whole->title, "title");
    assert_int_equal(whole->medium, 3);
    assert_int_equal(whole->id, 4);
    PQclear(result);
}

static void missing_columns_and_nulls_are_empty(void **state)
{
    static const column_t columns[] = {{"id", ORDERS_OID_INT8},
                                       {"title", ORDERS_OID_TEXT},
                                       {"parts", USER_OID},
                                       {"part", USER_OID}};
    PGresult *result = make(columns, COUNT(columns));
    set_int(result, 0, 0, 1, 8);
    for (int i = 1; i < 4; i++) {
        set_null(result, 0, i);
    }
    const whole_t *whole = orders_first(read_all(result, &whole_type));
    assert_null(whole->title);
    assert_null(whole->uuid);
    assert_null(whole->document.text);
    assert_int_equal(whole->medium, 0);
    assert_true(whole->at == 0);
    assert_int_equal(whole->parts->nelts, 0);
    assert_null(orders_first(whole->parts));
    assert_null(orders_last(whole->parts));
    assert_null(whole->part);
    assert_null(whole->box);
    PQclear(result);
}

static void rows_without_a_key_are_skipped(void **state)
{
    PGresult *result = make(plain, COUNT(plain));
    void *first = NULL;
    for (int row = 0; row < 4; row++) {
        set_int(result, row, 2, row, 4);
        if (row % 2) {
            set_int(result, row, 0, row, 8);
        } else {
            set_null(result, row, 0);
        }
    }
    const apr_array_header_t *rows = read_all(result, &whole_type);
    assert_int_equal(rows->nelts, 2);
    assert_int_equal(APR_ARRAY_IDX(rows, 0, whole_t).medium, 1);
    assert_int_equal(APR_ARRAY_IDX(rows, 1, whole_t).medium, 3);
    assert_null(orders_rows_read_first(pool, result, &whole_type, &first));
    assert_null(first);
    PQclear(result);
}

static void results_without_rows_are_empty(void **state)
{
    PGresult *result = make(plain, COUNT(plain));
    void *first = result;
    assert_int_equal(read_all(result, &whole_type)->nelts, 0);
    assert_null(orders_rows_read_first(pool, result, &whole_type, &first));
    assert_null(first);
    PQclear(result);
}

static void other_types_are_refused(void **state)
{
    for (size_t odd = 0; odd < COUNT(plain); odd++) {
        column_t columns[COUNT(plain)];
        memcpy(columns, plain, sizeof(plain));
        columns[odd].type = 1700;
        PGresult *result = make(columns, COUNT(columns));
        assert_string_equal(fault_of(result), apr_psprintf(pool,
                                                           "column %s of orders_v1.whole has "
                                                           "another type",
                                                           columns[odd].name));
        PQclear(result);
    }
    const column_t text = {"parts", ORDERS_OID_TEXT};
    PGresult *result = make(&text, 1);
    assert_string_equal(fault_of(result), "column parts of orders_v1.whole has another type");
    PQclear(result);
    result = make(plain + 1, COUNT(plain) - 1);
    assert_string_equal(fault_of(result), "a value of orders_v1.whole has no key in the result");
    PQclear(result);
}

static void records_and_arrays_become_structs(void **state)
{
    static const char *const names[] = {"", "x", "a name", NULL};
    for (size_t i = 0; i < COUNT(names); i++) {
        const char *name = names[i] ? names[i] : long_text('n');
        for (int more = 0; more < 3; more++) {
            bytes_t parts = some_parts(name, more), part = part_of(5, name, more);
            PGresult *result = with_value("parts", parts.at, parts.length);
            are_parts(((whole_t *)orders_first(read_all(result, &whole_type)))->parts, name);
            PQclear(result);
            result = with_value("part", part.at, part.length);
            is_part(((whole_t *)orders_first(read_all(result, &whole_type)))->part, 5, name);
            PQclear(result);
        }
    }
}

static void records_have_records_and_arrays(void **state)
{
    for (int more = 0; more < 2; more++) {
        bytes_t bytes = box_of("inside", more);
        PGresult *result = with_value("box", bytes.at, bytes.length);
        const box_t *box = ((whole_t *)orders_first(read_all(result, &whole_type)))->box;
        assert_string_equal(box->before, "before");
        is_part(box->part, 7, "inside");
        are_parts(box->parts, "inside");
        assert_string_equal(box->after, "after");
        PQclear(result);
    }
}

static void attributes_may_be_null(void **state)
{
    static const int oids[] = {ORDERS_OID_INT8, ORDERS_OID_TEXT, ORDERS_OID_BOOL, ORDERS_OID_JSONB,
                               ORDERS_OID_TEXT};
    bytes_t part = {.length = 0}, box = {.length = 0};
    put_int(&part, 5, 4);
    for (size_t i = 0; i < COUNT(oids); i++) {
        put_head(&part, oids[i], -1);
    }
    PGresult *result = with_value("part", part.at, part.length);
    const whole_t *whole = orders_first(read_all(result, &whole_type));
    assert_memory_equal(whole->part, &(part_t){0}, sizeof(part_t));
    PQclear(result);

    put_int(&box, 4, 4);
    put_text(&box, NULL);
    put_head(&box, USER_OID, -1);
    put_head(&box, USER_OID, -1);
    put_text(&box, NULL);
    result = with_value("box", box.at, box.length);
    whole = orders_first(read_all(result, &whole_type));
    assert_null(whole->box->before);
    assert_null(whole->box->part);
    assert_int_equal(whole->box->parts->nelts, 0);
    PQclear(result);
}

static void arrays_may_be_empty(void **state)
{
    bytes_t none = array_of(0), nulls = array_of(2);
    PGresult *result = with_value("parts", none.at, none.length);
    assert_int_equal(((whole_t *)orders_first(read_all(result, &whole_type)))->parts->nelts, 0);
    PQclear(result);
    put_element(&nulls, NULL);
    put_element(&nulls, NULL);
    result = with_value("parts", nulls.at, nulls.length);
    assert_int_equal(((whole_t *)orders_first(read_all(result, &whole_type)))->parts->nelts, 0);
    PQclear(result);
}

static void other_attributes_are_refused(void **state)
{
    bytes_t part = part_of(1, "name", 0);
    part.at[3] = 4;
    assert_string_equal(fault_with("part", &part),
                        "a value of orders_v1.part has too few attributes");
    part = part_of(1, "name", 0);
    part.at[7] = ORDERS_OID_INT4;
    assert_string_equal(fault_with("part", &part), "column id of orders_v1.part has another type");
    part = part_of(1, "name", 0);
    part.at[11] = 4;
    assert_string_equal(fault_with("part", &part), "column id of orders_v1.part is malformed");
    part = part_of(1, "name", 0);
    ((char *)memchr(part.at, '{', (size_t)part.length))[-1] = 2; /* the version of jsonb's form */
    assert_string_equal(fault_with("part", &part),
                        "column document of orders_v1.part is malformed");
}

/* A truncated value, and one with further bytes after its end. */
static void cut(const char *column, const bytes_t *whole)
{
    bytes_t value = *whole;
    for (value.length = 0; value.length < whole->length; value.length++) {
        assert_non_null(strstr(fault_with(column, &value), "orders_v1."));
    }
    put_int(&value, 0, 1);
    assert_non_null(strstr(fault_with(column, &value), "is malformed"));
}

static void truncated_values_are_refused(void **state)
{
    bytes_t parts = some_parts(long_text('x'), 0), part = part_of(1, long_text('y'), 0);
    bytes_t box = box_of("z", 0), none = array_of(0);
    cut("parts", &parts), cut("part", &part);
    cut("box", &box), cut("parts", &none);
}

/* Any four bytes are replaced: the value is refused, or all its texts still end inside of it. */
static void absurd(const char *column, const bytes_t *whole)
{
    static const int64_t numbers[] = {0, 1, 2, -1, -2, 65536, INT32_MAX, INT32_MIN, 0x01010101};
    for (int at = 0; at + 4 <= whole->length; at++) {
        for (size_t i = 0; i < COUNT(numbers); i++) {
            bytes_t changed = *whole;
            apr_array_header_t *rows;
            changed.length = at;
            put_int(&changed, numbers[i], 4);
            PGresult *result = with_value(column, changed.at, whole->length);
            if (!orders_rows_read(pool, result, &whole_type, &rows)) {
                const whole_t *read = orders_first(rows);
                touch_all(read->parts);
                if (read->part) {
                    touch(read->part);
                }
            }
            PQclear(result);
        }
        if (at % 64 == 0) {
            apr_pool_clear(pool);
        }
    }
}

static void corrupted_values_are_read_safely(void **state)
{
    bytes_t parts = some_parts("a name", 1), part = part_of(1, "a name", 1), box = box_of("b", 0);
    absurd("parts", &parts);
    absurd("part", &part);
    absurd("box", &box);
    for (int count = 1; count > 0 && count < 1 << 30; count *= 2) {
        bytes_t array = array_of(count);
        assert_string_equal(fault_with("parts", &array),
                            "column parts of orders_v1.whole is malformed");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(columns_become_members),
        TEST(infinity_is_not_a_time),
        TEST(columns_have_any_sequence),
        TEST(missing_columns_and_nulls_are_empty),
        TEST(rows_without_a_key_are_skipped),
        TEST(results_without_rows_are_empty),
        TEST(other_types_are_refused),
        TEST(records_and_arrays_become_structs),
        TEST(records_have_records_and_arrays),
        TEST(attributes_may_be_null),
        TEST(arrays_may_be_empty),
        TEST(other_attributes_are_refused),
        TEST(truncated_values_are_refused),
        TEST(corrupted_values_are_read_safely),
    };
    return RUN(tests);
}
