/* SPDX-License-Identifier: Apache-2.0 */
/**
 * One statement on one session: the exchange with the server up to a deadline. Private to store/database.c and store/dry_run.c.
 */
#ifndef ORDERS_STORE_RUN_H
#define ORDERS_STORE_RUN_H

#include "store/database.h"

/** The columns of a result are binary. */
#define ORDERS_BINARY 1

/** The outcome of an attempt. */
typedef enum {
    ORDERS_RAN,
    ORDERS_REFUSED,      /**< the server reported an error; nothing has changed */
    ORDERS_UNSUPPORTED,  /**< the version of the schema is not supported; nothing has changed */
    ORDERS_NO_TIME_LEFT, /**< not sent, because too little time remained; nothing has changed */
    ORDERS_UNUSABLE, /**< the session is dead, read-only or too slow to prepare; nothing has changed */
    ORDERS_LOST,     /**< the connection broke after sending; the outcome of a write is unknown */
    ORDERS_TIMED_OUT /**< the deadline passed after sending; the outcome of a write is unknown */
} orders_attempt_e;

typedef struct orders_run_t {
    orders_database_t *database;
    const orders_statement_t *statement;
    const orders_params_t *params;
    bool dry;            /**< in a transaction that is rolled back (store/dry_run.h) */
    apr_time_t deadline; /**< set with the first session */
    bool stopping;       /**< the process stops; the deadline has been brought forward */
    PGconn *connection;
    PGresult *result; /**< the rows or the error; owned by the run */
} orders_run_t;

/** Replaces the result. */
void orders_run_set_result(orders_run_t *run, PGresult *result);

/** Whether enough of the timeout remains for a reply. */
bool orders_run_has_time(const orders_run_t *run, apr_time_t now);

/** Sends the output buffer of libpq. libpq requires that input is read while output is pending. */
orders_attempt_e orders_run_flush(orders_run_t *run) ORDERS_MUSTCHECK;

/** Waits until PQgetResult does not block. A broken connection does not block: PQgetResult has the error. */
orders_attempt_e orders_run_wait(orders_run_t *run) ORDERS_MUSTCHECK;

/** Sends a statement and reads its result. `sent`: what libpq's PQsend… function has returned. */
orders_attempt_e orders_run_finish(orders_run_t *run, int sent) ORDERS_MUSTCHECK;

#endif
