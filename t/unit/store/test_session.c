/* SPDX-License-Identifier: Apache-2.0 */
/* The prepared statements of a connection: removing one frees its slot, and the others are still found. */
#include <libpq-fe.h>

#include "store/session.h"
#include "support.h"

/* More than the capacity, fewer than the slots. */
#define STATEMENTS 192

static char statement[STATEMENTS + 8];

/* The functions use the structure of the connection only, so no server is needed. */
static PGconn *connect_nowhere(void)
{
    PGconn *connection = PQconnectStart("host=127.0.0.1 port=1");
    assert_true(orders_session_attach(connection));
    return connection;
}

static int remembered(const PGconn *connection)
{
    int count = 0;
    for (size_t i = 0; i < sizeof statement; i++) {
        count += orders_session_has(connection, statement + i);
    }
    return count;
}

static void a_removed_statement_can_be_added_again(void **state)
{
    PGconn *connection = connect_nowhere();
    for (int i = 0; i < STATEMENTS; i++) {
        orders_session_remember(connection, statement + i);
    }
    for (int round = 0; round < 1000; round++) {
        const char *one = statement + round % STATEMENTS;
        orders_session_forget(connection, one);
        assert_false(orders_session_has(connection, one));
        orders_session_remember(connection, one);
        assert_true(orders_session_has(connection, one));
    }
    assert_int_equal(remembered(connection), STATEMENTS);
    PQfinish(connection);
}

static void other_statements_are_found_after_a_removal(void **state)
{
    PGconn *connection = connect_nowhere();
    for (int i = 0; i < STATEMENTS; i++) {
        orders_session_remember(connection, statement + i);
    }
    for (int i = 0; i < STATEMENTS; i += 3) {
        orders_session_forget(connection, statement + i);
    }
    for (int i = 0; i < STATEMENTS; i++) {
        assert_int_equal(orders_session_has(connection, statement + i), i % 3 != 0);
    }
    PQfinish(connection);
}

static void statements_beyond_the_capacity_are_not_added(void **state)
{
    PGconn *connection = connect_nowhere();
    for (size_t i = 0; i < sizeof statement; i++) {
        orders_session_remember(connection, statement + i);
    }
    assert_int_equal(remembered(connection), STATEMENTS);
    orders_session_forget(connection, statement);
    orders_session_remember(connection, statement + STATEMENTS);
    assert_true(orders_session_has(connection, statement + STATEMENTS));
    PQfinish(connection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_removed_statement_can_be_added_again),
        TEST(other_statements_are_found_after_a_removal),
        TEST(statements_beyond_the_capacity_are_not_added),
    };

    return RUN(tests);
}
