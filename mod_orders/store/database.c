/* SPDX-License-Identifier: Apache-2.0 */
#include "store/database.h"

#include <apr_strings.h>
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "core/clock.h"
#include "core/trouble.h"
#include "store/session.h"
#include "store/sqlstate.h"

#define BINARY 1

/* Attempts after a serialization failure or deadlock. */
#define MAX_TRANSIENT 5
/* Attempts after an unusable session, on which nothing was sent. */
#define MAX_DEAD 4
/* Repeats after a lost connection. */
#define MAX_LOST 1
/* The first status of server errors. */
#define HTTP_SERVER_ERROR 500
/* A statement is sent only if 1/10 of its timeout remains for the reply. */
#define MIN_TIME_DIVISOR 10
/* Maximum remaining time of a statement when the process stops, in microseconds. */
#define STOP_US 2000000
/* Interval at which a waiting statement checks whether the process stops, in milliseconds. */
#define STOP_CHECK_MS 200
/* Maximum pause before the first repeat, in microseconds; doubled each time. */
#define PAUSE_US 4000

typedef enum {
    RAN,
    REFUSED,      /* the server reported an error; nothing has changed */
    UNSUPPORTED,  /* the version of the schema is not supported; nothing has changed */
    NO_TIME_LEFT, /* not sent, because too little time remained; nothing has changed */
    UNUSABLE,     /* the session is dead, read-only or too slow to prepare; nothing has changed */
    LOST,         /* the connection broke after sending; the outcome is unknown */
    TIMED_OUT     /* the deadline passed after sending; the outcome is unknown */
} outcome_e;

typedef struct run_t {
    orders_database_t *database;
    const orders_statement_t *statement;
    const orders_params_t *params;
    apr_time_t deadline; /* set with the first session */
    bool stopping;       /* the process stops; the deadline has been brought forward */
    PGconn *connection;
    PGresult *result; /* the rows or the error; owned by the run */
} run_t;

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
    add_param(params, bytes, length, BINARY);
}

static apr_status_t clear_result(void *result)
{
    PQclear(result);
    return APR_SUCCESS;
}

static void set_result(run_t *run, PGresult *result)
{
    PQclear(run->result);
    run->result = result;
}

static bool has_time(const run_t *run, apr_time_t now)
{
    return run->deadline - now >= (apr_time_t)run->database->timeout_ms * 1000 / MIN_TIME_DIVISOR;
}

/* Brings the deadline forward once the process is stopping. */
static void check_stop(run_t *run, apr_time_t now)
{
    const orders_database_t *database = run->database;
    if (run->stopping || !database->is_stopping || !database->is_stopping(database->stop_context)) {
        return;
    }
    run->stopping = true;
    if (run->deadline > now + STOP_US) {
        run->deadline = now + STOP_US;
    }
}

/* Waits for the socket. False: the deadline has passed. */
static bool wait_for(run_t *run, short events)
{
    struct pollfd fd = {.fd = PQsocket(run->connection), .events = events};
    for (;;) {
        apr_time_t now = orders_clock_now();
        check_stop(run, now);
        apr_interval_time_t left = run->deadline - now;
        if (left <= 0) {
            return false;
        }
        int milliseconds = (int)((left + 999) / 1000);
        bool checks = run->database->is_stopping && milliseconds > STOP_CHECK_MS;
        int ready = poll(&fd, 1, checks ? STOP_CHECK_MS : milliseconds);
        if (ready > 0 || (ready < 0 && errno != EINTR)) {
            return true; /* libpq reports an error of the socket when it reads */
        }
    }
}

/* Sends the output buffer of libpq. libpq requires that input is read while output is pending. */
static outcome_e flush(run_t *run)
{
    for (;;) {
        int pending = PQflush(run->connection);
        if (pending == 0) {
            return RAN;
        }
        if (pending < 0) {
            return LOST;
        }
        if (!wait_for(run, POLLIN | POLLOUT)) {
            return TIMED_OUT;
        }
        if (!PQconsumeInput(run->connection)) {
            return LOST;
        }
    }
}

/*
 * Reads up to ReadyForQuery. In the extended protocol, rows and CommandComplete are sent before the commit, so that only ReadyForQuery
 * confirms the transaction. An error after rows replaces them.
 */
static outcome_e receive(run_t *run)
{
    outcome_e outcome = flush(run);
    while (outcome == RAN) {
        while (PQisBusy(run->connection)) {
            if (!wait_for(run, POLLIN)) {
                return TIMED_OUT;
            }
            if (!PQconsumeInput(run->connection)) {
                break; /* PQgetResult has the error */
            }
        }
        PGresult *next = PQgetResult(run->connection);
        if (!next) {
            break;
        }
        set_result(run, next);
    }
    run->database->trips++;
    if (outcome != RAN || PQstatus(run->connection) != CONNECTION_OK) {
        return outcome == RAN ? LOST : outcome;
    }
    ExecStatusType status = PQresultStatus(run->result);
    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK ? RAN : REFUSED;
}

/* `sent` is what libpq's PQsend… functions return. */
static outcome_e finish(run_t *run, int sent)
{
    return sent ? receive(run) : UNUSABLE;
}

/* Deallocates the statement. RAN even if the server did not know it. */
static outcome_e deallocate(run_t *run)
{
    const char *text = apr_pstrcat(run->params->pool, "DEALLOCATE ", run->statement->name, NULL);
    orders_session_forget(run->connection, run->statement);
    outcome_e outcome = finish(run, PQsendQuery(run->connection, text));
    return outcome == RAN || outcome == REFUSED ? RAN : UNUSABLE;
}

static outcome_e send_preparation(run_t *run)
{
    const orders_statement_t *statement = run->statement;
    return finish(run, PQsendPrepare(run->connection, statement->name, statement->text, 0, NULL));
}

static outcome_e prepare_statement(run_t *run)
{
    outcome_e outcome = send_preparation(run);
    if (outcome == REFUSED && strcmp(orders_sqlstate_of(run->result), "42P05") == 0) {
        outcome = deallocate(run); /* it may have been prepared with another text */
        outcome = outcome == RAN ? send_preparation(run) : outcome;
    }
    if (outcome == LOST || outcome == TIMED_OUT) {
        return UNUSABLE;
    }
    if (outcome == RAN) {
        orders_session_remember(run->connection, run->statement);
        outcome = has_time(run, orders_clock_now()) ? RAN : NO_TIME_LEFT;
    }
    return outcome;
}

static outcome_e execute_prepared(run_t *run)
{
    const orders_params_t *params = run->params;
    if (!orders_session_has(run->connection, run->statement)) {
        outcome_e outcome = prepare_statement(run);
        if (outcome != RAN) {
            return outcome;
        }
    }
    return finish(run, PQsendQueryPrepared(run->connection, run->statement->name, params->count,
                                           params->value, params->length, params->format, BINARY));
}

/*
 * The text with the calling request as a comment. A prepared statement cannot have it. The semicolon keeps the comment out of the text in
 * pg_stat_statements.
 */
static const char *commented_text(const run_t *run)
{
    const orders_database_t *database = run->database;
    return database->request_id
               ? apr_pstrcat(run->params->pool, run->statement->text, "; /*request_id='",
                             database->request_id, "',route='", database->route, "'*/", NULL)
               : run->statement->text;
}

static outcome_e execute_unnamed(run_t *run)
{
    const orders_params_t *params = run->params;
    return finish(run, PQsendQueryParams(run->connection, commented_text(run), params->count, NULL,
                                         params->value, params->length, params->format, BINARY));
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

static outcome_e execute(run_t *run)
{
    if (!run->database->prepared_statements || run->statement->replan) {
        return execute_unnamed(run);
    }
    outcome_e outcome = execute_prepared(run);
    if (outcome == REFUSED && is_stale(run->result)) {
        outcome = deallocate(run);
        if (outcome == RAN) {
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

static bool has_committed_early(const run_t *run)
{
    if (!run->statement->early_release || PQntuples(run->result) == 0) {
        return false;
    }
    int column = PQfnumber(run->result, "early_release");
    return column >= 0 && !PQgetisnull(run->result, 0, column);
}

/* Waits until the commit of `run` is durable. Any failure means an unknown outcome, because the transaction has been committed. */
static outcome_e make_durable(const run_t *run)
{
    orders_params_t none;
    run_t wait = *run;
    orders_params_init(&none, run->params->pool);
    wait.statement = &wait_for_durability;
    wait.params = &none;
    wait.result = NULL;
    outcome_e outcome = execute(&wait);
    PQclear(wait.result);
    return outcome == RAN || outcome == TIMED_OUT ? outcome : LOST;
}

/* Checks the version of the schema if necessary. RAN: it is supported. */
static outcome_e check_schema(run_t *run)
{
    orders_schema_t *schema = run->database->schema;
    if (!schema || !orders_schema_needs_check(schema, run->connection)) {
        return RAN;
    }
    outcome_e outcome = finish(run, PQsendQueryParams(run->connection, orders_schema_query, 0, NULL,
                                                      NULL, NULL, NULL, BINARY));
    if (outcome == LOST || outcome == TIMED_OUT) {
        return UNUSABLE;
    }
    if (outcome == UNUSABLE ||
        (outcome == REFUSED && !orders_schema_is_missing(run->params->pool, run->result))) {
        return outcome;
    }
    if (!orders_schema_check(schema, run->connection, run->result)) {
        return UNSUPPORTED;
    }
    return has_time(run, orders_clock_now()) ? RAN : NO_TIME_LEFT;
}

/* Finds errors that concern the session rather than the statement. */
static outcome_e classify_error(const run_t *run)
{
    const char *sqlstate = orders_sqlstate_of(run->result);
    return orders_sqlstate_is_read_only(sqlstate)         ? UNUSABLE
           : orders_sqlstate_is_unknown_outcome(sqlstate) ? LOST
                                                          : REFUSED;
}

/* One attempt on a borrowed session. */
static outcome_e attempt(run_t *run, apr_time_t now)
{
    set_result(run, NULL);
    if (orders_session_is_dead(run->connection) || !orders_session_attach(run->connection) ||
        PQtransactionStatus(run->connection) != PQTRANS_IDLE ||
        PQsetnonblocking(run->connection, 1) != 0) {
        return UNUSABLE;
    }
    if (!has_time(run, now)) {
        return NO_TIME_LEFT;
    }
    outcome_e outcome = check_schema(run);
    outcome = outcome == RAN ? execute(run) : outcome;
    if (outcome == RAN && has_committed_early(run)) {
        outcome = make_durable(run);
    }
    return outcome == REFUSED ? classify_error(run) : outcome;
}

/* Logs an attempt that took long. The first ones are logged, then a number of them at intervals. */
static void report_slow(const run_t *run, apr_interval_time_t took)
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

static orders_problem_t *borrow_and_attempt(run_t *run, apr_pool_t *pool, outcome_e *outcome)
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
    bool broken = *outcome >= UNUSABLE || PQtransactionStatus(session.connection) != PQTRANS_IDLE;
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
static orders_problem_t *unanswered_problem(const run_t *run, apr_pool_t *pool, outcome_e outcome)
{
    static const char *const reasons[] = {
        [NO_TIME_LEFT] = "too little time remained to send it",
        [UNUSABLE] = "no usable connection",
        [LOST] = "connection lost",
        [TIMED_OUT] = "no reply in time",
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
static orders_problem_t *refusal_problem(const run_t *run, apr_pool_t *pool)
{
    orders_problem_t *problem = orders_sqlstate_problem(pool, run->result);
    if (problem->error == ORDERS_E_schema_mismatch && run->database->schema) {
        orders_schema_recheck(run->database->schema, orders_clock_now());
    }
    return problem;
}

/* Decides after a failed attempt. NULL: try again. `counts`: attempts by outcome. */
static orders_problem_t *handle_failure(run_t *run, apr_pool_t *pool, orders_intent_e intent,
                                        outcome_e outcome, int *counts)
{
    bool in_time = has_time(run, orders_clock_now());
    counts[outcome]++;
    switch (outcome) {
    case REFUSED:
        if (in_time && counts[REFUSED] < MAX_TRANSIENT &&
            orders_sqlstate_is_transient(orders_sqlstate_of(run->result))) {
            pause_before(counts[REFUSED] - 1, run);
            return NULL;
        }
        return refusal_problem(run, pool);
    case UNSUPPORTED:
        return orders_schema_problem(run->database->schema, pool);
    case UNUSABLE:
        if (in_time && counts[UNUSABLE] <= MAX_DEAD) {
            return NULL;
        }
        break;
    case LOST:
        if (in_time && intent != ORDERS_WRITE && counts[LOST] <= MAX_LOST) {
            return NULL;
        }
        break;
    default:
        break;
    }
    return unanswered_problem(run, pool, outcome);
}

static orders_problem_t *retry(run_t *run, apr_pool_t *pool, orders_intent_e intent)
{
    int counts[TIMED_OUT + 1] = {0};
    for (;;) {
        outcome_e outcome = UNUSABLE;
        orders_problem_t *problem = borrow_and_attempt(run, pool, &outcome);
        if (!problem && outcome == RAN) {
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
        bool unknown = intent != ORDERS_READ && (counts[LOST] || counts[TIMED_OUT]);
        bool refused_by_function =
            outcome == REFUSED &&
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
    run_t run = {.database = database, .statement = statement, .params = params};
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
