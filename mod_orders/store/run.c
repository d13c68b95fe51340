/* SPDX-License-Identifier: Apache-2.0 */
#include "store/run.h"

#include <errno.h>
#include <poll.h>

#include "core/clock.h"

/* A statement is sent only if 1/10 of its timeout remains for the reply. */
#define MIN_TIME_DIVISOR 10
/* Maximum remaining time of a statement when the process stops, in microseconds. */
#define STOP_US 2000000
/* Interval at which a waiting statement checks whether the process stops, in milliseconds. */
#define STOP_CHECK_MS 200

void orders_run_set_result(orders_run_t *run, PGresult *result)
{
    PQclear(run->result);
    run->result = result;
}

bool orders_run_has_time(const orders_run_t *run, apr_time_t now)
{
    return run->deadline - now >= (apr_time_t)run->database->timeout_ms * 1000 / MIN_TIME_DIVISOR;
}

/* Brings the deadline forward once the process is stopping. */
static void check_stop(orders_run_t *run, apr_time_t now)
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
static bool wait_for(orders_run_t *run, short events)
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

orders_attempt_e orders_run_flush(orders_run_t *run)
{
    for (;;) {
        int pending = PQflush(run->connection);
        if (pending == 0) {
            return ORDERS_RAN;
        }
        if (pending < 0) {
            return ORDERS_LOST;
        }
        if (!wait_for(run, POLLIN | POLLOUT)) {
            return ORDERS_TIMED_OUT;
        }
        if (!PQconsumeInput(run->connection)) {
            return ORDERS_LOST;
        }
    }
}

orders_attempt_e orders_run_wait(orders_run_t *run)
{
    while (PQisBusy(run->connection)) {
        if (!wait_for(run, POLLIN)) {
            return ORDERS_TIMED_OUT;
        }
        if (!PQconsumeInput(run->connection)) {
            break;
        }
    }
    return ORDERS_RAN;
}

/*
 * Reads up to ReadyForQuery. In the extended protocol, rows and CommandComplete are sent before the commit, so that only ReadyForQuery
 * confirms the transaction. An error after rows replaces them.
 */
static orders_attempt_e receive(orders_run_t *run)
{
    orders_attempt_e outcome = orders_run_flush(run);
    while (outcome == ORDERS_RAN) {
        if (orders_run_wait(run) != ORDERS_RAN) {
            return ORDERS_TIMED_OUT;
        }
        PGresult *next = PQgetResult(run->connection);
        if (!next) {
            break;
        }
        orders_run_set_result(run, next);
    }
    run->database->trips++;
    if (outcome != ORDERS_RAN || PQstatus(run->connection) != CONNECTION_OK) {
        return outcome == ORDERS_RAN ? ORDERS_LOST : outcome;
    }
    ExecStatusType status = PQresultStatus(run->result);
    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK ? ORDERS_RAN : ORDERS_REFUSED;
}

orders_attempt_e orders_run_finish(orders_run_t *run, int sent)
{
    return sent ? receive(run) : ORDERS_UNUSABLE;
}
