/* SPDX-License-Identifier: Apache-2.0 */
#include "store/database.h"

#include <apr_strings.h>
#include <string.h>

#include "core/clock.h"
#include "core/trouble.h"
#include "store/dry_run.h"
#include "store/run.h"
#include "store/session.h"
#include "store/sqlstate.h"

/* Attempts after a serialization failure or deadlock. */
#define MAX_TRANSIENT 5
/* Attempts after an unusable session, on which nothing was sent. */
#define MAX_DEAD 4
/* Repeats after a lost connection. */
#define MAX_LOST 1
/* The first status of server errors. */
#define HTTP_SERVER_ERROR 500
/* Maximum pause before the first repeat, in microseconds; doubled each time. */
#define PAUSE_US 4000

void orders_params_init(orders_params_t *params, apr_pool_t *pool)
{
    params->count = 0;
    params->pool = pool;
}

static void add_param(orders_params_t *params, const char *value, int length, int format)
{
    if (params->count >= ORDERS_MAX_STATEMENT_PARAMS) {
        params->count = ORDERS_MAX_STATEMENT_PARAMS + 1; /* refused by execute */
        return;
    }
    params->value[params->count] = value;
    params->length[params->count] = length;
    params->format[params->count] = format;
    params->count++;
}

void orders_param_text(orders_params_t *params, const char *value)
{
    add_param(params, value, 0, 0);
}

void orders_param_int(orders_params_t *params, int64_t value)
{
    add_param(params, apr_psprintf(params->pool, "%" APR_INT64_T_FMT, (apr_int64_t)value), 0, 0);
}

void orders_param_int_or_null(orders_params_t *params, bool given, int64_t value)
{
    if (given) {
        orders_param_int(params, value);
    } else {
        orders_param_text(params, NULL);
    }
}

void orders_param_bytes(orders_params_t *params, const void *bytes, int length)
{
    add_param(params, bytes, length, ORDERS_BINARY);
}

static apr_status_t clear_result(void *result)
{
    PQclear(result);
    return APR_SUCCESS;
}

/* Deallocates the statement. ORDERS_RAN even if the server did not know it. */
static orders_attempt_e deallocate(orders_run_t *run)
{
    const char *text = apr_pstrcat(run->params->pool, "DEALLOCATE ", run->statement->name, NULL);
    orders_session_forget(run->connection, run->statement);
    orders_attempt_e outcome = orders_run_finish(run, PQsendQuery(run->connection, text));
    return outcome == ORDERS_RAN || outcome == ORDERS_REFUSED ? ORDERS_RAN : ORDERS_UNUSABLE;
}

static orders_attempt_e send_preparation(orders_run_t *run)
{
    const orders_statement_t *statement = run->statement;
    return orders_run_finish(
        run, PQsendPrepare(run->connection, statement->name, statement->text, 0, NULL));
}

static orders_attempt_e prepare_statement(orders_run_t *run)
{
    orders_attempt_e outcome = send_preparation(run);
    if (outcome == ORDERS_REFUSED && strcmp(orders_sqlstate_of(run->result), "42P05") == 0) {
        outcome = deallocate(run); /* it may have been prepared with another text */
        outcome = outcome == ORDERS_RAN ? send_preparation(run) : outcome;
    }
    if (outcome == ORDERS_LOST || outcome == ORDERS_TIMED_OUT) {
        return ORDERS_UNUSABLE;
    }
    if (outcome == ORDERS_RAN) {
        orders_session_remember(run->connection, run->statement);
        outcome = orders_run_has_time(run, orders_clock_now()) ? ORDERS_RAN : ORDERS_NO_TIME_LEFT;
    }
    return outcome;
}

static int send_prepared(const orders_run_t *run)
{
    const orders_params_t *params = run->params;
    return PQsendQueryPrepared(run->connection, run->statement->name, params->count, params->value,
                               params->length, params->format, ORDERS_BINARY);
}

/* Sends the statement and reads its result. */
static orders_attempt_e exchange(orders_run_t *run, orders_send_t send)
{
    return run->dry ? orders_dry_run(run, send) : orders_run_finish(run, send(run));
}

static orders_attempt_e execute_prepared(orders_run_t *run)
{
    if (!orders_session_has(run->connection, run->statement)) {
        orders_attempt_e outcome = prepare_statement(run);
        if (outcome != ORDERS_RAN) {
            return outcome;
        }
    }
    return exchange(run, send_prepared);
}

/*
 * The text with the calling request as a comment. A prepared statement cannot have it. The semicolon keeps the comment out of the text in
 * pg_stat_statements.
 */
static const char *commented_text(const orders_run_t *run)
{
    const orders_database_t *database = run->database;
    return database->request_id
               ? apr_pstrcat(run->params->pool, run->statement->text, "; /*request_id='",
                             database->request_id, "',route='", database->route, "'*/", NULL)
               : run->statement->text;
}

static int send_unnamed(const orders_run_t *run)
{
    const orders_params_t *params = run->params;
    return PQsendQueryParams(run->connection, commented_text(run), params->count, NULL,
                             params->value, params->length, params->format, ORDERS_BINARY);
}

/*
 * Whether the server has dropped the statement, or its result type has changed with a migration. The latter has the SQLSTATE of
 * missing features; only the message, which is localised, differs.
 */
static bool is_stale(const PGresult *error)
{
    const char *sqlstate = orders_sqlstate_of(error);
    return strcmp(sqlstate, "26000") == 0 || strcmp(sqlstate, "0A000") == 0;
}

static orders_attempt_e execute(orders_run_t *run)
{
    if (!run->database->prepared_statements || run->statement->replan) {
        return exchange(run, send_unnamed);
    }
    orders_attempt_e outcome = execute_prepared(run);
    if (outcome == ORDERS_REFUSED && is_stale(run->result)) {
        outcome = deallocate(run);
        if (outcome == ORDERS_RAN) {
            outcome = execute_prepared(run);
        }
    }
    return outcome;
}

/*
 * The commit record of this transaction follows those of all transactions that it can see: when its own record is durable, theirs are
 * durable too. A commit waits only if its transaction has written WAL. The statement therefore writes a message, which has no readers.
 */
static const orders_statement_t wait_for_durability = {
    .name = "orders_wait_for_durability",
    .text = "SELECT pg_logical_emit_message(true, 'orders', '')",
    .param_count = 0,
};

static bool has_committed_early(const orders_run_t *run)
{
    if (run->dry || !run->statement->early_release || PQntuples(run->result) == 0) {
        return false;
    }
    int column = PQfnumber(run->result, "early_release");
    return column >= 0 && !PQgetisnull(run->result, 0, column);
}

/* Waits until the commit of `run` is durable. Any failure means an unknown outcome, because the transaction has been committed. */
static orders_attempt_e make_durable(const orders_run_t *run)
{
    orders_params_t none;
    orders_run_t wait = *run;
    orders_params_init(&none, run->params->pool);
    wait.statement = &wait_for_durability;
    wait.params = &none;
    wait.result = NULL;
    orders_attempt_e outcome = execute(&wait);
    PQclear(wait.result);
    return outcome == ORDERS_RAN || outcome == ORDERS_TIMED_OUT ? outcome : ORDERS_LOST;
}

/* Checks the version of the schema if necessary. ORDERS_RAN: it is supported. */
static orders_attempt_e check_schema(orders_run_t *run)
{
    orders_schema_t *schema = run->database->schema;
    if (!schema || !orders_schema_needs_check(schema, run->connection)) {
        return ORDERS_RAN;
    }
    orders_attempt_e outcome =
        orders_run_finish(run, PQsendQueryParams(run->connection, orders_schema_query, 0, NULL,
                                                 NULL, NULL, NULL, ORDERS_BINARY));
    if (outcome == ORDERS_LOST || outcome == ORDERS_TIMED_OUT) {
        return ORDERS_UNUSABLE;
    }
    if (outcome == ORDERS_UNUSABLE ||
        (outcome == ORDERS_REFUSED && !orders_schema_is_missing(run->params->pool, run->result))) {
        return outcome;
    }
    if (!orders_schema_check(schema, run->connection, run->result)) {
        return ORDERS_UNSUPPORTED;
    }
    return orders_run_has_time(run, orders_clock_now()) ? ORDERS_RAN : ORDERS_NO_TIME_LEFT;
}

/* Finds errors that concern the session rather than the statement. */
static orders_attempt_e classify_error(const orders_run_t *run)
{
    const char *sqlstate = orders_sqlstate_of(run->result);
    return orders_sqlstate_is_read_only(sqlstate)         ? ORDERS_UNUSABLE
           : orders_sqlstate_is_unknown_outcome(sqlstate) ? ORDERS_LOST
                                                          : ORDERS_REFUSED;
}

/* One attempt on a borrowed session. */
static orders_attempt_e attempt(orders_run_t *run, apr_time_t now)
{
    orders_run_set_result(run, NULL);
    if (orders_session_is_dead(run->connection) || !orders_session_attach(run->connection) ||
        PQtransactionStatus(run->connection) != PQTRANS_IDLE ||
        PQsetnonblocking(run->connection, 1) != 0) {
        return ORDERS_UNUSABLE;
    }
    if (!orders_run_has_time(run, now)) {
        return ORDERS_NO_TIME_LEFT;
    }
    orders_attempt_e outcome = check_schema(run);
    outcome = outcome == ORDERS_RAN ? execute(run) : outcome;
    if (outcome == ORDERS_RAN && has_committed_early(run)) {
        outcome = make_durable(run);
    }
    return outcome == ORDERS_REFUSED ? classify_error(run) : outcome;
}

/* Logs an attempt that took long. The first ones are logged, then a number of them at intervals. */
static void report_slow(const orders_run_t *run, apr_interval_time_t took)
{
    const orders_database_t *database = run->database;
    if (!database->request_id || !database->slow_us || took < database->slow_us) {
        return;
    }
    orders_trouble_count(database->log, ORDERS_LOG_WARNING, ORDERS_TROUBLE_SLOW, database->route,
                         apr_psprintf(run->params->pool,
                                      "slow_statement %s - %s: %s took %" APR_TIME_T_FMT
                                      " ms, server process %u",
                                      database->request_id, database->route, run->statement->name,
                                      apr_time_as_msec(took), database->backend));
}

static orders_problem_t *borrow_and_attempt(orders_run_t *run, apr_pool_t *pool,
                                            orders_attempt_e *outcome)
{
    orders_database_t *database = run->database;
    orders_session_t session = {NULL, NULL};
    apr_time_t asked = orders_clock_now();
    if (database->schema && !orders_schema_may_acquire(database->schema, asked)) {
        return orders_schema_problem(database->schema, pool);
    }
    orders_problem_t *problem = database->acquire(database->context, pool, &session);
    apr_time_t got = orders_clock_now();
    database->queue_us += got - asked;
    if (problem) {
        return problem;
    }
    if (!run->deadline) {
        run->deadline = got + (apr_time_t)database->timeout_ms * 1000;
    }
    run->connection = session.connection;
    database->backend = (unsigned)PQbackendPID(session.connection);
    *outcome = attempt(run, got);
    bool broken =
        *outcome >= ORDERS_UNUSABLE || PQtransactionStatus(session.connection) != PQTRANS_IDLE;
    database->release(database->context, &session, broken);
    run->connection = NULL;
    apr_interval_time_t took = orders_clock_now() - got;
    database->busy_us += took;
    report_slow(run, took);
    return NULL;
}

static orders_problem_t *unavailable(apr_pool_t *pool, orders_error_e error, const char *log)
{
    orders_problem_t *problem = orders_problem(pool, error, NULL);
    problem->log = log;
    problem->retry_after = 2;
    return problem;
}

/* A random pause, so that concurrent requests do not repeat at the same time. */
static void pause_before(int repeat, const void *salt)
{
    apr_uint32_t noise =
        (apr_uint32_t)((apr_uintptr_t)salt >> 4) * 2654435761u ^ (apr_uint32_t)orders_clock_now();
    apr_sleep(1 + noise % (PAUSE_US << repeat));
}

/* The problem of a statement without a reply, or with an error that concerns the session. */
static orders_problem_t *unanswered_problem(const orders_run_t *run, apr_pool_t *pool,
                                            orders_attempt_e outcome)
{
    static const char *const reasons[] = {
        [ORDERS_NO_TIME_LEFT] = "too little time remained to send it",
        [ORDERS_UNUSABLE] = "no usable connection",
        [ORDERS_LOST] = "connection lost",
        [ORDERS_TIMED_OUT] = "no reply in time",
    };
    const char *sqlstate = orders_sqlstate_of(run->result);
    bool has_error =
        orders_sqlstate_is_read_only(sqlstate) || orders_sqlstate_is_unknown_outcome(sqlstate);
    orders_problem_t *problem = unavailable(pool, ORDERS_E_database_unavailable, NULL);
    problem->log = apr_psprintf(pool, "%s: %s", run->statement->name,
                                has_error ? PQresultErrorField(run->result, PG_DIAG_MESSAGE_PRIMARY)
                                          : reasons[outcome]);
    if (has_error) {
        apr_cpystrn(problem->sqlstate, sqlstate, sizeof(problem->sqlstate));
    }
    return problem;
}

/* The version of the schema is checked again if an object is missing. */
static orders_problem_t *refusal_problem(const orders_run_t *run, apr_pool_t *pool)
{
    orders_problem_t *problem = orders_sqlstate_problem(pool, run->result);
    if (problem->error == ORDERS_E_schema_mismatch && run->database->schema) {
        orders_schema_recheck(run->database->schema, orders_clock_now());
    }
    return problem;
}

/* Decides after a failed attempt. NULL: try again. `counts`: attempts by outcome. */
static orders_problem_t *handle_failure(orders_run_t *run, apr_pool_t *pool, orders_intent_e intent,
                                        orders_attempt_e outcome, int *counts)
{
    bool in_time = orders_run_has_time(run, orders_clock_now());
    counts[outcome]++;
    switch (outcome) {
    case ORDERS_REFUSED:
        if (in_time && counts[ORDERS_REFUSED] < MAX_TRANSIENT &&
            orders_sqlstate_is_transient(run->result)) {
            pause_before(counts[ORDERS_REFUSED] - 1, run);
            return NULL;
        }
        return refusal_problem(run, pool);
    case ORDERS_UNSUPPORTED:
        return orders_schema_problem(run->database->schema, pool);
    case ORDERS_UNUSABLE:
        if (in_time && counts[ORDERS_UNUSABLE] <= MAX_DEAD) {
            return NULL;
        }
        break;
    case ORDERS_LOST:
        if (in_time && intent != ORDERS_WRITE && counts[ORDERS_LOST] <= MAX_LOST) {
            return NULL;
        }
        break;
    default:
        break;
    }
    return unanswered_problem(run, pool, outcome);
}

static orders_problem_t *retry(orders_run_t *run, apr_pool_t *pool, orders_intent_e intent)
{
    int counts[ORDERS_TIMED_OUT + 1] = {0};
    for (;;) {
        orders_attempt_e outcome = ORDERS_UNUSABLE;
        orders_problem_t *problem = borrow_and_attempt(run, pool, &outcome);
        if (!problem && outcome == ORDERS_RAN) {
            return NULL;
        }
        if (!problem) {
            problem = handle_failure(run, pool, intent, outcome, counts);
        }
        if (!problem) {
            orders_log(run->database->log, ORDERS_LOG_INFO, "%s: another attempt",
                       run->statement->name);
            continue;
        }
        /*
         * If the outcome of an earlier attempt of a write is unknown, it stays unknown after other failures of later attempts. A refusal
         * by a function settles it: had the earlier attempt been committed, the repeat would have returned its result.
         */
        bool unknown = intent != ORDERS_READ && (counts[ORDERS_LOST] || counts[ORDERS_TIMED_OUT]);
        bool refused_by_function =
            outcome == ORDERS_REFUSED &&
            orders_kind_status(orders_error_kind(problem->error)) < HTTP_SERVER_ERROR;
        if (unknown && !refused_by_function) {
            return unavailable(pool, ORDERS_E_outcome_unknown, problem->log);
        }
        return problem;
    }
}

orders_problem_t *orders_database_execute(orders_database_t *database, apr_pool_t *pool,
                                          const orders_statement_t *statement,
                                          const orders_params_t *params, orders_intent_e intent,
                                          PGresult **result)
{
    *result = NULL;
    if (params->count != statement->param_count) {
        return orders_problem_logged(
            pool, ORDERS_E_internal_error,
            apr_psprintf(pool, "%s: %d parameters", statement->name, params->count));
    }
    orders_run_t run = {.database = database, .statement = statement, .params = params};
    if (database->dry_run && intent != ORDERS_READ) {
        run.dry = true;
        intent = ORDERS_READ; /* it writes nothing */
    }
    orders_problem_t *problem = retry(&run, pool, intent);
    if (problem) {
        PQclear(run.result);
        return problem;
    }
    apr_pool_cleanup_register(pool, run.result, clear_result, apr_pool_cleanup_null);
    *result = run.result;
    database->written = database->written || intent != ORDERS_READ;
    return NULL;
}

static bool is_temporary_failure(orders_error_e error)
{
    return error == ORDERS_E_busy || error == ORDERS_E_database_unavailable ||
           error == ORDERS_E_serialization_failed || error == ORDERS_E_statement_timeout ||
           error == ORDERS_E_schema_mismatch || error == ORDERS_E_schema_version_unsupported;
}

orders_problem_t *orders_database_problem(const orders_database_t *database, apr_pool_t *pool,
                                          orders_problem_t *problem)
{
    return problem && !problem->extra && database->written && is_temporary_failure(problem->error)
               ? unavailable(pool, ORDERS_E_outcome_unknown, problem->log)
               : problem;
}
