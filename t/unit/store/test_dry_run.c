/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes with orders_database_t.dry_run: whatever happens, nothing is committed. Needs the PostgreSQL server of libpq's environment;
 * without PGHOST the tests are skipped.
 */
#include "support.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/database.h"

static void no_notice(void *context, const PGresult *notice)
{
}

static PGconn *connect_quietly(void)
{
    PGconn *connection = PQconnectdb("");
    PQsetNoticeReceiver(connection, no_notice, NULL);
    return connection;
}

static PGconn *connection; /* of the store; replaced when it is broken */
static PGconn *other;      /* looks at the tables */
static int acquired, broken;
static orders_database_t database;

static orders_problem_t *acquire(void *context, apr_pool_t *in, orders_session_t *session)
{
    if (!connection) {
        connection = connect_quietly();
    }
    acquired++;
    session->connection = connection;
    return PQstatus(connection) == CONNECTION_OK
               ? NULL
               : orders_problem(in, ORDERS_E_database_unavailable, NULL);
}

static void release(void *context, orders_session_t *session, bool is_broken)
{
    if (is_broken) {
        broken++;
        PQfinish(connection);
        connection = NULL;
    }
}

static const char *value(const char *sql)
{
    PGresult *result = PQexec(other, sql);
    const ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        fail_msg("%s: %s", sql, PQresultErrorMessage(result));
    }
    const char *text =
        PQntuples(result) ? apr_pstrdup(pool, PQgetvalue(result, 0, 0)) : apr_pstrdup(pool, "");
    PQclear(result);
    return text;
}

#define TABLES                                                                                     \
    "DROP SCHEMA IF EXISTS t_dry CASCADE; CREATE SCHEMA t_dry;"                                    \
    " CREATE SEQUENCE t_dry.calls;"                                                                \
    " CREATE TABLE t_dry.parent (id integer PRIMARY KEY);"                                         \
    " CREATE TABLE t_dry.child (parent integer"                                                    \
    " REFERENCES t_dry.parent DEFERRABLE INITIALLY DEFERRED);"                                     \
    " CREATE TABLE t_dry.log (a text)"

static int begin(void **state)
{
    acquired = broken = 0;
    database = (orders_database_t){.acquire = acquire,
                                   .release = release,
                                   .prepared_statements = true,
                                   .timeout_ms = 3000,
                                   .dry_run = true};
    pool_open(state);
    if (getenv("PGHOST")) {
        other = connect_quietly();
        (void)value(TABLES);
    }
    return 0;
}

static int end(void **state)
{
    if (other) {
        (void)value("DROP SCHEMA IF EXISTS t_dry CASCADE");
    }
    PQfinish(connection);
    PQfinish(other);
    connection = other = NULL;
    pool_close(state);
    return 0;
}

#define NEEDS_SERVER()                                                                             \
    if (!other) {                                                                                  \
        skip();                                                                                    \
    }

static orders_problem_t *run(const orders_statement_t *statement, PGresult **result)
{
    orders_params_t params;
    orders_params_init(&params, pool);
    return orders_database_execute(&database, pool, statement, &params, ORDERS_WRITE, result);
}

static const char *outcome(const orders_statement_t *statement)
{
    PGresult *result;
    return code_of(run(statement, &result));
}

/* The function inserts a row, then runs `rest`. */
static void make_function(const char *rest)
{
    (void)value(apr_psprintf(pool,
                             "CREATE OR REPLACE FUNCTION t_dry.call() RETURNS integer LANGUAGE"
                             " plpgsql AS $$ BEGIN PERFORM nextval('t_dry.calls');"
                             " INSERT INTO t_dry.log VALUES ('a'); %s; RETURN 7; END $$",
                             rest));
}

static const orders_statement_t call = {.name = "t_dry_call", .text = "SELECT t_dry.call()"};

static void assert_nothing_is_written(void)
{
    assert_string_equal(value("SELECT count(*) FROM t_dry.log"), "0");
    assert_string_equal(value("SELECT count(*) FROM t_dry.child"), "0");
    assert_false(database.written);
}

static void the_rows_are_returned_and_the_write_is_rolled_back(void **state)
{
    PGresult *result;
    NEEDS_SERVER();
    make_function("NULL");
    for (int i = 0; i < 4; i++) {
        database.prepared_statements = i < 2;
        assert_null(run(&call, &result));
        assert_int_equal(PQntuples(result), 1);
        assert_int_equal(PQfformat(result, 0), 1);
        assert_int_equal(PQgetvalue(result, 0, 0)[3], 7);
    }
    assert_int_equal(database.trips, 5); /* a preparation and four executions */
    assert_int_equal(broken, 0);
    assert_nothing_is_written();
    assert_string_equal(value("SELECT last_value FROM t_dry.calls"), "4");
}

static void the_same_session_then_writes(void **state)
{
    PGresult *result;
    NEEDS_SERVER();
    make_function("NULL");
    for (int i = 0; i < 2; i++) {
        database.prepared_statements = i;
        database.dry_run = true;
        assert_null(run(&call, &result));
        database.dry_run = false;
        assert_null(run(&call, &result));
    }
    assert_true(database.written);
    assert_int_equal(broken, 0);
    assert_string_equal(value("SELECT count(*) FROM t_dry.log"), "2");
}

static void a_read_is_not_changed(void **state)
{
    static const orders_statement_t settings = {
        .name = "t_dry_settings",
        .text = "SELECT current_setting('orders.dry_run', true) = 'on'"
                " FROM (SELECT 1) AS x WHERE current_setting('orders.dry_run', true) = 'on'"};
    orders_params_t params;
    PGresult *result;
    NEEDS_SERVER();
    orders_params_init(&params, pool);
    assert_null(orders_database_execute(&database, pool, &settings, &params, ORDERS_READ, &result));
    assert_int_equal(PQntuples(result), 0);
    assert_null(run(&settings, &result));
    assert_int_equal(PQntuples(result), 1);
    assert_null(orders_database_execute(&database, pool, &settings, &params, ORDERS_READ, &result));
    assert_int_equal(PQntuples(result), 0); /* the settings end with the transaction */
}

static void a_refusal_leaves_a_usable_session(void **state)
{
    NEEDS_SERVER();
    make_function("RAISE EXCEPTION USING ERRCODE = 'OR422', MESSAGE = 'coupon_expired'");
    for (int i = 0; i < 4; i++) {
        database.prepared_statements = i < 2;
        assert_string_equal(outcome(&call), "coupon_expired");
    }
    assert_int_equal(broken, 0);
    assert_nothing_is_written();
}

static void deferred_constraints_are_checked(void **state)
{
    static const orders_statement_t deferred = {
        .name = "t_dry_deferred", .text = "INSERT INTO t_dry.child VALUES (1) RETURNING parent"};
    NEEDS_SERVER();
    assert_string_equal(outcome(&deferred), "database_error");
    database.prepared_statements = false;
    assert_string_equal(outcome(&deferred), "database_error");
    (void)value("INSERT INTO t_dry.parent VALUES (1)");
    assert_string_equal(outcome(&deferred), "");
    assert_int_equal(broken, 0);
    assert_nothing_is_written();
}

static void a_lost_connection_writes_nothing(void **state)
{
    NEEDS_SERVER();
    make_function("PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1)");
    for (int i = 0; i < 2; i++) {
        database.prepared_statements = i;
        acquired = 0;
        assert_string_equal(outcome(&call), "database_unavailable");
        assert_int_equal(acquired, 2);
    }
    assert_nothing_is_written();
}

/* The message of a race in PostgreSQL between an update and the rollback of an earlier one, such as that of a dry run. */
#define RACE "new multixact has more than one updating member: 0 2[7 (nokeyupd), 8 (nokeyupd)]"

static void an_update_beside_a_rollback_is_repeated(void **state)
{
    NEEDS_SERVER();
    database.dry_run = false;
    make_function("IF lastval() < 3 THEN RAISE EXCEPTION USING ERRCODE = 'XX000', MESSAGE = '" RACE
                  "'; END IF");
    assert_string_equal(outcome(&call), "");
    assert_string_equal(value("SELECT last_value FROM t_dry.calls"), "3");
    make_function("RAISE EXCEPTION USING ERRCODE = 'XX000', MESSAGE = '" RACE "'");
    assert_string_equal(outcome(&call), "serialization_failed");
    make_function("RAISE EXCEPTION USING ERRCODE = 'XX000', MESSAGE = 'another'");
    assert_string_equal(outcome(&call), "database_error");
    assert_int_equal(broken, 0);
}

/* The server still executes the rest of the pipeline after the session is given up. */
static void a_timeout_writes_nothing(void **state)
{
    NEEDS_SERVER();
    database.timeout_ms = 200;
    make_function("PERFORM pg_sleep(0.6)");
    for (int i = 0; i < 2; i++) {
        database.prepared_statements = i;
        assert_string_equal(outcome(&call), "database_unavailable");
    }
    assert_int_equal(broken, 2);
    while (atoi(value("SELECT count(*) FROM pg_stat_activity"
                      " WHERE pid <> pg_backend_pid() AND query LIKE '%t_dry.call%'"))) {
        apr_sleep(20000);
    }
    assert_nothing_is_written();
}

static void transactions_in_conflict_are_repeated_dry(void **state)
{
    static const char *const transient[] = {"40001", "40P01"};
    NEEDS_SERVER();
    for (size_t i = 0; i < COUNT(transient); i++) {
        (void)value("ALTER SEQUENCE t_dry.calls RESTART");
        make_function(apr_psprintf(pool,
                                   "IF lastval() < 3 THEN RAISE EXCEPTION USING ERRCODE = '%s';"
                                   " END IF",
                                   transient[i]));
        assert_string_equal(outcome(&call), "");
        assert_string_equal(value("SELECT last_value FROM t_dry.calls"), "3");
        make_function(apr_psprintf(pool, "RAISE EXCEPTION USING ERRCODE = '%s'", transient[i]));
        assert_string_equal(outcome(&call), "serialization_failed");
    }
    assert_int_equal(broken, 0);
    assert_nothing_is_written();
}

static void a_wait_for_a_lock_is_short(void **state)
{
    static const orders_statement_t update = {.name = "t_dry_update",
                                              .text = "UPDATE t_dry.parent SET id = 2"};
    NEEDS_SERVER();
    (void)value("INSERT INTO t_dry.parent VALUES (1)");
    (void)value("BEGIN");
    (void)value("UPDATE t_dry.parent SET id = 3");
    const apr_time_t start = apr_time_now();
    assert_string_equal(outcome(&update), "busy");
    assert_in_range(apr_time_as_msec(apr_time_now() - start), 450, 1500);
    (void)value("COMMIT");
    assert_int_equal(broken, 0);
    assert_string_equal(value("SELECT id FROM t_dry.parent"), "3");
}

static void nothing_is_released_early(void **state)
{
    static const orders_statement_t early = {
        .name = "t_dry_early",
        .text = "SELECT s.*, " ORDERS_EARLY_RELEASE_SQL " FROM (SELECT pg_current_xact_id()::text,"
                " set_config('orders.early_release', 'on', true) OFFSET 0) AS s",
        .early_release = true};
    PGresult *result;
    NEEDS_SERVER();
    assert_null(run(&early, &result));
    assert_string_equal(PQgetvalue(result, 0, 2), "off");
    assert_null(run(&early, &result));
    assert_int_equal(database.trips, 3); /* a preparation and two executions */
}

static void an_outdated_plan_is_prepared_again(void **state)
{
    static const orders_statement_t all = {
        .name = "t_dry_all", .text = "INSERT INTO t_dry.log VALUES ('x') RETURNING *"};
    PGresult *result;
    NEEDS_SERVER();
    assert_null(run(&all, &result));
    (void)value("ALTER TABLE t_dry.log ADD b integer");
    assert_null(run(&all, &result));
    assert_int_equal(PQnfields(result), 2);
    assert_int_equal(broken, 0);
    assert_nothing_is_written();
}

static void a_session_on_a_read_only_server_is_replaced(void **state)
{
    orders_session_t session;
    NEEDS_SERVER();
    make_function("NULL");
    assert_null(acquire(NULL, pool, &session));
    PQclear(PQexec(session.connection, "SET default_transaction_read_only = on"));
    assert_string_equal(outcome(&call), "");
    assert_int_equal(broken, 1);
    assert_nothing_is_written();
}

/* The statement is larger than the buffers of the socket. */
static void a_large_statement_is_sent(void **state)
{
    static const orders_statement_t large = {
        .name = "t_dry_large",
        .text = "INSERT INTO t_dry.log SELECT repeat($1, 2) RETURNING a, length(a)",
        .param_count = 1};
    enum { SIZE = 4 * 1024 * 1024 };
    char *text = apr_palloc(pool, SIZE + 1);
    orders_params_t params;
    PGresult *result;
    NEEDS_SERVER();
    memset(text, 'x', SIZE);
    text[SIZE] = '\0';
    orders_params_init(&params, pool);
    orders_param_text(&params, text);
    assert_null(
        orders_database_execute(&database, pool, &large, &params, ORDERS_WRITE_KEYED, &result));
    assert_int_equal(PQgetlength(result, 0, 0), 2 * SIZE);
    assert_nothing_is_written();
}

/* The process is killed at any moment of a dry run. */
static void a_killed_process_writes_nothing(void **state)
{
    NEEDS_SERVER();
    make_function("PERFORM pg_sleep(0.001)");
    for (int i = 0; i < 60; i++) {
        const pid_t child = fork();
        if (child == 0) {
            connection = NULL;
            for (;;) {
                (void)outcome(&call);
            }
        }
        assert_true(child > 0);
        apr_sleep(5000 + i * 317 % 9000);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
    }
    while (atoi(value("SELECT count(*) FROM pg_stat_activity"
                      " WHERE pid <> pg_backend_pid() AND query LIKE '%t_dry.call%'"))) {
        apr_sleep(20000);
    }
    assert_true(atoi(value("SELECT last_value FROM t_dry.calls")) > 0);
    assert_nothing_is_written();
}

#define SERVER_TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVER_TEST(the_rows_are_returned_and_the_write_is_rolled_back),
        SERVER_TEST(the_same_session_then_writes),
        SERVER_TEST(a_read_is_not_changed),
        SERVER_TEST(a_refusal_leaves_a_usable_session),
        SERVER_TEST(deferred_constraints_are_checked),
        SERVER_TEST(a_lost_connection_writes_nothing),
        SERVER_TEST(an_update_beside_a_rollback_is_repeated),
        SERVER_TEST(a_timeout_writes_nothing),
        SERVER_TEST(transactions_in_conflict_are_repeated_dry),
        SERVER_TEST(a_wait_for_a_lock_is_short),
        SERVER_TEST(nothing_is_released_early),
        SERVER_TEST(an_outdated_plan_is_prepared_again),
        SERVER_TEST(a_session_on_a_read_only_server_is_replaced),
        SERVER_TEST(a_large_statement_is_sent),
        SERVER_TEST(a_killed_process_writes_nothing),
    };
    return RUN(tests);
}
