/* SPDX-License-Identifier: Apache-2.0 */
#include "store/dry_run.h"

#include <stddef.h>

/*
 * The messages of the pipeline. The first synchronization point comes before ROLLBACK: after an error, the server skips everything up to the next
 * synchronization point, and the explicit transaction stays open until ROLLBACK. If the connection is lost between any of them, the
 * server rolls back.
 */
#define BEGIN "BEGIN"
/*
 * orders.dry_run shortens the waits for locks inside of functions, which have their own lock_timeout: orders_v1.claim_key. The lock_timeout is
 * shorter than deadlock_timeout, so that a dry run does not make a write the victim of a deadlock. The last setting ends the transaction if
 * ROLLBACK does not arrive.
 */
#define SETTINGS                                                                                   \
    "SELECT set_config('orders.dry_run', 'on', true), set_config('lock_timeout', '500ms', true),"  \
    " set_config('idle_in_transaction_session_timeout', '2s', true)"
#define CHECK_CONSTRAINTS "SET CONSTRAINTS ALL IMMEDIATE"
#define ROLLBACK "ROLLBACK"

/* Number of the statement's result in the pipeline, from 0. */
#define STATEMENT 2
#define SYNCS 2

static bool send_command(const orders_run_t *run, const char *text)
{
    return PQsendQueryParams(run->connection, text, 0, NULL, NULL, NULL, NULL, ORDERS_BINARY);
}

static bool send_all(const orders_run_t *run, orders_send_t send)
{
    return PQenterPipelineMode(run->connection) && send_command(run, BEGIN) &&
           send_command(run, SETTINGS) && send(run) && send_command(run, CHECK_CONSTRAINTS) &&
           PQpipelineSync(run->connection) && send_command(run, ROLLBACK) &&
           PQpipelineSync(run->connection);
}

typedef struct {
    int results, syncs;
    bool failed;
} progress_t;

/* Keeps the result of the statement, or the first error instead. */
static void take_result(orders_run_t *run, PGresult *result, progress_t *progress)
{
    const ExecStatusType status = PQresultStatus(result);
    const bool is_statement = progress->results == STATEMENT;

    if (status == PGRES_PIPELINE_SYNC) {
        progress->syncs++;
        PQclear(result);
        return;
    }
    progress->results++;
    if (progress->failed || status == PGRES_PIPELINE_ABORTED) {
        PQclear(result);
    } else if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        progress->failed = true;
        orders_run_set_result(run, result);
    } else if (is_statement) {
        orders_run_set_result(run, result);
    } else {
        PQclear(result);
    }
}

/* Reads up to the last synchronization point. In a pipeline, a null pointer follows the result of each statement. */
static orders_attempt_e receive_all(orders_run_t *run)
{
    progress_t progress = {0};
    int nulls = 0;

    while (progress.syncs < SYNCS) {
        if (orders_run_wait(run) != ORDERS_RAN) {
            return ORDERS_TIMED_OUT;
        }
        PGresult *next = PQgetResult(run->connection);
        nulls = next ? 0 : nulls + 1;
        if (next) {
            take_result(run, next, &progress);
        }
        if (nulls > 1 || PQstatus(run->connection) != CONNECTION_OK) {
            return ORDERS_LOST;
        }
    }
    if (!PQexitPipelineMode(run->connection)) {
        return ORDERS_LOST;
    }
    return progress.failed ? ORDERS_REFUSED : ORDERS_RAN;
}

orders_attempt_e orders_dry_run(orders_run_t *run, orders_send_t send)
{
    if (!send_all(run, send)) {
        return ORDERS_UNUSABLE;
    }
    orders_attempt_e outcome = orders_run_flush(run);
    if (outcome == ORDERS_RAN) {
        outcome = receive_all(run);
    }
    run->database->trips++;
    return outcome;
}
