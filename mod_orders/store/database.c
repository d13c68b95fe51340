/* SPDX-License-Identifier: Apache-2.0 */
#include "store/database.h"

#include <apr_strings.h>
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "core/clock.h"
#include "store/session.h"
#include "store/sqlstate.h"

#define BINARY 1

/* Attempts when the server says that a transaction lost against another. */
#define MAX_TRANSIENT 5
/* Idle sessions that may turn out dead before one is taken for an outage: each was found before anything was sent. */
#define MAX_DEAD 4
/* Times that an execution may follow a lost connection. */
#define MAX_LOST 1
/* The first status of those that tell of the server's own trouble. */
#define HTTP_SERVER_FAULT 500
/* Of a statement's time, this part must be left when it is sent, so that its answer can still be heard. */
#define LEAST_SHARE 10
/* Longest pause before the first repeat; doubled each time. */
#define PAUSE_US 4000

typedef enum {
    RAN,
    REFUSED, /* the server answered with an error; nothing has changed */
    UNFIT,   /* the version of the schema is not one that the module accepts; nothing has changed */
    NO_TIME, /* too little was left to send it; nothing has changed */
    NOTHING_DONE, /* nor here, but the session is of no use: dead, read only, late with a preparation */
    LOST,         /* the connection broke after sending: anything may have happened */
    LATE          /* the deadline passed after sending: the same */
} outcome_e;

typedef struct run_t {
    orders_database_t *database;
    const orders_statement_t *statement;
    const orders_params_t *params;
    apr_time_t deadline; /* set when the first session is there */
    PGconn *connection;
    PGresult *result; /* the rows, or the error; owned */
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
    return run->deadline - now >= (apr_time_t)run->database->timeout_ms * 1000 / LEAST_SHARE;
}

/* Waits for the socket. false: the deadline has passed. */
static bool wait_for(const run_t *run, short events)
{
    struct pollfd fd = {.fd = PQsocket(run->connection), .events = events};
    for (;;) {
        apr_interval_time_t left = run->deadline - orders_clock_now();
        if (left <= 0) {
            return false;
        }
        int ready = poll(&fd, 1, (int)((left + 999) / 1000));
        if (ready > 0 || (ready < 0 && errno != EINTR)) {
            return true; /* an error of the socket's shows when libpq reads from it */
        }
    }
}

/* Sends what libpq has buffered, reading what the server says meanwhile. */
static outcome_e flush(const run_t *run)
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
            return LATE;
        }
        if (!PQconsumeInput(run->connection)) {
            return LOST;
        }
    }
}

/*
 * Reads up to ReadyForQuery. That matters: with the extended protocol the rows and CommandComplete come before the
 * commit, so that only the end of the exchange says that the transaction has happened. An error after rows wins.
 */
static outcome_e receive(run_t *run)
{
    outcome_e outcome = flush(run);
    while (outcome == RAN) {
        while (PQisBusy(run->connection)) {
            if (!wait_for(run, POLLIN)) {
                return LATE;
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
    return sent ? receive(run) : NOTHING_DONE;
}

/* Makes the server forget the statement: RAN whether it knew it or not. */
static outcome_e discard(run_t *run)
{
    const char *text = apr_pstrcat(run->params->pool, "DEALLOCATE ", run->statement->name, NULL);
    orders_session_forget(run->connection, run->statement);
    outcome_e outcome = finish(run, PQsendQuery(run->connection, text));
    return outcome == RAN || outcome == REFUSED ? RAN : NOTHING_DONE;
}

static outcome_e send_preparation(run_t *run)
{
    const orders_statement_t *statement = run->statement;
    return finish(run, PQsendPrepare(run->connection, statement->name, statement->text, 0, NULL));
}

static outcome_e prepare(run_t *run)
{
    outcome_e outcome = send_preparation(run);
    if (outcome == REFUSED && strcmp(orders_sqlstate_of(run->result), "42P05") == 0) {
        outcome = discard(run); /* its text may be another one's: nobody remembers */
        outcome = outcome == RAN ? send_preparation(run) : outcome;
    }
    if (outcome == LOST || outcome == LATE) {
        return NOTHING_DONE;
    }
    if (outcome == RAN) {
        orders_session_remember(run->connection, run->statement);
        outcome = has_time(run, orders_clock_now()) ? RAN : NO_TIME;
    }
    return outcome;
}

static outcome_e execute_prepared(run_t *run)
{
    const orders_params_t *params = run->params;
    if (!orders_session_has(run->connection, run->statement)) {
        outcome_e outcome = prepare(run);
        if (outcome != RAN) {
            return outcome;
        }
    }
    return finish(run, PQsendQueryPrepared(run->connection, run->statement->name, params->count,
                                           params->value, params->length, params->format, BINARY));
}

static outcome_e execute_unnamed(run_t *run)
{
    const orders_params_t *params = run->params;
    return finish(run, PQsendQueryParams(run->connection, run->statement->text, params->count, NULL,
                                         params->value, params->length, params->format, BINARY));
}

/*
 * Whether the server dropped the statement, or what it was prepared for is no more (a migration). The latter shares its
 * SQLSTATE with features that are missing; only the message, which may be in any language, tells them apart.
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
        outcome = discard(run);
        if (outcome == RAN) {
            outcome = execute_prepared(run);
        }
    }
    return outcome;
}

/*
 * Its commit record follows those of all transactions that it can see: once it is durable, they are. PostgreSQL waits only for transactions
 * that have written something, so it writes a message without readers.
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

/* Waits until what `run` has committed is durable. The transaction has happened: any failure leaves the outcome in doubt. */
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
    return outcome == RAN || outcome == LATE ? outcome : LOST;
}

/* Compares the version of the schema, on a connection or in a state that asks for it. RAN: it fits. */
static outcome_e look_at_schema(run_t *run)
{
    orders_schema_t *schema = run->database->schema;
    if (!schema || !orders_schema_is_due(schema, run->connection)) {
        return RAN;
    }
    outcome_e outcome = finish(run, PQsendQueryParams(run->connection, orders_schema_query, 0, NULL,
                                                      NULL, NULL, NULL, BINARY));
    if (outcome == LOST || outcome == LATE) {
        return NOTHING_DONE;
    }
    if (outcome == NOTHING_DONE ||
        (outcome == REFUSED && !orders_schema_is_missing(run->params->pool, run->result))) {
        return outcome;
    }
    if (!orders_schema_judge(schema, run->connection, run->result)) {
        return UNFIT;
    }
    return has_time(run, orders_clock_now()) ? RAN : NO_TIME;
}

/* Errors that tell of the session, not of the statement. */
static outcome_e look_closer(const run_t *run)
{
    const char *sqlstate = orders_sqlstate_of(run->result);
    return orders_sqlstate_is_read_only(sqlstate) ? NOTHING_DONE
           : orders_sqlstate_is_open(sqlstate)    ? LOST
                                                  : REFUSED;
}

/* One attempt on the session that was borrowed. */
static outcome_e attempt(run_t *run, apr_time_t now)
{
    set_result(run, NULL);
    if (orders_session_is_dead(run->connection) || !orders_session_attach(run->connection) ||
        PQtransactionStatus(run->connection) != PQTRANS_IDLE ||
        PQsetnonblocking(run->connection, 1) != 0) {
        return NOTHING_DONE;
    }
    if (!has_time(run, now)) {
        return NO_TIME;
    }
    outcome_e outcome = look_at_schema(run);
    outcome = outcome == RAN ? execute(run) : outcome;
    if (outcome == RAN && has_committed_early(run)) {
        outcome = make_durable(run);
    }
    return outcome == REFUSED ? look_closer(run) : outcome;
}

static orders_problem_t *borrow_and_attempt(run_t *run, apr_pool_t *pool, outcome_e *outcome)
{
    orders_database_t *database = run->database;
    orders_session_t session = {NULL, NULL};
    apr_time_t asked = orders_clock_now();
    if (database->schema && !orders_schema_admits(database->schema, asked)) {
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
    *outcome = attempt(run, got);
    bool broken =
        *outcome >= NOTHING_DONE || PQtransactionStatus(session.connection) != PQTRANS_IDLE;
    database->release(database->context, &session, broken);
    run->connection = NULL;
    database->busy_us += orders_clock_now() - got;
    return NULL;
}

static orders_problem_t *unavailable(apr_pool_t *pool, orders_error_e error, const char *log)
{
    orders_problem_t *problem = orders_problem(pool, error, NULL);
    problem->log = log;
    problem->retry_after = 2;
    return problem;
}

/* Other requests of this process must not repeat in step. */
static void pause_before(int repeat, const void *salt)
{
    apr_uint32_t noise =
        (apr_uint32_t)((apr_uintptr_t)salt >> 4) * 2654435761u ^ (apr_uint32_t)orders_clock_now();
    apr_sleep(1 + noise % (PAUSE_US << repeat));
}

/* The problem of a statement that nobody answered, or whose answer tells of the session. */
static orders_problem_t *no_answer(const run_t *run, apr_pool_t *pool, outcome_e outcome)
{
    static const char *const reasons[] = {
        [NO_TIME] = "no time left to send it",
        [NOTHING_DONE] = "no usable connection",
        [LOST] = "connection lost",
        [LATE] = "no answer in time",
    };
    const char *sqlstate = orders_sqlstate_of(run->result);
    bool told = orders_sqlstate_is_read_only(sqlstate) || orders_sqlstate_is_open(sqlstate);
    orders_problem_t *problem = unavailable(pool, ORDERS_E_database_unavailable, NULL);
    problem->log = apr_psprintf(pool, "%s: %s", run->statement->name,
                                told ? PQresultErrorField(run->result, PG_DIAG_MESSAGE_PRIMARY)
                                     : reasons[outcome]);
    if (told) {
        apr_cpystrn(problem->sqlstate, sqlstate, sizeof(problem->sqlstate));
    }
    return problem;
}

/* An object that the schema lacks makes its version doubtful. */
static orders_problem_t *refused(const run_t *run, apr_pool_t *pool)
{
    orders_problem_t *problem = orders_sqlstate_problem(pool, run->result);
    if (problem->error == ORDERS_E_schema_mismatch && run->database->schema) {
        orders_schema_doubt(run->database->schema, orders_clock_now());
    }
    return problem;
}

/* What a failed attempt leads to: NULL means another attempt. `tries` counts by outcome. */
static orders_problem_t *judge(run_t *run, apr_pool_t *pool, orders_intent_e intent,
                               outcome_e outcome, int *tries)
{
    bool in_time = has_time(run, orders_clock_now());
    tries[outcome]++;
    switch (outcome) {
    case REFUSED:
        if (in_time && tries[REFUSED] < MAX_TRANSIENT &&
            orders_sqlstate_is_transient(orders_sqlstate_of(run->result))) {
            pause_before(tries[REFUSED] - 1, run);
            return NULL;
        }
        return refused(run, pool);
    case UNFIT:
        return orders_schema_problem(run->database->schema, pool);
    case NOTHING_DONE:
        if (in_time && tries[NOTHING_DONE] <= MAX_DEAD) {
            return NULL;
        }
        break;
    case LOST:
        if (in_time && intent != ORDERS_WRITE && tries[LOST] <= MAX_LOST) {
            return NULL;
        }
        break;
    default:
        break;
    }
    return no_answer(run, pool, outcome);
}

static orders_problem_t *attempts(run_t *run, apr_pool_t *pool, orders_intent_e intent)
{
    int tries[LATE + 1] = {0};
    for (;;) {
        outcome_e outcome = NOTHING_DONE;
        orders_problem_t *problem = borrow_and_attempt(run, pool, &outcome);
        if (!problem && outcome == RAN) {
            return NULL;
        }
        if (!problem) {
            problem = judge(run, pool, intent, outcome, tries);
        }
        if (!problem) {
            orders_log(run->database->log, ORDERS_LOG_INFO, "%s: another attempt",
                       run->statement->name);
            continue;
        }
        /*
         * A write whose fate was left open by an earlier attempt stays open, whatever stopped the later ones. Only a
         * refusal by the order book tells: it would have been an answer, had the write happened.
         */
        bool open = intent != ORDERS_READ && (tries[LOST] || tries[LATE]);
        bool told = outcome == REFUSED &&
                    orders_kind_status(orders_error_kind(problem->error)) < HTTP_SERVER_FAULT;
        if (open && !told) {
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
    orders_problem_t *problem = attempts(&run, pool, intent);
    if (problem) {
        PQclear(run.result);
        return problem;
    }
    apr_pool_cleanup_register(pool, run.result, clear_result, apr_pool_cleanup_null);
    *result = run.result;
    return NULL;
}
