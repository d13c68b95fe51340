/* SPDX-License-Identifier: Apache-2.0 */
#include "store/answer.h"

#include <apr_strings.h>
#include <stddef.h>
#include <string.h>

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

enum {
#define X(name) COLUMN_##name,
    ORDERS_ANSWER_COLUMNS(X)
#undef X
        COLUMN_COUNT
};

static const Oid column_type[COLUMN_COUNT] = {
    [COLUMN_KIND] = OID_TEXT,
    [COLUMN_ORDER_ID] = OID_INT8,
    [COLUMN_ID] = OID_INT8,
    [COLUMN_PARENT_ID] = OID_INT8,
    [COLUMN_PUBLIC_ID] = OID_UUID,
    [COLUMN_NUMBER] = OID_TEXT,
    [COLUMN_BILL_NO] = OID_TEXT,
    [COLUMN_DIALECT] = OID_TEXT,
    [COLUMN_VERSION] = OID_INT4,
    [COLUMN_STATE] = OID_TEXT,
    [COLUMN_PAYMENT_STATE] = OID_TEXT,
    [COLUMN_FULFILMENT_STATE] = OID_TEXT,
    [COLUMN_FROM_STATE] = OID_TEXT,
    [COLUMN_TYPE] = OID_TEXT,
    [COLUMN_METHOD] = OID_TEXT,
    [COLUMN_CHANNEL] = OID_TEXT,
    [COLUMN_PROVIDER] = OID_TEXT,
    [COLUMN_REFERENCE] = OID_TEXT,
    [COLUMN_INTENT_ID] = OID_TEXT,
    [COLUMN_CODE] = OID_TEXT,
    [COLUMN_TITLE] = OID_TEXT,
    [COLUMN_DETAIL] = OID_TEXT,
    [COLUMN_ACTOR] = OID_TEXT,
    [COLUMN_EMAIL] = OID_TEXT,
    [COLUMN_CURRENCY] = OID_TEXT,
    [COLUMN_EXPONENT] = OID_INT2,
    [COLUMN_QUANTITY] = OID_INT4,
    [COLUMN_UNIT_PRICE] = OID_INT8,
    [COLUMN_LIST_PRICE] = OID_INT8,
    [COLUMN_SUBTOTAL] = OID_INT8,
    [COLUMN_DISCOUNT] = OID_INT8,
    [COLUMN_TAX] = OID_INT8,
    [COLUMN_SHIPPING] = OID_INT8,
    [COLUMN_AMOUNT] = OID_INT8,
    [COLUMN_REFUNDED] = OID_INT8,
    [COLUMN_BALANCE_AFTER] = OID_INT8,
    [COLUMN_FLAG] = OID_BOOL,
    [COLUMN_URL] = OID_TEXT,
    [COLUMN_SNAPSHOT] = OID_JSONB,
    [COLUMN_METADATA] = OID_JSONB,
    [COLUMN_CREATED_AT] = OID_TIMESTAMPTZ,
    [COLUMN_UPDATED_AT] = OID_TIMESTAMPTZ,
    [COLUMN_PAID_AT] = OID_TIMESTAMPTZ,
    [COLUMN_CANCELLED_AT] = OID_TIMESTAMPTZ,
    [COLUMN_REFUNDED_AT] = OID_TIMESTAMPTZ,
    [COLUMN_EXPIRES_AT] = OID_TIMESTAMPTZ,
};

/* Where a column's value goes. `holds` is what the member is, known to the compiler. */
typedef enum { HOLDS_NUMBER, HOLDS_BOOL, HOLDS_TEXT, HOLDS_BYTES, HOLDS_DOCUMENT } holds_e;

typedef struct member_t {
    int column;
    holds_e holds;
    size_t offset;
} member_t;

#define MEMBER(type, name, member)                                                                   \
    {                                                                                                \
        COLUMN_##name,                                                                             \
            _Generic(((type *)0)->member,                                                          \
                     int64_t: HOLDS_NUMBER,                                                        \
                     bool: HOLDS_BOOL,                                                             \
                     const char *: HOLDS_TEXT,                                                     \
                     const unsigned char *: HOLDS_BYTES,                                           \
                     orders_document_t: HOLDS_DOCUMENT),                                           \
            offsetof(type, member) \
    }

#define T orders_result_t
static const member_t result_members[] = {
    MEMBER(T, ID, id),         MEMBER(T, ORDER_ID, order_id),   MEMBER(T, CODE, outcome),
    MEMBER(T, DETAIL, detail), MEMBER(T, REFERENCE, reference), MEMBER(T, FLAG, replayed),
    MEMBER(T, TYPE, kind),     MEMBER(T, TITLE, field),         MEMBER(T, SNAPSHOT, snapshot),
};
#undef T

static const member_t total_members[] = {
    MEMBER(orders_total_t, AMOUNT, total_count),
    MEMBER(orders_total_t, FLAG, more),
};

#define T orders_order_t
static const member_t order_members[] = {
    MEMBER(T, ORDER_ID, id),
    MEMBER(T, PARENT_ID, user_id),
    MEMBER(T, PUBLIC_ID, public_id),
    MEMBER(T, NUMBER, number),
    MEMBER(T, BILL_NO, bill_no),
    MEMBER(T, DIALECT, dialect),
    MEMBER(T, VERSION, version),
    MEMBER(T, STATE, state),
    MEMBER(T, PAYMENT_STATE, payment_state),
    MEMBER(T, FULFILMENT_STATE, fulfilment_state),
    MEMBER(T, METHOD, method),
    MEMBER(T, CHANNEL, channel),
    MEMBER(T, DETAIL, notes),
    MEMBER(T, TYPE, binding),
    MEMBER(T, EMAIL, payer),
    MEMBER(T, CURRENCY, currency),
    MEMBER(T, EXPONENT, exponent),
    MEMBER(T, SUBTOTAL, subtotal),
    MEMBER(T, DISCOUNT, discount),
    MEMBER(T, TAX, tax),
    MEMBER(T, SHIPPING, shipping),
    MEMBER(T, AMOUNT, total),
    MEMBER(T, REFUNDED, refunded),
    MEMBER(T, FLAG, tax_inclusive),
    MEMBER(T, SNAPSHOT, snapshot),
    MEMBER(T, METADATA, metadata),
    MEMBER(T, CREATED_AT, created_at),
    MEMBER(T, UPDATED_AT, updated_at),
    MEMBER(T, PAID_AT, paid_at),
    MEMBER(T, CANCELLED_AT, cancelled_at),
    MEMBER(T, REFUNDED_AT, refunded_at),
    MEMBER(T, EXPIRES_AT, expires_at),
};
#undef T

#define T orders_line_t
static const member_t line_members[] = {
    MEMBER(T, ORDER_ID, order_id),
    MEMBER(T, ID, id),
    MEMBER(T, PARENT_ID, item_id),
    MEMBER(T, TYPE, kind),
    MEMBER(T, REFERENCE, product),
    MEMBER(T, CODE, variant),
    MEMBER(T, TITLE, title),
    MEMBER(T, CURRENCY, currency),
    MEMBER(T, URL, image),
    MEMBER(T, QUANTITY, quantity),
    MEMBER(T, UNIT_PRICE, unit_price),
    MEMBER(T, LIST_PRICE, list_price),
    MEMBER(T, SUBTOTAL, subtotal),
    MEMBER(T, DISCOUNT, discount),
    MEMBER(T, TAX, tax),
    MEMBER(T, FLAG, returnable),
    MEMBER(T, NUMBER, number),
    MEMBER(T, SNAPSHOT, snapshot),
    MEMBER(T, METADATA, metadata),
    MEMBER(T, CREATED_AT, created_at),
};
#undef T

#define T orders_tax_t
static const member_t tax_members[] = {
    MEMBER(T, ORDER_ID, order_id), MEMBER(T, CODE, key),          MEMBER(T, QUANTITY, rate_bp),
    MEMBER(T, AMOUNT, amount),     MEMBER(T, CURRENCY, currency),
};
#undef T

#define T orders_address_t
static const member_t address_members[] = {
    MEMBER(T, ORDER_ID, order_id),
    MEMBER(T, TYPE, type),
    MEMBER(T, SNAPSHOT, document),
};
#undef T

#define T orders_payment_t
static const member_t payment_members[] = {
    MEMBER(T, ORDER_ID, order_id),
    MEMBER(T, ID, id),
    MEMBER(T, NUMBER, order_number),
    MEMBER(T, STATE, status),
    MEMBER(T, METHOD, method),
    MEMBER(T, CHANNEL, channel),
    MEMBER(T, PROVIDER, provider),
    MEMBER(T, REFERENCE, reference),
    MEMBER(T, INTENT_ID, intent_id),
    MEMBER(T, CODE, failure_code),
    MEMBER(T, DETAIL, failure_message),
    MEMBER(T, CURRENCY, currency),
    MEMBER(T, AMOUNT, amount),
    MEMBER(T, REFUNDED, refunded),
    MEMBER(T, URL, pay_url),
    MEMBER(T, METADATA, metadata),
    MEMBER(T, CREATED_AT, created_at),
    MEMBER(T, UPDATED_AT, updated_at),
    MEMBER(T, PAID_AT, paid_at),
    MEMBER(T, EXPIRES_AT, expires_at),
};
#undef T

#define T orders_refund_t
static const member_t refund_members[] = {
    MEMBER(T, ORDER_ID, order_id),       MEMBER(T, ID, id),
    MEMBER(T, PARENT_ID, payment_id),    MEMBER(T, STATE, status),
    MEMBER(T, METHOD, method),           MEMBER(T, CHANNEL, channel),
    MEMBER(T, PROVIDER, provider),       MEMBER(T, REFERENCE, reference),
    MEMBER(T, INTENT_ID, intent_id),     MEMBER(T, CODE, failure_code),
    MEMBER(T, DETAIL, reason),           MEMBER(T, CURRENCY, currency),
    MEMBER(T, AMOUNT, amount),           MEMBER(T, METADATA, metadata),
    MEMBER(T, CREATED_AT, created_at),   MEMBER(T, UPDATED_AT, updated_at),
    MEMBER(T, REFUNDED_AT, refunded_at),
};
#undef T

#define T orders_balance_t
static const member_t balance_members[] = {
    MEMBER(T, ORDER_ID, order_id), MEMBER(T, PARENT_ID, user_id),     MEMBER(T, AMOUNT, amount),
    MEMBER(T, CURRENCY, currency), MEMBER(T, UPDATED_AT, updated_at),
};
#undef T

#define T orders_posting_t
static const member_t posting_members[] = {
    MEMBER(T, ORDER_ID, order_id),
    MEMBER(T, ID, id),
    MEMBER(T, PARENT_ID, user_id),
    MEMBER(T, TYPE, type),
    MEMBER(T, AMOUNT, amount),
    MEMBER(T, CURRENCY, currency),
    MEMBER(T, BALANCE_AFTER, balance_after),
    MEMBER(T, REFERENCE, reference),
    MEMBER(T, DETAIL, description),
    MEMBER(T, METADATA, metadata),
    MEMBER(T, CREATED_AT, created_at),
};
#undef T

#define T orders_history_t
static const member_t history_members[] = {
    MEMBER(T, ORDER_ID, order_id), MEMBER(T, ID, id),
    MEMBER(T, VERSION, version),   MEMBER(T, TYPE, axis),
    MEMBER(T, ACTOR, actor),       MEMBER(T, PARENT_ID, actor_id),
    MEMBER(T, FROM_STATE, from),   MEMBER(T, STATE, to),
    MEMBER(T, DETAIL, comment),    MEMBER(T, CREATED_AT, created_at),
};
#undef T

#define T orders_user_t
static const member_t user_members[] = {
    MEMBER(T, ORDER_ID, order_id), MEMBER(T, PARENT_ID, id), MEMBER(T, REFERENCE, ref),
    MEMBER(T, TITLE, name),        MEMBER(T, EMAIL, email),
};

/* Agents and actors: the id is their own, the names are known. */
static const member_t person_members[] = {
    MEMBER(T, ORDER_ID, order_id), MEMBER(T, ID, id),       MEMBER(T, REFERENCE, ref),
    MEMBER(T, TITLE, name),        MEMBER(T, EMAIL, email), MEMBER(T, DETAIL, given_name),
    MEMBER(T, CODE, family_name),
};
#undef T

#define T orders_company_t
static const member_t company_members[] = {
    MEMBER(T, ORDER_ID, order_id), MEMBER(T, ID, id),       MEMBER(T, REFERENCE, ref),
    MEMBER(T, TITLE, name),        MEMBER(T, EMAIL, email), MEMBER(T, METADATA, address),
    MEMBER(T, SNAPSHOT, images),
};
#undef T

#define T orders_invoice_t
static const member_t invoice_members[] = {
    MEMBER(T, ORDER_ID, order_id),     MEMBER(T, ID, id),        MEMBER(T, PARENT_ID, company_id),
    MEMBER(T, NUMBER, number),         MEMBER(T, TITLE, issuer), MEMBER(T, SNAPSHOT, document),
    MEMBER(T, CREATED_AT, created_at),
};
#undef T

#define T orders_profile_t
static const member_t profile_members[] = {
    MEMBER(T, ID, id),           MEMBER(T, DETAIL, given_name), MEMBER(T, CODE, family_name),
    MEMBER(T, REFERENCE, phone), MEMBER(T, TYPE, title),        MEMBER(T, SNAPSHOT, address),
};
#undef T

#define T orders_due_mail_t
static const member_t mail_members[] = {
    MEMBER(T, ID, id),
    MEMBER(T, ORDER_ID, order_id),
    MEMBER(T, AMOUNT, amount),
    MEMBER(T, EXPONENT, exponent),
    MEMBER(T, QUANTITY, attempts),
    MEMBER(T, TYPE, template),
    MEMBER(T, EMAIL, recipient),
    MEMBER(T, NUMBER, order_number),
    MEMBER(T, TITLE, seller),
    MEMBER(T, CURRENCY, currency),
    MEMBER(T, EXPIRES_AT, order_expires_at),
};
#undef T

#define T orders_token_t
static const member_t token_members[] = {
    MEMBER(T, ID, id),
    MEMBER(T, PARENT_ID, user_id),
    MEMBER(T, ORDER_ID, tenant),
    MEMBER(T, REFERENCE, reference),
    MEMBER(T, NUMBER, login),
    MEMBER(T, TITLE, name),
    MEMBER(T, EMAIL, email),
    MEMBER(T, DETAIL, scopes),
    MEMBER(T, STATE, state),
    MEMBER(T, CREATED_AT, created_at),
    MEMBER(T, EXPIRES_AT, expires_at),
    MEMBER(T, CANCELLED_AT, revoked_at),
};
#undef T

/* A kind of row: its struct, its columns and the array that it goes to. */
typedef struct kind_t {
    const char *word;
    size_t size;
    const member_t *members;
    size_t count;
    bool of_order; /* `array` is an offset in orders_children_t, else in orders_answer_t */
    size_t array;
} kind_t;

#define OF_ANSWER(member) false, offsetof(orders_answer_t, member)
#define OF_ORDER(member) true, offsetof(orders_children_t, member)
#define ROWS(word, type, table, where)                                                             \
    {                                                                                              \
        word, sizeof(type), table, sizeof(table) / sizeof(table[0]), where                         \
    }

/* ORDER first: its rows are read before all others. */
static const kind_t kinds[] = {
    ROWS("order", orders_order_t, order_members, OF_ANSWER(orders)),
    ROWS("line", orders_line_t, line_members, OF_ORDER(lines)),
    ROWS("payment", orders_payment_t, payment_members, OF_ORDER(payments)),
    ROWS("refund", orders_refund_t, refund_members, OF_ORDER(refunds)),
    ROWS("balance", orders_balance_t, balance_members, OF_ORDER(balances)),
    ROWS("posting", orders_posting_t, posting_members, OF_ORDER(postings)),
    ROWS("history", orders_history_t, history_members, OF_ORDER(history)),
    ROWS("user", orders_user_t, user_members, OF_ORDER(users)),
    ROWS("tax", orders_tax_t, tax_members, OF_ORDER(taxes)),
    ROWS("address", orders_address_t, address_members, OF_ORDER(addresses)),
    ROWS("result", orders_result_t, result_members, OF_ANSWER(results)),
    ROWS("page", orders_total_t, total_members, OF_ANSWER(totals)),
    ROWS("token", orders_token_t, token_members, OF_ANSWER(tokens)),
    ROWS("identity", orders_token_t, token_members, OF_ANSWER(tokens)),
    ROWS("company", orders_company_t, company_members, OF_ORDER(companies)),
    ROWS("agent", orders_user_t, person_members, OF_ORDER(agents)),
    ROWS("person", orders_user_t, person_members, OF_ORDER(actors)),
    ROWS("invoice", orders_invoice_t, invoice_members, OF_ORDER(invoices)),
    ROWS("profile", orders_profile_t, profile_members, OF_ANSWER(profiles)),
    ROWS("mail", orders_due_mail_t, mail_members, OF_ANSWER(mails)),
};

enum { KIND_ORDER = 0, KIND_COUNT = sizeof(kinds) / sizeof(kinds[0]), KIND_UNKNOWN = KIND_COUNT };

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

static orders_problem_t *check_columns(apr_pool_t *pool, const PGresult *result)
{
    int column = 0;
    if (PQnfields(result) >= COLUMN_COUNT) {
        while (column < COLUMN_COUNT && PQftype(result, column) == column_type[column]) {
            column++;
        }
    }
    if (column == COLUMN_COUNT) {
        return NULL;
    }
    orders_problem_t *problem = orders_problem(pool, ORDERS_E_schema_mismatch, NULL);
    problem->log =
        apr_psprintf(pool, "column %d of orders.answer is not what this module knows", column + 1);
    return problem;
}

static int kind_of(const reader_t *reader, int row)
{
    const char *word = PQgetvalue(reader->result, row, COLUMN_KIND);
    int kind = 0;
    while (kind < KIND_COUNT && strcmp(kinds[kind].word, word) != 0) {
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

static void read_member(const reader_t *reader, int row, const member_t *member, void *into)
{
    int length = PQgetlength(reader->result, row, member->column);
    if (length == 0 && PQgetisnull(reader->result, row, member->column)) {
        return;
    }
    const char *value = PQgetvalue(reader->result, row, member->column);
    const unsigned char *bytes = (const unsigned char *)value;
    void *place = (char *)into + member->offset;
    switch (member->holds) {
    case HOLDS_NUMBER:
        *(int64_t *)place = column_type[member->column] == OID_TIMESTAMPTZ
                                ? read_time(bytes)
                                : read_integer(bytes, length);
        break;
    case HOLDS_BOOL:
        *(bool *)place = *bytes != 0;
        break;
    case HOLDS_TEXT:
        *(const char **)place = value;
        break;
    case HOLDS_BYTES:
        *(const unsigned char **)place = bytes;
        break;
    case HOLDS_DOCUMENT: /* a version byte, then the text */
        *(orders_document_t *)place = (orders_document_t){value + 1, length - 1};
        break;
    }
}

static void set_none(orders_children_t *children, apr_array_header_t *none)
{
    *children = (orders_children_t){none, none, none, none, none, none, none,
                                    none, none, none, none, none, none};
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

static void read_row(reader_t *reader, int row, const kind_t *kind)
{
    char *base = (char *)reader->answer;
    if (kind->of_order) {
        const char *id = PQgetvalue(reader->result, row, COLUMN_ORDER_ID);
        bool null = PQgetisnull(reader->result, row, COLUMN_ORDER_ID);
        base = (char *)children_of(reader, null ? 0 : read_integer((const unsigned char *)id, 8));
    }
    void *element = push(reader, (apr_array_header_t **)(void *)(base + kind->array), kind->size);
    for (size_t i = 0; i < kind->count; i++) {
        read_member(reader, row, &kind->members[i], element);
    }
    if (kind == &kinds[KIND_ORDER]) {
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
                                 .mails = none};
    set_none(&reader.answer->loose, none);

    unsigned char *kind = apr_palloc(pool, (apr_size_t)count + 1);
    for (int row = 0; row < count; row++) {
        kind[row] = (unsigned char)kind_of(&reader, row);
        if (kind[row] == KIND_ORDER) {
            read_row(&reader, row, &kinds[KIND_ORDER]);
        }
    }
    for (int row = 0; row < count; row++) {
        if (kind[row] != KIND_ORDER && kind[row] != KIND_UNKNOWN) {
            read_row(&reader, row, &kinds[kind[row]]);
        }
    }
    return NULL;
}
