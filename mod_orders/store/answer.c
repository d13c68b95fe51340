/* SPDX-License-Identifier: Apache-2.0 */
#include "store/answer.h"

#include <apr_strings.h>
#include <string.h>

#include "store/answer_kinds.h"

/* PostgreSQL's OIDs of the types used (catalog/pg_type.dat; they never change). */
enum {
    OID_BOOL = 16,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_TIMESTAMPTZ = 1184,
    OID_UUID = 2950,
    OID_JSONB = 3802
};

/* Microseconds from 1970 to PostgreSQL's epoch, 2000-01-01. */
#define POSTGRES_EPOCH APR_INT64_C(946684800000000)

static const Oid column_type[ORDERS_COLUMN__COUNT] = {
    [ORDERS_COLUMN_KIND] = OID_TEXT,
    [ORDERS_COLUMN_ORDER_ID] = OID_INT8,
    [ORDERS_COLUMN_ID] = OID_INT8,
    [ORDERS_COLUMN_PARENT_ID] = OID_INT8,
    [ORDERS_COLUMN_PUBLIC_ID] = OID_UUID,
    [ORDERS_COLUMN_NUMBER] = OID_TEXT,
    [ORDERS_COLUMN_BILL_NO] = OID_TEXT,
    [ORDERS_COLUMN_DIALECT] = OID_TEXT,
    [ORDERS_COLUMN_VERSION] = OID_INT4,
    [ORDERS_COLUMN_STATE] = OID_TEXT,
    [ORDERS_COLUMN_PAYMENT_STATE] = OID_TEXT,
    [ORDERS_COLUMN_FULFILMENT_STATE] = OID_TEXT,
    [ORDERS_COLUMN_FROM_STATE] = OID_TEXT,
    [ORDERS_COLUMN_TYPE] = OID_TEXT,
    [ORDERS_COLUMN_METHOD] = OID_TEXT,
    [ORDERS_COLUMN_CHANNEL] = OID_TEXT,
    [ORDERS_COLUMN_PROVIDER] = OID_TEXT,
    [ORDERS_COLUMN_REFERENCE] = OID_TEXT,
    [ORDERS_COLUMN_INTENT_ID] = OID_TEXT,
    [ORDERS_COLUMN_CODE] = OID_TEXT,
    [ORDERS_COLUMN_TITLE] = OID_TEXT,
    [ORDERS_COLUMN_DETAIL] = OID_TEXT,
    [ORDERS_COLUMN_ACTOR] = OID_TEXT,
    [ORDERS_COLUMN_EMAIL] = OID_TEXT,
    [ORDERS_COLUMN_CURRENCY] = OID_TEXT,
    [ORDERS_COLUMN_EXPONENT] = OID_INT2,
    [ORDERS_COLUMN_QUANTITY] = OID_INT4,
    [ORDERS_COLUMN_UNIT_PRICE] = OID_INT8,
    [ORDERS_COLUMN_LIST_PRICE] = OID_INT8,
    [ORDERS_COLUMN_SUBTOTAL] = OID_INT8,
    [ORDERS_COLUMN_DISCOUNT] = OID_INT8,
    [ORDERS_COLUMN_TAX] = OID_INT8,
    [ORDERS_COLUMN_SHIPPING] = OID_INT8,
    [ORDERS_COLUMN_AMOUNT] = OID_INT8,
    [ORDERS_COLUMN_REFUNDED] = OID_INT8,
    [ORDERS_COLUMN_BALANCE_AFTER] = OID_INT8,
    [ORDERS_COLUMN_FLAG] = OID_BOOL,
    [ORDERS_COLUMN_URL] = OID_TEXT,
    [ORDERS_COLUMN_SNAPSHOT] = OID_JSONB,
    [ORDERS_COLUMN_METADATA] = OID_JSONB,
    [ORDERS_COLUMN_CREATED_AT] = OID_TIMESTAMPTZ,
    [ORDERS_COLUMN_UPDATED_AT] = OID_TIMESTAMPTZ,
    [ORDERS_COLUMN_PAID_AT] = OID_TIMESTAMPTZ,
    [ORDERS_COLUMN_CANCELLED_AT] = OID_TIMESTAMPTZ,
    [ORDERS_COLUMN_REFUNDED_AT] = OID_TIMESTAMPTZ,
    [ORDERS_COLUMN_EXPIRES_AT] = OID_TIMESTAMPTZ,
    [ORDERS_COLUMN_SLUG] = OID_TEXT,
    [ORDERS_COLUMN_ATTRIBUTES] = OID_JSONB,
    [ORDERS_COLUMN_EXPECTED_AT] = OID_TIMESTAMPTZ,
    [ORDERS_COLUMN_DELIVERED_AT] = OID_TIMESTAMPTZ,
};

typedef struct reader_t {
    apr_pool_t *pool;
    const PGresult *result;
    orders_answer_t *answer;
    apr_array_header_t *none; /* what stands for every array without elements */
    int last; /* index of the order found last: rows of one order often stand together */
} reader_t;

void *orders_first(const apr_array_header_t *array)
{
    return array->nelts ? array->elts : NULL;
}

bool orders_answer_is_replay(const orders_answer_t *answer)
{
    const orders_result_t *result = orders_first(answer->results);
    return result && result->replayed;
}

void *orders_last(const apr_array_header_t *array)
{
    return array->nelts ? array->elts + (size_t)(array->nelts - 1) * (size_t)array->elt_size : NULL;
}

const orders_payment_t *orders_latest_payment(const orders_order_t *order)
{
    for (int i = order->of.payments->nelts - 1; i >= 0; i--) {
        const orders_payment_t *payment = &APR_ARRAY_IDX(order->of.payments, i, orders_payment_t);
        if (!payment->surplus) {
            return payment;
        }
    }
    return NULL;
}

static orders_problem_t *check_columns(apr_pool_t *pool, const PGresult *result)
{
    int column = 0;
    if (PQnfields(result) >= ORDERS_COLUMN__COUNT) {
        while (column < ORDERS_COLUMN__COUNT && PQftype(result, column) == column_type[column]) {
            column++;
        }
    }
    if (column == ORDERS_COLUMN__COUNT) {
        return NULL;
    }
    orders_problem_t *problem = orders_problem(pool, ORDERS_E_schema_mismatch, NULL);
    problem->log = apr_psprintf(pool, "column %d of orders_v1.answer is not what this module knows",
                                column + 1);
    return problem;
}

static int kind_of(const reader_t *reader, int row)
{
    const char *word = PQgetvalue(reader->result, row, ORDERS_COLUMN_KIND);
    int kind = 0;
    while (kind < orders_row_kind_count && strcmp(orders_row_kinds[kind].word, word) != 0) {
        kind++;
    }
    return kind;
}

/* A big-endian integer of 2, 4 or 8 bytes. */
static int64_t read_integer(const unsigned char *bytes, int length)
{
    uint64_t value = length && bytes[0] & 0x80u ? ~UINT64_C(0) : 0;
    for (int i = 0; i < length; i++) {
        value = value << 8 | bytes[i];
    }
    return (int64_t)value;
}

int64_t orders_result_int(const PGresult *result, int row, int column)
{
    const unsigned char *bytes = (const unsigned char *)PQgetvalue(result, row, column);
    return read_integer(bytes, PQgetlength(result, row, column));
}

/* The infinities count as no time at all. */
static int64_t read_time(const unsigned char *bytes)
{
    int64_t time = read_integer(bytes, 8);
    return time > INT64_MAX - POSTGRES_EPOCH || time == INT64_MIN ? 0 : time + POSTGRES_EPOCH;
}

static void read_member(const reader_t *reader, int row, const orders_row_member_t *member,
                        void *into)
{
    int length = PQgetlength(reader->result, row, member->column);
    if (length == 0 && PQgetisnull(reader->result, row, member->column)) {
        return;
    }
    const char *value = PQgetvalue(reader->result, row, member->column);
    const unsigned char *bytes = (const unsigned char *)value;
    void *place = (char *)into + member->offset;
    switch (member->holds) {
    case ORDERS_HOLDS_NUMBER:
        *(int64_t *)place = column_type[member->column] == OID_TIMESTAMPTZ
                                ? read_time(bytes)
                                : read_integer(bytes, length);
        break;
    case ORDERS_HOLDS_BOOL:
        *(bool *)place = *bytes != 0;
        break;
    case ORDERS_HOLDS_TEXT:
        *(const char **)place = value;
        break;
    case ORDERS_HOLDS_BYTES:
        *(const unsigned char **)place = bytes;
        break;
    case ORDERS_HOLDS_DOCUMENT: /* a version byte, then the text */
        *(orders_document_t *)place = (orders_document_t){value + 1, length - 1};
        break;
    }
}

static void set_none(orders_children_t *children, apr_array_header_t *none)
{
    *children = (orders_children_t){none, none, none, none, none, none, none, none, none,
                                    none, none, none, none, none, none, none, none};
}

/* A zeroed element at the end of the array that `slot` points to, which is made when it is the shared empty one. */
static void *push(const reader_t *reader, apr_array_header_t **slot, size_t size)
{
    if (*slot == reader->none) {
        *slot = apr_array_make(reader->pool, 4, (int)size);
    }
    return memset(apr_array_push(*slot), 0, size);
}

/* The children of the order with that id, or those of no order. */
static orders_children_t *children_of(reader_t *reader, int64_t order_id)
{
    orders_order_t *orders = (orders_order_t *)(void *)reader->answer->orders->elts;
    int count = reader->answer->orders->nelts;
    for (int i = 0; i < count; i++) {
        int at = reader->last + i < count ? reader->last + i : reader->last + i - count;
        if (orders[at].id == order_id) {
            reader->last = at;
            return &orders[at].of;
        }
    }
    return &reader->answer->loose;
}

static void read_row(reader_t *reader, int row, const orders_row_kind_t *kind)
{
    char *base = (char *)reader->answer;
    if (kind->of_order) {
        const char *id = PQgetvalue(reader->result, row, ORDERS_COLUMN_ORDER_ID);
        bool null = PQgetisnull(reader->result, row, ORDERS_COLUMN_ORDER_ID);
        base = (char *)children_of(reader, null ? 0 : read_integer((const unsigned char *)id, 8));
    }
    void *element = push(reader, (apr_array_header_t **)(void *)(base + kind->array), kind->size);
    for (size_t i = 0; i < kind->count; i++) {
        read_member(reader, row, &kind->members[i], element);
    }
    if (kind == &orders_row_kinds[ORDERS_ROW_ORDER]) {
        set_none(&((orders_order_t *)element)->of, reader->none);
    }
}

orders_problem_t *orders_answer_read(apr_pool_t *pool, const PGresult *result,
                                     orders_answer_t **answer)
{
    ORDERS_TRY(check_columns(pool, result));
    int count = PQntuples(result);
    apr_array_header_t *none = apr_array_make(pool, 1, sizeof(void *));
    reader_t reader = {.pool = pool, .result = result, .none = none};
    *answer = reader.answer = apr_palloc(pool, sizeof(**answer));
    **answer = (orders_answer_t){.results = none,
                                 .totals = none,
                                 .orders = none,
                                 .tokens = none,
                                 .profiles = none,
                                 .mails = none,
                                 .labels = none};
    set_none(&reader.answer->loose, none);

    unsigned char *kind = apr_palloc(pool, (apr_size_t)count + 1);
    for (int row = 0; row < count; row++) {
        kind[row] = (unsigned char)kind_of(&reader, row);
        if (kind[row] == ORDERS_ROW_ORDER) {
            read_row(&reader, row, &orders_row_kinds[ORDERS_ROW_ORDER]);
        }
    }
    for (int row = 0; row < count; row++) {
        if (kind[row] != ORDERS_ROW_ORDER && kind[row] != orders_row_kind_count) {
            read_row(&reader, row, &orders_row_kinds[kind[row]]);
        }
    }
    return NULL;
}
