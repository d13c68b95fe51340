/* SPDX-License-Identifier: Apache-2.0 */
#include "store/health_check.h"

#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "core/clock.h"
#include "store/schema_version.h"
#include "store/session.h"

/** Seconds for each host of the connection string: the least that libpq accepts. */
#define CONNECT_TIMEOUT "2"
/** For libpq: the value of `dbname` is a connection string. Later values replace those in it. */
#define EXPAND 1

struct orders_health_check_t {
    const char *conninfo;
    PGconn *connection;   /* used by the thread only */
    pthread_mutex_t lock; /* for the members below */
    pthread_cond_t changed;
    pthread_t thread;
    bool started; /* the thread exists */
    bool stopping;
    bool asking;            /* a check is requested or in progress */
    unsigned long finished; /* number of finished checks */
    apr_time_t at;          /* of the last result; 0: none */
    orders_health_t last;
};

/** `*is_refused`: the server responds, but refuses this connection. */
static bool connect_anew(orders_health_check_t *check, bool *is_refused)
{
    const char *const keywords[] = {"dbname", "connect_timeout", "application_name", NULL};
    const char *const values[] = {check->conninfo, CONNECT_TIMEOUT, "mod_orders health", NULL};
    const apr_time_t from = orders_clock_now();

    PQfinish(check->connection);
    check->connection = PQconnectdbParams(keywords, values, EXPAND);
    if (PQstatus(check->connection) == CONNECTION_OK) {
        return true;
    }
    *is_refused = orders_clock_now() - from < ORDERS_HEALTH_PERIOD &&
                  PQpingParams(keywords, values, EXPAND) == PQPING_OK;
    return false;
}

/** Waits for input. False: the time is over. */
static bool wait_for_input(const PGconn *connection, apr_time_t deadline)
{
    struct pollfd at = {.fd = PQsocket(connection), .events = POLLIN};

    for (;;) {
        const apr_interval_time_t left = deadline - orders_clock_now();
        int ready = left > 0 ? poll(&at, 1, (int)((left + 999) / 1000)) : 0;

        if (ready == 0) {
            return false;
        }
        if (ready > 0 || errno != EINTR) {
            return true;
        }
    }
}

/** The reply to the query of the version, or NULL. */
static PGresult *ask(PGconn *connection)
{
    const apr_time_t deadline = orders_clock_now() + ORDERS_HEALTH_PERIOD;
    PGresult *result = NULL, *next;

    if (!PQsendQuery(connection, orders_schema_query)) {
        return NULL;
    }
    do {
        while (PQisBusy(connection)) {
            if (!wait_for_input(connection, deadline) || !PQconsumeInput(connection)) {
                PQclear(result);
                return NULL;
            }
        }
        next = PQgetResult(connection);
        if (next) {
            PQclear(result);
            result = next;
        }
    } while (next);
    return result;
}

static orders_health_t read_result(const PGresult *result)
{
    orders_health_t health = {.state = ORDERS_HEALTH_SILENT};
    apr_pool_t *pool;

    if (apr_pool_create_unmanaged(&pool) != APR_SUCCESS) {
        return health;
    }
    if (PQresultStatus(result) == PGRES_TUPLES_OK ||
        (result && orders_schema_is_missing(pool, result))) {
        health.state = ORDERS_HEALTH_ANSWERED;
        health.schema_version = orders_schema_number(result);
    }
    apr_pool_destroy(pool);
    return health;
}

static orders_health_t query(orders_health_check_t *check)
{
    orders_health_t health = {.state = ORDERS_HEALTH_SILENT};
    bool is_refused = false;
    PGresult *result;

    if ((!check->connection || orders_session_is_dead(check->connection)) &&
        !connect_anew(check, &is_refused)) {
        health.state = is_refused ? ORDERS_HEALTH_REFUSED : ORDERS_HEALTH_SILENT;
        return health;
    }
    result = ask(check->connection);
    health = read_result(result);
    PQclear(result);
    if (health.state != ORDERS_HEALTH_ANSWERED) { /* a late reply must not be read */
        PQfinish(check->connection);
        check->connection = NULL;
    }
    return health;
}

static void *run(void *data)
{
    orders_health_check_t *check = data;

    pthread_mutex_lock(&check->lock);
    while (!check->stopping) {
        if (check->asking) {
            orders_health_t health;

            pthread_mutex_unlock(&check->lock);
            health = query(check);
            pthread_mutex_lock(&check->lock);
            check->last = health;
            check->at = orders_clock_now();
            check->finished++;
            check->asking = false;
            pthread_cond_broadcast(&check->changed);
        } else {
            pthread_cond_wait(&check->changed, &check->lock);
        }
    }
    pthread_mutex_unlock(&check->lock);
    return NULL;
}

/** The signals of the process are not for this thread. */
static bool start_thread(orders_health_check_t *check)
{
    sigset_t all, before;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&check->thread, NULL, run, check);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return !error;
}

static apr_status_t stop(void *data)
{
    orders_health_check_t *check = data;
    bool started;

    pthread_mutex_lock(&check->lock);
    check->stopping = true;
    started = check->started;
    pthread_cond_broadcast(&check->changed);
    pthread_mutex_unlock(&check->lock);
    if (started) {
        pthread_join(check->thread, NULL);
    }
    PQfinish(check->connection);
    check->connection = NULL;
    return APR_SUCCESS;
}

orders_health_check_t *orders_health_check_create(apr_pool_t *own, const char *conninfo)
{
    orders_health_check_t *check = apr_pcalloc(own, sizeof *check);

    check->conninfo = conninfo;
    pthread_mutex_init(&check->lock, NULL);
    pthread_cond_init(&check->changed, NULL);
    apr_pool_cleanup_register(own, check, stop, apr_pool_cleanup_null);
    return check;
}

/** Returns true when more than `finished` checks have finished. The caller holds the lock, which is released during the wait. */
static bool wait_for_check(orders_health_check_t *check, unsigned long finished)
{
    const apr_time_t until = orders_clock_now() + ORDERS_HEALTH_PERIOD;
    const struct timespec at = {.tv_sec = (time_t)apr_time_sec(until),
                                .tv_nsec = (long)apr_time_usec(until) * 1000};
    int error = 0;

    while (check->finished == finished && !error) {
        error = pthread_cond_clockwait(&check->changed, &check->lock, CLOCK_MONOTONIC, &at);
    }
    return check->finished != finished;
}

void orders_health_check(orders_health_check_t *check, orders_health_t *health)
{
    pthread_mutex_lock(&check->lock);
    *health = check->last;
    if (!check->at || orders_clock_now() - check->at >= ORDERS_HEALTH_PERIOD) {
        const unsigned long finished = check->finished;

        check->started = check->started || start_thread(check);
        check->asking = check->started;
        pthread_cond_broadcast(&check->changed);
        *health = (orders_health_t){.state = ORDERS_HEALTH_SILENT};
        if (check->started && wait_for_check(check, finished)) {
            *health = check->last;
        }
    }
    pthread_mutex_unlock(&check->lock);
}
