/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The declared types, compared with the schema in the PostgreSQL server of libpq's environment (`t/pg run DIR
 * t/unit/store/test_views` starts one). Without PGHOST the tests are skipped.
 */
#include "support.h"

#include <stdlib.h>

#include "store/document_list.h"
#include "store/entry.h"
#include "store/event.h"
#include "store/reconciliation.h"
#include "store/tenant_settings.h"
#include "store/views.h"
#include "store/webhook.h"

#define BINARY 1

static PGconn *connection;

static int connect_to_server(void **state)
{
    connection = getenv("PGHOST") ? PQconnectdb("") : NULL;
    return pool_open(state);
}

static int disconnect(void **state)
{
    PQfinish(connection);
    return pool_close(state);
}

/* The rows of a statement in binary form; skips the test without a server. */
static PGresult *rows_of(const char *sql, const char *parameter)
{
    if (!connection) {
        skip();
    }
    PGresult *result =
        PQexecParams(connection, sql, parameter != NULL, NULL, &parameter, NULL, NULL, BINARY);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        fail_msg("%s", PQerrorMessage(connection));
    }
    return result;
}

/* Columns of the schema that no type declares. */
static bool is_left_out(const orders_row_type_t *type, const char *column)
{
    return type == &orders_order_type && strcmp(column, "tenant_id") == 0;
}

/* In statements, the column `id` of orders_v1.written is named `result_id`. */
static const char *name_of(const orders_row_type_t *type, const orders_row_field_t *field)
{
    return type == &orders_written_type && strcmp(field->column, "result_id") == 0 ? "id"
                                                                                   : field->column;
}

/* The name of a field's type as pg_type has it; an array's begins with an underscore. */
static const char *type_name(const orders_row_field_t *field)
{
    return field->kind == ORDERS_ROW_KIND_ARRAY ? apr_pstrcat(pool, "_", field->of->name, NULL)
           : field->of                          ? field->of->name
                                                : NULL;
}

static void compare_type(const orders_row_type_t *type)
{
    PGresult *result = rows_of(
        "SELECT a.attname::text, a.atttypid::integer, t.typname::text FROM pg_attribute a"
        " JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = ('orders_v1.' || $1)::regclass"
        " AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
        type->name);
    int row = 0;
    for (size_t i = 0; i < type->count; i++, row++) {
        const orders_row_field_t *field = &type->fields[i];
        row += row < PQntuples(result) && is_left_out(type, PQgetvalue(result, row, 0));
        if (row >= PQntuples(result)) {
            fail_msg("%s has no attribute %s", type->name, field->column);
        }
        assert_string_equal(PQgetvalue(result, row, 0), name_of(type, field));
        if (field->of) {
            assert_string_equal(PQgetvalue(result, row, 2), type_name(field));
        } else if (orders_result_int(result, row, 1) != field->type) {
            fail_msg("%s.%s has another type", type->name, field->column);
        }
    }
    PQclear(result);
}

static void declared_types_are_those_of_the_schema(void **state)
{
    const orders_row_type_t *const others[] = {
        &orders_reconciliation_sum_type,
        &orders_reconciliation_type,
        &orders_difference_type,
        &orders_written_reconciliation_type,
        &orders_written_difference_type,
        &orders_event_step_type,
        &orders_event_type,
        &orders_document_row_type,
        &orders_tenant_settings_type,
        &orders_written_settings_type,
        &orders_entry_view_type,
        &orders_written_entry_type,
        &orders_webhook_type,
        &orders_delivery_type,
        &orders_written_webhook_type,
        &orders_written_delivery_type,
        &orders_written_replay_type,
    };
    int count = 0;
    while (orders_row_types[count]) {
        compare_type(orders_row_types[count++]);
    }
    assert_true(count > 25);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        compare_type(others[i]);
    }
}

static void values_of_a_server_are_read(void **state)
{
    PGresult *result = rows_of(
        "SELECT 57::bigint AS id, 'ORD-1'::text AS number, 2::smallint AS exponent,"
        " ARRAY(SELECT l FROM jsonb_populate_recordset(NULL::orders_v1.line_view, '["
        "{\"id\": 1, \"kind\": \"product\", \"title\": \"Ü\", \"quantity\": 3, \"snapshot\": {}},"
        "{\"id\": 2, \"title\": \"\", \"returnable\": true, \"unit_price\": -5,"
        " \"created_at\": \"2000-01-01T00:00:01Z\"}]') AS l)"
        " || NULL::orders_v1.line_view AS lines,"
        " ARRAY[]::orders_v1.payment_view[] AS payments, NULL::orders_v1.refund_view[] AS refunds,"
        " jsonb_populate_record(NULL::orders_v1.balance_view,"
        " '{\"user_id\": 9, \"currency\": \"USD\"}') AS balance,"
        " NULL::orders_v1.shipment_view AS shipment",
        NULL);
    apr_array_header_t *rows = NULL;
    assert_null(orders_rows_read(pool, result, &orders_order_type, &rows));
    const orders_order_t *order = orders_first(rows);
    assert_int_equal(order->id, 57);
    assert_string_equal(order->number, "ORD-1");
    assert_int_equal(order->exponent, 2);
    const orders_line_t *lines = orders_first(order->of.lines);
    assert_int_equal(order->of.lines->nelts, 2);
    assert_string_equal(lines[0].title, "Ü");
    assert_int_equal(lines[0].quantity, 3);
    assert_string_equal(lines[0].snapshot.text, "{}");
    assert_null(lines[0].metadata.text);
    assert_string_equal(lines[1].title, "");
    assert_true(lines[1].returnable);
    assert_int_equal(lines[1].unit_price, -5);
    assert_true(lines[1].created_at == APR_INT64_C(946684801000000));
    assert_int_equal(order->of.payments->nelts, 0);
    assert_int_equal(order->of.refunds->nelts, 0);
    assert_int_equal(order->of.history->nelts, 0);
    assert_int_equal(order->of.balance->user_id, 9);
    assert_string_equal(order->of.balance->currency, "USD");
    assert_null(order->of.shipment);
    PQclear(result);
}

static void children_are_found_by_id(void **state)
{
    orders_order_t order = {.of.payments = apr_array_make(pool, 2, sizeof(orders_payment_t)),
                            .of.refunds = apr_array_make(pool, 2, sizeof(orders_refund_t)),
                            .of.returns = apr_array_make(pool, 2, sizeof(orders_return_t)),
                            .of.addresses = apr_array_make(pool, 2, sizeof(orders_address_t))};
    APR_ARRAY_PUSH(order.of.addresses, orders_address_t) =
        (orders_address_t){.id = 7, .type = "billing"};
    for (int64_t id = 3; id <= 4; id++) {
        APR_ARRAY_PUSH(order.of.payments, orders_payment_t) = (orders_payment_t){.id = id};
        APR_ARRAY_PUSH(order.of.refunds, orders_refund_t) = (orders_refund_t){.id = id};
        APR_ARRAY_PUSH(order.of.returns, orders_return_t) = (orders_return_t){.id = id};
        assert_int_equal(orders_find_payment(&order, id)->id, id);
        assert_int_equal(orders_find_refund(&order, id)->id, id);
        assert_int_equal(orders_find_return(&order, id)->id, id);
    }
    assert_int_equal(orders_find_refund(&order, 3)->id, 3);
    assert_null(orders_find_payment(&order, 5));
    assert_null(orders_find_refund(&order, 5));
    assert_null(orders_find_return(&order, 0));
    assert_int_equal(orders_find_address(&order, "billing")->id, 7);
    assert_null(orders_find_address(&order, "shipping"));
}

#define SERVER_TEST(function)                                                                      \
    cmocka_unit_test_setup_teardown(function, connect_to_server, disconnect)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVER_TEST(declared_types_are_those_of_the_schema),
        SERVER_TEST(values_of_a_server_are_read),
        TEST(children_are_found_by_id),
    };
    return RUN(tests);
}
