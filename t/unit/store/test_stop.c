/* SPDX-License-Identifier: Apache-2.0 */
/** A statement that runs while its process stops. Needs a database; without one the tests are skipped. */
#include "support.h"

#include <stdlib.h>

#include "core/clock.h"
#include "store/database.h"

static PGconn *connection;
static apr_time_t stop_at; /* of orders_clock_now() */

static orders_problem_t *acquire(void *context, apr_pool_t *in, orders_session_t *session)
{
    connection = PQconnectdb("");
    session->connection = connection;
    return PQstatus(connection) == CONNECTION_OK
               ? NULL
               : orders_problem(in, ORDERS_E_database_unavailable, NULL);
}

static void release(void *context, orders_session_t *session, bool broken)
{
    PQfinish(connection);
}

static bool is_stopping(void *context)
{
    return orders_clock_now() >= stop_at;
}

/** Runs a statement in a process that stops `after` milliseconds from now; returns how many milliseconds it took. */
static int run_for(const orders_statement_t *statement, int after, orders_problem_t **problem)
{
    orders_database_t database = {
        .acquire = acquire, .release = release, .timeout_ms = 10000, .is_stopping = is_stopping};
    const apr_time_t from = orders_clock_now();
    orders_params_t params;
    PGresult *result;

    stop_at = from + apr_time_from_msec(after);
    orders_params_init(&params, pool);
    *problem = orders_database_execute(&database, pool, statement, &params, ORDERS_WRITE, &result);
    return (int)apr_time_as_msec(orders_clock_now() - from);
}

static void test_a_long_statement_is_given_up(void **state)
{
    static const orders_statement_t slow = {.name = "t_slow", .text = "SELECT pg_sleep(20)"};
    orders_problem_t *problem;

    if (!getenv("PGHOST")) {
        skip();
    }
    assert_in_range(run_for(&slow, 300, &problem), 2300, 3300);
    assert_int_equal(problem->error, ORDERS_E_outcome_unknown);
}

static void test_a_short_one_is_finished(void **state)
{
    static const orders_statement_t quick = {.name = "t_quick", .text = "SELECT pg_sleep(1)"};
    orders_problem_t *problem;

    if (!getenv("PGHOST")) {
        skip();
    }
    assert_in_range(run_for(&quick, 300, &problem), 1000, 2000);
    assert_null(problem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_long_statement_is_given_up),
        TEST(test_a_short_one_is_finished),
    };

    return RUN(tests);
}
