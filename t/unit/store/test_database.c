/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements and their errors, with the PostgreSQL server of libpq's environment (`t/pg run DIR t/unit/store/test_database` starts
 * one). Without PGHOST the tests are skipped.
 */
#include "support.h"

#include <stdlib.h>

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

/* A pool of one connection, which is replaced when it is broken, and its counters. */
typedef struct fixture_t {
    PGconn *connection;
    int acquired, broken;
    apr_interval_time_t queue; /* maximum time to wait for a session */
    orders_database_t database;
} fixture_t;

static fixture_t fixture;

static PGconn *other; /* causes the errors */

static orders_problem_t *acquire(void *context, apr_pool_t *in, orders_session_t *session)
{
    if (!fixture.connection) {
        fixture.connection = connect_quietly();
    }
    if (PQstatus(fixture.connection) != CONNECTION_OK) {
        return orders_problem(in, ORDERS_E_database_unavailable, NULL);
    }
    fixture.acquired++;
    apr_sleep(fixture.queue);
    session->connection = fixture.connection;
    return NULL;
}

static void release(void *context, orders_session_t *session, bool broken)
{
    if (broken) {
        fixture.broken++;
        PQfinish(fixture.connection);
        fixture.connection = NULL;
    }
}

static int begin(void **state)
{
    fixture = (fixture_t){.database = {.acquire = acquire,
                                       .release = release,
                                       .prepared_statements = true,
                                       .timeout_ms = 3000}};
    if (getenv("PGHOST")) {
        other = connect_quietly();
    }
    return pool_open(state);
}

static int end(void **state)
{
    pool_close(state);
    PQfinish(fixture.connection);
    PQfinish(other);
    other = NULL;
    return 0;
}

/* Skips the test without a server. */
#define NEEDS_SERVER()                                                                             \
    if (!other) {                                                                                  \
        skip();                                                                                    \
    }

/* Runs SQL on another connection than the store's. */
static void command(PGconn *connection, const char *sql)
{
    PGresult *result = PQexec(connection, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        fail_msg("%s: %s", sql, PQresultErrorMessage(result));
    }
    PQclear(result);
}

/* The connection of the next statement, already open. */
static PGconn *session(void)
{
    orders_session_t borrowed;
    assert_null(acquire(NULL, pool, &borrowed));
    fixture.acquired = 0;
    return borrowed.connection;
}

static orders_problem_t *run(const orders_statement_t *statement, orders_intent_e intent,
                             PGresult **result)
{
    orders_params_t params;
    orders_params_init(&params, pool);
    return orders_database_execute(&fixture.database, pool, statement, &params, intent, result);
}

static const char *outcome(const orders_statement_t *statement, orders_intent_e intent)
{
    PGresult *result;
    return code_of(run(statement, intent, &result));
}

static const orders_statement_t one = {.name = "t_one", .text = "SELECT 1"};

static void rows_are_binary_and_statements_prepared_once(void **state)
{
    static const orders_statement_t prepared = {
        .name = "t_prepared",
        .text = "SELECT count(*) FROM pg_prepared_statements WHERE name = 't_prepared'"};
    PGresult *result;
    NEEDS_SERVER();
    for (int i = 0; i < 3; i++) {
        assert_null(run(&prepared, ORDERS_READ, &result));
        assert_int_equal(PQfformat(result, 0), 1);
        assert_int_equal(PQgetvalue(result, 0, 0)[7], 1);
    }
    assert_int_equal(fixture.database.trips, 4); /* a preparation and three executions */
    static const orders_statement_t replanned = {
        .name = "t_prepared", .text = "SELECT 1", .replan = true};
    assert_null(run(&replanned, ORDERS_READ, &result));
    assert_int_equal(fixture.database.trips, 5);
    fixture.database.prepared_statements = false;
    assert_null(run(&one, ORDERS_READ, &result));
    assert_int_equal(fixture.database.trips, 6);
    assert_false(fixture.database.written);
    assert_null(run(&one, ORDERS_WRITE, &result));
    assert_true(fixture.database.written);
}

static void a_second_statement_waits_until_the_first_is_durable(void **state)
{
#define ASSIGN_XID(early)                                                                          \
    "SELECT s.*, " ORDERS_EARLY_RELEASE_SQL " FROM (SELECT pg_current_xact_id()::text"             \
    ", set_config('orders.early_release', '" early "', true) OFFSET 0) AS s"
    static const orders_statement_t early = {
        .name = "t_early", .text = ASSIGN_XID("on"), .early_release = true};
    static const orders_statement_t waiting = {
        .name = "t_waiting", .text = ASSIGN_XID(""), .early_release = true};
    PGresult *result;
    NEEDS_SERVER();
    assert_null(run(&early, ORDERS_WRITE, &result));
    assert_int_equal(PQntuples(result), 1);
    assert_string_equal(PQgetvalue(result, 0, 2), "off");
    assert_int_equal(fixture.database.trips, 4); /* two preparations and two executions */
    assert_null(run(&early, ORDERS_WRITE, &result));
    assert_int_equal(fixture.database.trips, 6);
    assert_null(run(&waiting, ORDERS_WRITE, &result)); /* it has committed as configured */
    assert_true(PQgetisnull(result, 0, 2));
    assert_int_equal(fixture.database.trips, 8);
    assert_null(run(&waiting, ORDERS_WRITE, &result));
    assert_int_equal(fixture.database.trips, 9);
}

static void a_deallocated_statement_is_prepared_again(void **state)
{
    NEEDS_SERVER();
    assert_string_equal(outcome(&one, ORDERS_WRITE), "");
    command(fixture.connection, "DEALLOCATE ALL");
    assert_string_equal(outcome(&one, ORDERS_WRITE), "");
    assert_int_equal(fixture.broken, 0);
}

static void a_statement_is_prepared_again_when_its_table_has_changed(void **state)
{
    static const orders_statement_t all = {.name = "t_all",
                                           .text = "SELECT * FROM pg_temp.changing"};
    PGresult *result;
    NEEDS_SERVER();
    command(session(), "CREATE TEMP TABLE changing (a integer)");
    assert_null(run(&all, ORDERS_WRITE, &result));
    command(session(), "ALTER TABLE changing ADD b integer");
    assert_null(run(&all, ORDERS_WRITE, &result));
    assert_int_equal(PQnfields(result), 2);
}

/* A prepared statement with the same name may have the text of another version. */
static void a_statement_that_only_the_server_knows_is_replaced(void **state)
{
    PGresult *result;
    NEEDS_SERVER();
    command(session(), "PREPARE t_one AS SELECT 2");
    for (int i = 0; i < 2; i++) {
        assert_null(run(&one, ORDERS_WRITE, &result));
        assert_int_equal(PQgetvalue(result, 0, 0)[3], 1);
    }
    assert_int_equal(fixture.broken, 0);
    assert_int_equal(fixture.database.trips, 5); /* refused, dropped, prepared; two executions */
}

static void kill_session(void)
{
    command(other,
            apr_psprintf(pool, "SELECT pg_terminate_backend(%d, 2000)", PQbackendPID(session())));
}

static void a_session_that_died_idle_is_replaced(void **state)
{
    static const orders_intent_e intents[] = {ORDERS_READ, ORDERS_WRITE, ORDERS_WRITE_KEYED};
    NEEDS_SERVER();
    for (size_t i = 0; i < COUNT(intents); i++) {
        assert_string_equal(outcome(&one, intents[i]), "");
        kill_session();
        assert_string_equal(outcome(&one, intents[i]), ""); /* nothing had been sent */
        assert_int_equal(fixture.acquired, 2);
    }
    assert_int_equal(fixture.broken, 3);
}

static const orders_statement_t suicide = {
    .name = "t_suicide", .text = "SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(1)"};

static void a_lost_connection_is_retried_once_if_that_is_safe(void **state)
{
    NEEDS_SERVER();
    assert_string_equal(outcome(&suicide, ORDERS_READ), "database_unavailable");
    assert_int_equal(fixture.acquired, 2);
    fixture.acquired = 0;
    assert_string_equal(outcome(&suicide, ORDERS_WRITE_KEYED), "outcome_unknown");
    assert_int_equal(fixture.acquired, 2);
    fixture.acquired = 0;
    assert_string_equal(outcome(&suicide, ORDERS_WRITE), "outcome_unknown");
    assert_int_equal(fixture.acquired, 1);
    assert_string_equal(outcome(&one, ORDERS_WRITE), ""); /* the next statement succeeds */
}

static void statements_end_at_their_timeout(void **state)
{
    static const orders_statement_t slow = {.name = "t_slow", .text = "SELECT pg_sleep(20)"};
    NEEDS_SERVER();
    fixture.database.timeout_ms = 200;
    apr_time_t start = apr_time_now();
    assert_string_equal(outcome(&slow, ORDERS_READ), "database_unavailable");
    assert_string_equal(outcome(&slow, ORDERS_WRITE), "outcome_unknown");
    assert_true(apr_time_now() - start < apr_time_from_sec(2));
    assert_int_equal(fixture.broken, 2);
}

static void the_timeout_excludes_time_in_the_queue(void **state)
{
    static const orders_statement_t slow = {.name = "t_slow", .text = "SELECT pg_sleep(0.2)"};
    NEEDS_SERVER();
    fixture.database.timeout_ms = 400;
    fixture.queue = apr_time_from_msec(300);
    assert_string_equal(outcome(&slow, ORDERS_WRITE), "");
    fixture.queue = apr_time_from_msec(500);
    assert_string_equal(outcome(&slow, ORDERS_WRITE), "");
    assert_int_equal(fixture.broken, 0);
}

/* A function that fails with this SQLSTATE and HINT until the call number `times`, which succeeds. */
static void make_hinting(const char *sqlstate, int times, const char *hint)
{
    command(other, "DROP SCHEMA IF EXISTS t_database CASCADE; CREATE SCHEMA t_database;"
                   " CREATE SEQUENCE t_database.calls");
    command(other,
            apr_psprintf(
                pool,
                "CREATE FUNCTION t_database.fail() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN"
                " IF nextval('t_database.calls') < %d THEN"
                " RAISE EXCEPTION USING ERRCODE = '%s', MESSAGE = 'coupon_expired',"
                " DETAIL = 'It has.', COLUMN = 'a_column', HINT = '%s';"
                " END IF; RETURN 1; END $$",
                times, sqlstate, hint));
}

static void make_failing(const char *sqlstate, int times)
{
    make_hinting(sqlstate, times, "{\"field\": \"coupon_code\", \"extras\": {\"a\": 1}}");
}

static const orders_statement_t failing = {.name = "t_failing", .text = "SELECT t_database.fail()"};

static int calls(void)
{
    PGresult *result = PQexec(other, "SELECT last_value FROM t_database.calls");
    int count = atoi(PQgetvalue(result, 0, 0));
    PQclear(result);
    return count;
}

/* A function that ends its own session the first time, and fails with this SQLSTATE the second time. */
static void make_dying(const char *sqlstate)
{
    command(other, "DROP SCHEMA IF EXISTS t_database CASCADE; CREATE SCHEMA t_database;"
                   " CREATE SEQUENCE t_database.calls");
    command(
        other,
        apr_psprintf(pool,
                     "CREATE FUNCTION t_database.die() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN"
                     " IF nextval('t_database.calls') = 1 THEN"
                     " PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1);"
                     " END IF;"
                     " RAISE EXCEPTION USING ERRCODE = '%s', MESSAGE = 'coupon_expired';"
                     " END $$",
                     sqlstate));
}

static void an_error_after_a_lost_connection_leaves_the_outcome_unknown(void **state)
{
    static const orders_statement_t dying = {.name = "t_dying", .text = "SELECT t_database.die()"};
    static const char *const trouble[] = {"55P03", "57014", "53200", "XX000"};
    NEEDS_SERVER();
    for (size_t i = 0; i < COUNT(trouble); i++) {
        make_dying(trouble[i]);
        assert_string_equal(outcome(&dying, ORDERS_WRITE_KEYED), "outcome_unknown");
        assert_int_equal(calls(), 2);
    }
    make_dying("OR422");
    assert_string_equal(outcome(&dying, ORDERS_WRITE_KEYED), "coupon_expired");
    make_dying("55P03");
    assert_string_equal(outcome(&dying, ORDERS_READ), "busy");
}

static void transactions_in_conflict_are_retried(void **state)
{
    static const char *const transient[] = {"40001", "40P01"};
    NEEDS_SERVER();
    for (size_t i = 0; i < COUNT(transient); i++) {
        make_failing(transient[i], 3);
        assert_string_equal(outcome(&failing, ORDERS_WRITE), "");
        assert_int_equal(calls(), 3);
        make_failing(transient[i], 1000);
        assert_string_equal(outcome(&failing, ORDERS_WRITE), "serialization_failed");
        assert_int_equal(calls(), 5);
    }
    assert_int_equal(fixture.broken, 0);
}

static void refusals_keep_their_texts(void **state)
{
    PGresult *result;
    NEEDS_SERVER();
    make_failing("OR422", 1000);
    const orders_problem_t *problem = run(&failing, ORDERS_WRITE, &result);
    assert_string_equal(code_of(problem), "coupon_expired");
    assert_string_equal(problem->detail, "It has.");
    assert_string_equal(problem->extra, "{\"a\":1}");
    assert_string_equal(problem->sqlstate, "OR422");
    assert_null(problem->log);
    const orders_field_error_t *field = &APR_ARRAY_IDX(problem->fields, 0, orders_field_error_t);
    assert_string_equal(field->field, "coupon_code");
    assert_string_equal(orders_error_code(field->error), "coupon_expired");
    assert_int_equal(calls(), 1);
}

/* COLUMN is never read: a server that forwards another server's error drops it. */
static void a_hint_is_a_field_and_further_members(void **state)
{
    static const struct {
        const char *hint, *field, *extra;
    } hints[] = {
        {"", NULL, NULL},
        {"{}", NULL, NULL},
        {"Perhaps you meant something else.", NULL, NULL},
        {"{\"field\": \"a\"", NULL, NULL},
        {"[\"field\", \"a\"]", NULL, NULL},
        {"{\"field\": \"lines[1].qty\"}", "lines[1].qty", NULL},
        {"{\"field\": \"\"}", NULL, NULL},
        {"{\"field\": 5, \"extras\": [1]}", NULL, NULL},
        {"{\"field\": null, \"extras\": null}", NULL, NULL},
        {"{\"field\": \"a\\\"\303\251\"}", "a\"\303\251", NULL},
        {"{\"extras\": {\"field\": \"b\", \"n\": null, \"x\": [1.5, 9007199254740993]}}", NULL,
         "{\"field\":\"b\",\"n\":null,\"x\":[1.5,9007199254740993]}"},
        {"{\"field\": \"a\", \"extras\": {}, \"more\": 1}", "a", "{}"},
    };
    PGresult *result;
    NEEDS_SERVER();
    for (size_t i = 0; i < COUNT(hints); i++) {
        make_hinting("OR409", 1000, hints[i].hint);
        const orders_problem_t *problem = run(&failing, ORDERS_WRITE, &result);
        assert_string_equal(code_of(problem), "coupon_expired");
        assert_int_equal(problem->fields ? problem->fields->nelts : 0, hints[i].field ? 1 : 0);
        if (hints[i].field) {
            assert_string_equal(APR_ARRAY_IDX(problem->fields, 0, orders_field_error_t).field,
                                hints[i].field);
        }
        if (hints[i].extra) {
            assert_string_equal(problem->extra, hints[i].extra);
        } else {
            assert_null(problem->extra);
        }
    }
}

static void a_refusal_has_a_retry_time(void **state)
{
    static const struct {
        const char *hint;
        int seconds;
    } hints[] = {{"{\"extras\": {\"retry_after\": 7}}", 7},
                 {"{\"extras\": {\"retry_after\": -7}}", 5},
                 {"{\"extras\": {\"retry_after\": 4294967297}}", 5},
                 {"{\"retry_after\": 7}", 5},
                 {"", 5}};
    PGresult *result;
    NEEDS_SERVER();
    for (size_t i = 0; i < COUNT(hints); i++) {
        command(other, "DROP SCHEMA IF EXISTS t_database CASCADE; CREATE SCHEMA t_database");
        command(other, apr_psprintf(pool,
                                    "CREATE FUNCTION t_database.fail() RETURNS integer LANGUAGE"
                                    " plpgsql AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'OR429',"
                                    " MESSAGE = 'too_many_requests', HINT = '%s'; END $$",
                                    hints[i].hint));
        const orders_problem_t *problem = run(&failing, ORDERS_WRITE, &result);
        assert_int_equal(problem->retry_after, hints[i].seconds);
    }
}

/* A statement that was rolled back must not have an unknown outcome because the time for a retry is too short. */
static void nothing_is_sent_without_time_for_the_response(void **state)
{
    NEEDS_SERVER();
    make_failing("40001", 1000);
    fixture.database.timeout_ms = 300;
    fixture.queue = apr_time_from_msec(310);
    assert_string_equal(outcome(&failing, ORDERS_WRITE), "database_unavailable");
    assert_int_equal(calls(), 1);
    assert_int_equal(fixture.acquired, 2);
    assert_int_equal(fixture.broken, 0); /* the session is still usable */
}

/* The error of a plan that is older than its tables, in any language of the server. */
static void an_outdated_plan_is_prepared_again(void **state)
{
    NEEDS_SERVER();
    make_failing("0A000", 2);
    assert_string_equal(outcome(&failing, ORDERS_WRITE), "");
    assert_int_equal(calls(), 2);
    make_failing("0A000", 1000);
    assert_string_equal(outcome(&failing, ORDERS_WRITE), "database_error");
    assert_int_equal(calls(), 2);
    assert_int_equal(fixture.broken, 0);
}

/* After a failover the old primary may still respond: another connection may find the new one. */
static void a_session_on_a_read_only_server_is_replaced(void **state)
{
    static const orders_statement_t write = {.name = "t_write",
                                             .text = "INSERT INTO t_database.written VALUES (1)"};
    PGresult *result;
    NEEDS_SERVER();
    make_failing("00000", 0);
    command(other, "CREATE TABLE t_database.written (a integer)");
    command(session(), "SET default_transaction_read_only = on");
    assert_string_equal(outcome(&write, ORDERS_WRITE), "");
    assert_int_equal(fixture.acquired, 2);
    assert_int_equal(fixture.broken, 1);
    make_failing("25006", 1000);
    const orders_problem_t *problem = run(&failing, ORDERS_WRITE, &result);
    assert_string_equal(code_of(problem), "database_unavailable");
    assert_string_equal(problem->sqlstate, "25006");
    assert_int_equal(fixture.broken, 6);
}

static void an_outcome_that_the_server_does_not_know_is_unknown(void **state)
{
    static const char *const unknown[] = {"40003", "08007"};
    PGresult *result;
    NEEDS_SERVER();
    for (size_t i = 0; i < COUNT(unknown); i++) {
        make_failing(unknown[i], 1000);
        const orders_problem_t *problem = run(&failing, ORDERS_WRITE, &result);
        assert_string_equal(code_of(problem), "outcome_unknown");
        assert_non_null(strstr(problem->log, "coupon_expired"));
        assert_int_equal(calls(), 1);
        make_failing(unknown[i], 2);
        assert_string_equal(outcome(&failing, ORDERS_WRITE_KEYED), "");
        make_failing(unknown[i], 1000);
        assert_string_equal(outcome(&failing, ORDERS_READ), "database_unavailable");
        assert_int_equal(calls(), 2);
    }
}

static void other_errors_are_only_logged(void **state)
{
    static const char *const meanings[][2] = {
        {"55P03", "busy"},
        {"57014", "statement_timeout"},
        {"53300", "database_unavailable"},
        {"23505", "database_error"},
        {"23502", "database_error"},
        {"23514", "database_error"},
        {"42601", "database_error"},
        {"42883", "schema_mismatch"},
        {"P0001", "database_error"},
        {"XX000", "database_error"},
    };
    PGresult *result;
    NEEDS_SERVER();
    for (size_t i = 0; i < COUNT(meanings); i++) {
        make_failing(meanings[i][0], 1000);
        const orders_problem_t *problem = run(&failing, ORDERS_WRITE, &result);
        assert_string_equal(code_of(problem), meanings[i][1]);
        assert_string_equal(problem->sqlstate, meanings[i][0]);
        assert_string_equal(problem->log, "coupon_expired");
        assert_null(strstr(problem->detail, "It has"));
    }
}

/*
 * A value that cannot be stored is the client's fault (422, logged at info); any other data exception is a fault of the schema's
 * functions (500, logged at error).
 */
static void only_value_errors_are_the_clients_fault(void **state)
{
    static const char *const values[] = {"22001", "22003", "22007", "22008",
                                         "22009", "22021", "22P02", "22P05"};
    static const char *const faults[] = {"22000", "22004", "22012", "22023", "22025", "22032",
                                         "2200F", "2201B", "2201W", "2202E", "22P01", "22P03"};
    NEEDS_SERVER();
    for (size_t i = 0; i < COUNT(values); i++) {
        make_failing(values[i], 1000);
        assert_string_equal(outcome(&failing, ORDERS_WRITE), "invalid_field");
    }
    for (size_t i = 0; i < COUNT(faults); i++) {
        make_failing(faults[i], 1000);
        assert_string_equal(outcome(&failing, ORDERS_WRITE), "database_error");
    }
}

static void a_commit_that_fails_after_the_rows_is_a_failure(void **state)
{
    static const orders_statement_t deferred = {
        .name = "t_deferred", .text = "INSERT INTO t_database.child VALUES (1) RETURNING parent"};
    NEEDS_SERVER();
    make_failing("00000", 0);
    command(other, "CREATE TABLE t_database.parent (id integer PRIMARY KEY);"
                   " CREATE TABLE t_database.child (parent integer"
                   " REFERENCES t_database.parent DEFERRABLE INITIALLY DEFERRED)");
    assert_string_equal(outcome(&deferred, ORDERS_WRITE), "database_error");
    command(other, "INSERT INTO t_database.parent VALUES (1)");
    assert_string_equal(outcome(&deferred, ORDERS_WRITE), "");
    command(other, "DROP SCHEMA t_database CASCADE");
}

static void a_missing_function_is_a_schema_mismatch(void **state)
{
    static const orders_statement_t missing = {.name = "t_missing",
                                               .text = "SELECT t_nowhere.nothing()"};
    NEEDS_SERVER();
    assert_string_equal(outcome(&missing, ORDERS_READ), "schema_mismatch");
    assert_string_equal(outcome(&one, ORDERS_READ), "");
}

static void a_session_in_a_transaction_is_never_used(void **state)
{
    NEEDS_SERVER();
    command(session(), "BEGIN");
    assert_string_equal(outcome(&one, ORDERS_WRITE), "");
    assert_int_equal(fixture.broken, 1);
}

#define SERVER_TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVER_TEST(rows_are_binary_and_statements_prepared_once),
        SERVER_TEST(a_second_statement_waits_until_the_first_is_durable),
        SERVER_TEST(a_deallocated_statement_is_prepared_again),
        SERVER_TEST(a_statement_is_prepared_again_when_its_table_has_changed),
        SERVER_TEST(a_statement_that_only_the_server_knows_is_replaced),
        SERVER_TEST(a_session_that_died_idle_is_replaced),
        SERVER_TEST(a_lost_connection_is_retried_once_if_that_is_safe),
        SERVER_TEST(statements_end_at_their_timeout),
        SERVER_TEST(the_timeout_excludes_time_in_the_queue),
        SERVER_TEST(nothing_is_sent_without_time_for_the_response),
        SERVER_TEST(an_outdated_plan_is_prepared_again),
        SERVER_TEST(a_session_on_a_read_only_server_is_replaced),
        SERVER_TEST(an_outcome_that_the_server_does_not_know_is_unknown),
        SERVER_TEST(an_error_after_a_lost_connection_leaves_the_outcome_unknown),
        SERVER_TEST(transactions_in_conflict_are_retried),
        SERVER_TEST(refusals_keep_their_texts),
        SERVER_TEST(a_hint_is_a_field_and_further_members),
        SERVER_TEST(a_refusal_has_a_retry_time),
        SERVER_TEST(other_errors_are_only_logged),
        SERVER_TEST(only_value_errors_are_the_clients_fault),
        SERVER_TEST(a_commit_that_fails_after_the_rows_is_a_failure),
        SERVER_TEST(a_missing_function_is_a_schema_mismatch),
        SERVER_TEST(a_session_in_a_transaction_is_never_used),
    };
    return RUN(tests);
}
