/* SPDX-License-Identifier: Apache-2.0 */
/**
 * PostgreSQL access: one statement, one transaction, one round trip.
 *
 * A session is borrowed for exactly one statement and is given back before the rows are read: the rows live in
 * libpq's result, which is freed with the request's pool. Statements are `static const` in the store's files.
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
 * A borrowed session. `connection` is libpq's; `prepared` is this connection's memory of what it has prepared
 * (kept as libpq instance data by store/session.c, cleared when libpq resets the connection).
 */
typedef struct orders_session_t {
    PGconn *connection;
    void *lease; /**< of the implementation of orders_database_t */
} orders_session_t;

/**
 * Where sessions come from. The glue implements it with mod_dbd behind its fair admission gate; tests implement it with
 * a plain connection. acquire: `busy` after the queue's time, `database_unavailable` when no connection can be made.
 * release: `broken` when the connection must not be used again as it is.
 */
typedef struct orders_database_t {
    void *context;
    orders_problem_t *(*acquire)(void *context, apr_pool_t *pool, orders_session_t *session);
    void (*release)(void *context, orders_session_t *session, bool broken);
    bool prepared_statements; /**< false behind pgbouncer in transaction mode */
    int timeout_ms;           /**< for a statement in all its attempts, from its first session on */
    orders_schema_t *schema;  /**< what is known of its version; NULL: not compared */
    const orders_log_t *log;
    /* What the access log wants to know; added to by each execution. */
    apr_time_t busy_us, queue_us;
    int trips;
} orders_database_t;

typedef enum {
    ORDERS_READ,  /**< may be repeated on a lost connection */
    ORDERS_WRITE, /**< must not be repeated on a lost connection */
    ORDERS_WRITE_KEYED /**< carries an idempotency key, or is idempotent by its nature: may be repeated */
} orders_intent_e;

typedef struct orders_statement_t {
    const char *name; /**< the prepared statement's name, unique */
    const char *text;
    int param_count;
    bool replan; /**< planned anew each time: its best plan hangs on which parameters are null */
    bool
        repeatable; /**< a write that changes nothing more when it is executed again: it needs no key to be repeated */
    /**
     * Its last column is ORDERS_EARLY_RELEASE_SQL: it may commit without waiting for the disk and the standbys, so that its locks are
     * released. Then a second statement waits for both, before execute returns.
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

/** Parameters: text format but for bytea, which is binary. NULL values are SQL nulls. */
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
 * Executes; `*result` has binary columns and is cleared with `pool`. SQLSTATE class OR becomes the refusal's problem;
 * 40001 and 40P01 are tried up to 5 times with jitter; a lost connection once, by `intent`, else `outcome_unknown` (a
 * write) or `database_unavailable` (a read, or nothing was sent). Nothing is sent when too little time is left to hear
 * the answer. A session on a server that takes no writes is given back as broken, and another one tried. While the version of the
 * schema does not fit, nothing is sent: `schema_version_unsupported`.
 */
orders_problem_t *orders_database_execute(orders_database_t *database, apr_pool_t *pool,
                                          const orders_statement_t *statement,
                                          const orders_params_t *params, orders_intent_e intent,
                                          PGresult **result) ORDERS_MUSTCHECK;

#endif
