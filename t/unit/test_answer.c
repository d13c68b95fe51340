/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of orders_v1.answer, on results made by hand. */
#include "support.h"

#include <endian.h>

#include "store/answer.h"

enum {
#define X(name) C_##name,
    ORDERS_ANSWER_COLUMNS(X)
#undef X
        C_COUNT
};

enum {
    BOOL = 16,
    INT8 = 20,
    INT2 = 21,
    INT4 = 23,
    TEXT = 25,
    TIMESTAMPTZ = 1184,
    UUID = 2950,
    JSONB = 3802
};

static Oid type_of(int column)
{
    switch (column) {
    case C_ORDER_ID:
    case C_ID:
    case C_PARENT_ID:
        return INT8;
    case C_PUBLIC_ID:
        return UUID;
    case C_VERSION:
    case C_QUANTITY:
        return INT4;
    case C_EXPONENT:
        return INT2;
    case C_FLAG:
        return BOOL;
    case C_SNAPSHOT:
    case C_METADATA:
    case C_ATTRIBUTES:
        return JSONB;
    case C_SLUG:
        return TEXT;
    default:
        return column >= C_CREATED_AT                                ? TIMESTAMPTZ
               : column >= C_UNIT_PRICE && column <= C_BALANCE_AFTER ? INT8
                                                                     : TEXT;
    }
}

static char column_names[C_COUNT][16];

static PGresult *make(int columns, int odd)
{
    PGresAttDesc attributes[C_COUNT];
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    memset(attributes, 0, sizeof(attributes));
    for (int i = 0; i < columns; i++) {
        snprintf(column_names[i], sizeof(column_names[i]), "c%d", i);
        attributes[i].name = column_names[i];
        attributes[i].typid = i == odd ? 1700 : type_of(i);
        attributes[i].format = 1;
    }
    assert_true(PQsetResultAttrs(result, columns, attributes));
    return result;
}

/* A new row of that kind, all other columns null. */
static int add(PGresult *result, const char *kind)
{
    char word[32];
    int row = PQntuples(result);
    apr_cpystrn(word, kind, sizeof(word));
    for (int i = 0; i < PQnfields(result); i++) {
        assert_true(PQsetvalue(result, row, i, NULL, -1));
    }
    assert_true(PQsetvalue(result, row, C_KIND, word, (int)strlen(word)));
    return row;
}

static void set_text(PGresult *result, int column, const char *text)
{
    char *copy = apr_pstrdup(pool, text);
    assert_true(PQsetvalue(result, PQntuples(result) - 1, column, copy, (int)strlen(copy)));
}

static void set_number(PGresult *result, int column, int64_t number)
{
    uint64_t big = htobe64((uint64_t)number);
    int size = type_of(column) == INT2 ? 2 : type_of(column) == INT4 ? 4 : 8;
    assert_true(PQsetvalue(result, PQntuples(result) - 1, column, (char *)&big + 8 - size, size));
}

static void set_flag(PGresult *result, int column)
{
    char one = 1;
    assert_true(PQsetvalue(result, PQntuples(result) - 1, column, &one, 1));
}

static void set_document(PGresult *result, int column, const char *text)
{
    char *copy = apr_pstrcat(pool, "\001", text, NULL);
    assert_true(PQsetvalue(result, PQntuples(result) - 1, column, copy, (int)strlen(copy)));
}

static orders_answer_t *read_all(PGresult *result)
{
    orders_answer_t *answer = NULL;
    assert_null(orders_answer_read(pool, result, &answer));
    return answer;
}

static void an_order_has_its_values(void **state)
{
    PGresult *result = make(C_COUNT, -1);
    char uuid[16] = {1, (char)0x90, 3};
    add(result, "order");
    set_number(result, C_ORDER_ID, 57);
    set_number(result, C_PARENT_ID, 9);
    assert_true(PQsetvalue(result, 0, C_PUBLIC_ID, uuid, 16));
    set_text(result, C_NUMBER, "ORD-1");
    set_text(result, C_STATE, "open");
    set_text(result, C_DETAIL, "notes");
    set_number(result, C_VERSION, 3);
    set_number(result, C_EXPONENT, 2);
    set_number(result, C_AMOUNT, INT64_MAX);
    set_number(result, C_DISCOUNT, -5);
    set_flag(result, C_FLAG);
    set_document(result, C_METADATA, "{\"a\": 1}");
    set_number(result, C_CREATED_AT, 0);
    set_number(result, C_PAID_AT, INT64_MAX);

    const orders_order_t *order = orders_first(read_all(result)->orders);
    assert_int_equal(order->id, 57);
    assert_int_equal(order->user_id, 9);
    assert_memory_equal(order->public_id, uuid, 16);
    assert_string_equal(order->number, "ORD-1");
    assert_string_equal(order->state, "open");
    assert_string_equal(order->notes, "notes");
    assert_int_equal(order->version, 3);
    assert_int_equal(order->exponent, 2);
    assert_true(order->total == INT64_MAX);
    assert_int_equal(order->discount, -5);
    assert_true(order->tax_inclusive);
    assert_int_equal(order->metadata.length, 8);
    assert_string_equal(order->metadata.text, "{\"a\": 1}");
    assert_true(order->created_at == APR_INT64_C(946684800000000)); /* 2000-01-01 */
    assert_true(order->paid_at == 0);                               /* infinity */
    PQclear(result);
}

static void nulls_are_nothing(void **state)
{
    PGresult *result = make(C_COUNT, -1);
    add(result, "order");
    set_number(result, C_ORDER_ID, 1);
    const orders_answer_t *answer = read_all(result);
    const orders_order_t *order = orders_first(answer->orders);
    assert_null(order->public_id);
    assert_null(order->bill_no);
    assert_null(order->snapshot.text);
    assert_int_equal(order->user_id, 0);
    assert_false(order->tax_inclusive);
    assert_true(order->cancelled_at == 0);
    assert_int_equal(order->of.lines->nelts, 0);
    assert_null(orders_first(order->of.payments));
    assert_null(orders_last(answer->results));
    PQclear(result);
}

static void rows_find_their_orders(void **state)
{
    static const char *const kinds[] = {"line",    "payment", "refund", "history", "balance",
                                        "posting", "user",    "tax",    "address"};
    PGresult *result = make(C_COUNT, -1);
    for (size_t k = 0; k < COUNT(kinds); k++) { /* before their orders, and in disorder */
        for (int id = 5; id >= 1; id -= 2) {
            add(result, kinds[k]);
            set_number(result, C_ORDER_ID, id);
            set_number(result, C_ID, id * 10);
        }
    }
    for (int id = 1; id <= 5; id += 2) {
        add(result, "order");
        set_number(result, C_ORDER_ID, id);
    }
    add(result, "line");
    set_number(result, C_ORDER_ID, 99);
    add(result, "balance");

    const orders_answer_t *answer = read_all(result);
    assert_int_equal(answer->orders->nelts, 3);
    for (int i = 0; i < 3; i++) {
        const orders_order_t *order = &APR_ARRAY_IDX(answer->orders, i, orders_order_t);
        const orders_children_t *of = &order->of;
        assert_int_equal(order->id, 2 * i + 1);
        const apr_array_header_t *arrays[] = {of->lines,   of->payments, of->refunds,
                                              of->history, of->balances, of->postings,
                                              of->users,   of->taxes,    of->addresses};
        for (size_t k = 0; k < COUNT(arrays); k++) {
            assert_int_equal(arrays[k]->nelts, 1);
        }
        const orders_line_t *line = orders_first(of->lines);
        assert_int_equal(line->id, order->id * 10);
        assert_int_equal(line->order_id, order->id);
    }
    assert_int_equal(answer->loose.lines->nelts, 1);
    assert_int_equal(answer->loose.balances->nelts, 1);
    PQclear(result);
}

static void rows_keep_their_sequence(void **state)
{
    PGresult *result = make(C_COUNT, -1);
    for (int id = 20; id > 0; id--) {
        add(result, "order");
        set_number(result, C_ORDER_ID, id);
    }
    for (int i = 0; i < 40; i++) {
        add(result, "line");
        set_number(result, C_ORDER_ID, 7);
        set_number(result, C_ID, i);
    }
    const orders_answer_t *answer = read_all(result);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(APR_ARRAY_IDX(answer->orders, i, orders_order_t).id, 20 - i);
    }
    const orders_order_t *seventh = &APR_ARRAY_IDX(answer->orders, 13, orders_order_t);
    assert_int_equal(seventh->of.lines->nelts, 40);
    assert_int_equal(((orders_line_t *)orders_last(seventh->of.lines))->id, 39);
    PQclear(result);
}

static void results_pages_and_tokens_are_the_answers_own(void **state)
{
    PGresult *result = make(C_COUNT, -1);
    add(result, "result");
    set_text(result, C_CODE, "done");
    set_flag(result, C_FLAG);
    set_number(result, C_ID, 4);
    add(result, "page");
    set_number(result, C_AMOUNT, 1234);
    add(result, "identity");
    set_number(result, C_ORDER_ID, 1);
    set_number(result, C_PARENT_ID, 8);
    set_text(result, C_DETAIL, "buyer operator");
    add(result, "something of a newer order book");

    const orders_answer_t *answer = read_all(result);
    const orders_result_t *done = orders_first(answer->results);
    assert_string_equal(done->outcome, "done");
    assert_true(done->replayed);
    assert_int_equal(done->id, 4);
    assert_int_equal(((orders_total_t *)orders_first(answer->totals))->total_count, 1234);
    const orders_token_t *token = orders_first(answer->tokens);
    assert_int_equal(token->tenant, 1);
    assert_int_equal(token->user_id, 8);
    assert_string_equal(token->scopes, "buyer operator");
    PQclear(result);
}

static void another_schema_is_refused(void **state)
{
    orders_answer_t *answer = NULL;
    PGresult *fewer = make(C_COUNT - 1, -1);
    assert_string_equal(code_of(orders_answer_read(pool, fewer, &answer)), "schema_mismatch");
    PQclear(fewer);
    for (int odd = 0; odd < C_COUNT; odd++) {
        PGresult *other = make(C_COUNT, odd);
        assert_string_equal(code_of(orders_answer_read(pool, other, &answer)), "schema_mismatch");
        PQclear(other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_order_has_its_values),
        TEST(nulls_are_nothing),
        TEST(rows_find_their_orders),
        TEST(rows_keep_their_sequence),
        TEST(results_pages_and_tokens_are_the_answers_own),
        TEST(another_schema_is_refused),
    };
    return RUN(tests);
}
