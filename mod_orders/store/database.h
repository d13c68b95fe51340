/* SPDX-License-Identifier: Apache-2.0 */
/**
 * PostgreSQL access: one statement, one transaction, one round trip.
 *
 * A session is borrowed for one statement and returned before the rows are read. The rows live in libpq's result, which is cleared
 * with the caller's pool. Statements are `static const` objects in the files of the store.
 */
#ifndef ORDERS_STORE_DATABASE_H
#define ORDERS_STORE_DATABASE_H

#include <apr_pools.h>
#include <apr_time.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/log.h"
#include "core/problem.h"
#include "store/schema_version.h"

/**
 * A borrowed session. The connection itself records which statements it has prepared (store/session.h).
 */
typedef struct orders_session_t {
    PGconn *connection;
    void *lease; /**< of the implementation of orders_database_t */
} orders_session_t;

/**
 * A source of sessions, for one request or one run of a job; used by one thread. httpd/sessions.c implements it with mod_dbd, tests
 * with a plain connection. acquire: `busy` after the queue timeout, `database_unavailable` if no connection can be made. release:
 * `broken` if the connection must not be used again.
 */
typedef struct orders_database_t {
    void *context;
    orders_problem_t *(*acquire)(void *context, apr_pool_t *pool, orders_session_t *session);
    void (*release)(void *context, orders_session_t *session, bool broken);
    bool prepared_statements; /**< false behind pgbouncer in transaction mode */
    int timeout_ms; /**< for a statement with all its attempts, counted from the first session */
    /** Whether the process is stopping: then a statement has two more seconds. NULL: it has its whole timeout. */
    bool (*is_stopping)(void *stop_context);
    void *stop_context;
    orders_schema_t *schema; /**< the known version of the schema; NULL: not checked */
    const orders_log_t *log;
    /**
     * The calling request: written to the log with slow statements, and as a comment into statements that are not prepared, so that PostgreSQL's
     * log has them. Without quotes and asterisks. NULL: a background job.
     */
    const char *request_id, *route;
    apr_interval_time_t slow_us; /**< statements of requests that take longer are logged; 0: none */
    bool dry_run;                /**< writes are rolled back: see orders_database_execute */
    bool written;                /**< a write has been committed */
    /* Totals for the access log: microseconds, and round trips. */
    apr_time_t busy_us, queue_us;
    int trips;
    /**
     * Process id of the server process of the last session; 0: none. Unsigned: pgbouncer sends 32 random bits in its place.
     */
    unsigned backend;
} orders_database_t;

typedef enum {
    ORDERS_READ,       /**< may be repeated after a lost connection */
    ORDERS_WRITE,      /**< must not be repeated after a lost connection */
    ORDERS_WRITE_KEYED /**< has an idempotency key or is idempotent itself: may be repeated */
} orders_intent_e;

typedef struct orders_statement_t {
    const char *name; /**< unique name of the prepared statement */
    const char *text;
    int param_count;
    bool replan; /**< not prepared, because the best plan depends on which parameters are null */
    bool repeatable; /**< an idempotent write: it may be repeated without a key */
    /**
     * Its last column is ORDERS_EARLY_RELEASE_SQL: it may commit without waiting for the disk and the standbys, so that its locks are
     * released. Then a second statement waits for both, before orders_database_execute returns.
     */
    bool early_release;
} orders_statement_t;

/**
 * A column that is computed after the function in FROM has returned. Not null: the function has called allow_early_release, and
 * the transaction commits early.
 */
#define ORDERS_EARLY_RELEASE_SQL                                                                   \
    "CASE WHEN current_setting('orders.early_release', true) = 'on'"                               \
    " THEN set_config('synchronous_commit', 'off', true) END AS early_release"

#define ORDERS_MAX_STATEMENT_PARAMS 32

/** Parameters: bytea in binary format, all others as text. A NULL value is an SQL NULL. Strings are not copied. */
typedef struct orders_params_t {
    const char *value[ORDERS_MAX_STATEMENT_PARAMS];
    int length[ORDERS_MAX_STATEMENT_PARAMS];
    int format[ORDERS_MAX_STATEMENT_PARAMS];
    int count;
    apr_pool_t *pool;
} orders_params_t;

void orders_params_init(orders_params_t *params, apr_pool_t *pool);
void orders_param_text(orders_params_t *params, const char *value);
void orders_param_int(orders_params_t *params, int64_t value);
void orders_param_int_or_null(orders_params_t *params, bool given, int64_t value);
void orders_param_bytes(orders_params_t *params, const void *bytes, int length);

/**
 * Executes a statement. `*result` has binary columns and is cleared with `pool`.
 * Attempts: up to 5 after a serialization failure or deadlock (40001, 40P01), with jitter; one more after a lost connection, if
 * `intent` allows it. A session on a read-only server is returned as broken, and another one is tried. Nothing is sent if too
 * little of the timeout remains for a reply.
 * With `database->dry_run`, a write runs in a transaction that is rolled back (store/dry_run.h): its result shows what the write would have
 * done, and it may be repeated. `outcome_unknown` does not occur.
 * Errors: the refusal of a function (SQLSTATE class OR); `outcome_unknown` for a write that may have been committed;
 * `database_unavailable` for a read, or if nothing was sent; `schema_version_unsupported`, without sending anything; those of acquire.
 */
orders_problem_t *orders_database_execute(orders_database_t *database, apr_pool_t *pool,
                                          const orders_statement_t *statement,
                                          const orders_params_t *params, orders_intent_e intent,
                                          PGresult **result) ORDERS_MUSTCHECK;

/**
 * The problem of a request of several statements: `outcome_unknown` instead of a temporary failure of the database after a write was
 * committed, because the other codes state that nothing was done. A problem with members that describe its effects, such as
 * `lines_stored`, and NULL are returned as they are.
 */
orders_problem_t *orders_database_problem(const orders_database_t *database, apr_pool_t *pool,
                                          orders_problem_t *problem) ORDERS_MUSTCHECK;

#endif
