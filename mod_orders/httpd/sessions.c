/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/sessions.h"

#include <httpd.h>

#include <apr_dbd.h>
#include <apr_optional.h>
#include <apr_strings.h>
#include <http_log.h>
#include <mod_dbd.h>
#include <string.h>
#include <sys/socket.h>

#include "core/clock.h"
#include "httpd/config.h"
#include "httpd/limiter.h"
#include "httpd/log.h"
#include "store/schema_version.h"
#include "store/session.h"

APLOG_USE_MODULE(orders);

/**
 * After a connection could not be made while none was open: nobody tries again for so long, then one caller does. The pause
 * doubles with each failure.
 */
#define OUTAGE_PAUSE apr_time_from_msec(250)
#define LONGEST_OUTAGE_PAUSE apr_time_from_sec(1)
/** What a client that found the queue too long is told to wait. */
#define BUSY_RETRY_SECONDS 1
#define OUTAGE_RETRY_SECONDS 2
/** How long a database in a hurry queues, at most. Milliseconds. */
#define SOON_MS 1000

struct orders_pool_t {
    server_rec *server; /**< whose mod_dbd pool it is */
    orders_limiter_t *gate;
    orders_schema_t *schema;
    int queue_timeout; /**< milliseconds */
    bool prepared_statements;
    apr_time_t closed_until; /**< atomic: an outage was just seen */
    apr_time_t pause;        /**< atomic: the last one's length; 0: there is no outage */
    bool probing;            /**< atomic: somebody looks whether the outage is over */
    const char *params;      /**< DBDParams, or NULL */
    apr_uint32_t returns;    /**< atomic: how often a working connection was given back */
    int holders;             /**< atomic: how many have a connection */
};

/** The context of an orders_database_t: who borrows. Lives as long as that. */
typedef struct borrower_t {
    orders_pool_t *owner;
    orders_limiter_user_t user;
    int queue_timeout; /**< milliseconds */
} borrower_t;

/** A borrowed connection. Lives in the borrower's pool, whose end gives it back if the borrower did not. */
typedef struct ticket_t {
    orders_pool_t *owner;
    orders_limiter_user_t user; /**< as whom it entered */
    apr_pool_t *pool;
    ap_dbd_t *dbd;
    PGconn *connection;
} ticket_t;

/** Set while the configuration is read, the same in every child and thread from then on. */
static struct {
    APR_OPTIONAL_FN_TYPE(ap_dbd_open) * open;
    APR_OPTIONAL_FN_TYPE(ap_dbd_close) * close;
} dbd;

void orders_sessions_retrieve(void)
{
    dbd.open = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open);
    dbd.close = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_close);
}

bool orders_sessions_possible(void)
{
    return dbd.open && dbd.close;
}

/**
 * Makes sure that nobody uses the connection as it is: the next borrower finds its socket closed, and mod_dbd or we
 * reconnect then. PQreset here would hold the place while a dead network is waited for.
 */
static void spoil(PGconn *connection)
{
    if (PQsocket(connection) >= 0) {
        (void)shutdown(PQsocket(connection), SHUT_RDWR);
    }
    while (PQstatus(connection) == CONNECTION_OK && PQconsumeInput(connection)) {
        /* up to the end of file, which is there already */
    }
}

/** An open transaction ends here. A connection that is busy or cannot even roll back is spoiled. */
static void clean(PGconn *connection, bool broken)
{
    PGTransactionStatusType status = PQtransactionStatus(connection);

    if (!broken && (status == PQTRANS_INTRANS || status == PQTRANS_INERROR)) {
        PQclear(PQexec(connection, "ROLLBACK"));
        status = PQtransactionStatus(connection);
    }
    if (broken || status != PQTRANS_IDLE) {
        spoil(connection);
    }
}

/** Pool cleanup, and the way in which a session is given back in any case. */
static apr_status_t give_back(void *data)
{
    ticket_t *ticket = data;

    orders_pool_t *owner = ticket->owner;
    bool works;

    clean(ticket->connection, false);
    works = PQstatus(ticket->connection) == CONNECTION_OK;
    dbd.close(owner->server, ticket->dbd);
    if (works) {
        __atomic_add_fetch(&owner->returns, 1, __ATOMIC_RELAXED);
    }
    __atomic_sub_fetch(&owner->holders, 1, __ATOMIC_RELEASE); /* he who misses us sees the return */
    orders_limiter_leave(owner->gate, ticket->user);
    return APR_SUCCESS;
}

static orders_problem_t *unavailable(apr_pool_t *pool, orders_error_e error, const char *log,
                                     int retry_after)
{
    orders_problem_t *problem = orders_problem(pool, error, NULL);

    problem->log = log;
    problem->retry_after = retry_after;
    return problem;
}

/** A connection that works as far as can be told without a round trip, or false; the place stays taken. */
static bool open_connection(orders_pool_t *owner, apr_pool_t *pool, ticket_t *ticket)
{
    ticket->dbd = dbd.open(pool, owner->server);
    if (!ticket->dbd) {
        return false;
    }
    ticket->connection = apr_dbd_native_handle(ticket->dbd->driver, ticket->dbd->handle);
    if (ticket->connection && orders_session_is_dead(ticket->connection)) {
        PQreset(ticket->connection);
    }
    if (ticket->connection && PQstatus(ticket->connection) == CONNECTION_OK) {
        return true;
    }
    dbd.close(owner->server, ticket->dbd);
    return false;
}

static void note_outage(orders_pool_t *owner)
{
    apr_time_t pause = 2 * __atomic_load_n(&owner->pause, __ATOMIC_RELAXED);

    pause = pause < OUTAGE_PAUSE           ? OUTAGE_PAUSE
            : pause > LONGEST_OUTAGE_PAUSE ? LONGEST_OUTAGE_PAUSE
                                           : pause;
    __atomic_store_n(&owner->pause, pause, __ATOMIC_RELAXED);
    __atomic_store_n(&owner->closed_until, orders_clock_now() + pause, __ATOMIC_RELAXED);
}

/** mod_dbd logs each attempt that fails, twice; libpq's question does not. */
static bool answers(const orders_pool_t *owner)
{
    return !owner->params || PQping(owner->params) == PQPING_OK;
}

/**
 * Whether the caller may try to get a connection. In an outage one at a time may, after the pause and when the server
 * answers: `*probe`, to be ended by end_probe.
 */
static bool may_try(orders_pool_t *owner, bool *probe)
{
    *probe = false;
    if (!__atomic_load_n(&owner->pause, __ATOMIC_RELAXED)) {
        return true;
    }
    if (orders_clock_now() < __atomic_load_n(&owner->closed_until, __ATOMIC_RELAXED) ||
        __atomic_exchange_n(&owner->probing, true, __ATOMIC_ACQUIRE)) {
        return false;
    }
    *probe = answers(owner);
    if (!*probe) {
        note_outage(owner);
        __atomic_store_n(&owner->probing, false, __ATOMIC_RELEASE);
    }
    return *probe;
}

static void end_probe(orders_pool_t *owner, bool probe)
{
    if (probe) {
        __atomic_store_n(&owner->probing, false, __ATOMIC_RELEASE);
    }
}

/**
 * No connection could be made. While others of this process have one, or have given one back since `returns` was read, the
 * server is up and full: wait for theirs. Otherwise it is down, and those in the queue need not find out one by one.
 * Those who are in but still trying to connect count for nothing: they are about to find the same.
 */
static bool wait_for_others(orders_pool_t *owner, orders_limiter_user_t user, apr_uint32_t returns)
{
    int holders = __atomic_load_n(&owner->holders, __ATOMIC_ACQUIRE);

    orders_limiter_leave_narrowed(owner->gate, user, holders);
    if (holders > 0 || __atomic_load_n(&owner->returns, __ATOMIC_RELAXED) != returns) {
        return true;
    }
    note_outage(owner);
    orders_limiter_refuse_all(owner->gate);
    return false;
}

/** A place at the gate and a connection, or a problem. */
static orders_problem_t *enter_and_open(const borrower_t *borrower, apr_pool_t *pool,
                                        ticket_t *ticket)
{
    orders_pool_t *owner = borrower->owner;
    apr_time_t deadline = orders_clock_now() + apr_time_from_msec(borrower->queue_timeout);
    bool again = false;

    for (;;) {
        orders_limiter_e gate = orders_limiter_enter(owner->gate, borrower->user, deadline, again);
        apr_uint32_t returns = __atomic_load_n(&owner->returns, __ATOMIC_RELAXED);

        if (gate == ORDERS_LIMITER_IN) {
            if (open_connection(owner, pool, ticket)) {
                __atomic_add_fetch(&owner->holders, 1, __ATOMIC_RELAXED);
                __atomic_store_n(&owner->pause, 0, __ATOMIC_RELAXED);
                return NULL;
            }
            again = wait_for_others(owner, borrower->user, returns);
            if (!again) {
                gate = ORDERS_LIMITER_REFUSED;
            } else if (orders_clock_now() >= deadline) {
                gate = ORDERS_LIMITER_LATE; /* a free place is given to the late as well */
            }
        }
        if (gate == ORDERS_LIMITER_LATE || gate == ORDERS_LIMITER_LIMITED) {
            return unavailable(pool, ORDERS_E_busy,
                               gate == ORDERS_LIMITER_LATE ? "no session became free in time"
                                                           : "the user's sessions were all in use",
                               BUSY_RETRY_SECONDS);
        }
        if (gate == ORDERS_LIMITER_REFUSED) {
            return unavailable(pool, ORDERS_E_database_unavailable, "no connection",
                               OUTAGE_RETRY_SECONDS);
        }
    }
}

static orders_problem_t *acquire(void *context, apr_pool_t *pool, orders_session_t *session)
{
    const borrower_t *borrower = context;
    ticket_t *ticket = apr_pcalloc(pool, sizeof *ticket);
    orders_problem_t *problem;
    bool probe;

    if (!may_try(borrower->owner, &probe)) {
        return unavailable(pool, ORDERS_E_database_unavailable, "no connection a moment ago",
                           OUTAGE_RETRY_SECONDS);
    }
    problem = enter_and_open(borrower, pool, ticket);
    end_probe(borrower->owner, probe);
    if (problem) {
        return problem;
    }
    ticket->owner = borrower->owner;
    ticket->user = borrower->user;
    ticket->pool = pool;
    apr_pool_cleanup_register(pool, ticket, give_back, apr_pool_cleanup_null);
    session->connection = ticket->connection;
    session->ticket = ticket;
    return NULL;
}

static void release(void *context, orders_session_t *session, bool broken)
{
    ticket_t *ticket = session->ticket;

    if (broken) {
        clean(ticket->connection, true);
    }
    session->connection = NULL;
    session->ticket = NULL;
    apr_pool_cleanup_run(ticket->pool, ticket, give_back);
}

static orders_problem_t *acquire_none(void *context, apr_pool_t *pool, orders_session_t *session)
{
    return unavailable(pool, ORDERS_E_not_configured, "no API is mounted on this server", 0);
}

void orders_sessions_database(orders_pool_t *sessions, apr_pool_t *pool, int timeout_seconds,
                              const orders_log_t *log, orders_database_t *database)
{
    borrower_t *borrower = apr_pcalloc(pool, sizeof *borrower);

    borrower->owner = sessions;
    borrower->queue_timeout = sessions ? sessions->queue_timeout : 0;
    *database =
        (orders_database_t){.context = borrower,
                            .acquire = sessions ? acquire : acquire_none,
                            .release = release,
                            .prepared_statements = sessions && sessions->prepared_statements,
                            .timeout_ms = timeout_seconds * 1000,
                            .schema = sessions ? sessions->schema : NULL,
                            .log = log};
}

void orders_sessions_hurry(orders_database_t *database)
{
    borrower_t *borrower = database->context;

    if (borrower->queue_timeout > SOON_MS) {
        borrower->queue_timeout = SOON_MS;
    }
}

void orders_sessions_count_for(orders_database_t *database, const unsigned char *user)
{
    borrower_t *borrower = database->context;

    memcpy(&borrower->user, user, sizeof borrower->user);
}

int orders_sessions_per_user(const orders_server_conf_t *conf)
{
    int half = conf->sessions > 1 ? conf->sessions / 2 : 1;

    return conf->sessions_per_user ? conf->sessions_per_user : half;
}

static orders_pool_t *create_pool(apr_pool_t *pchild, server_rec *server)
{
    orders_server_conf_t conf;
    orders_pool_t *pool = apr_pcalloc(pchild, sizeof *pool);
    const orders_log_t log = orders_log_of_server(server);
    apr_pool_t *own;

    orders_server_conf_resolve(orders_server_conf(server), &conf);
    apr_pool_create(&own, pchild);
    apr_pool_tag(own, "orders_gate");
    pool->server = server;
    pool->params = conf.dbd_params;
    pool->queue_timeout = conf.queue_timeout;
    pool->prepared_statements = conf.prepared_statements;
    pool->schema = orders_schema_create(pchild, &log);
    pool->gate = orders_limiter_create(own, conf.sessions, orders_sessions_per_user(&conf));
    if (!pool->gate) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, server, "no mutex for the admission gate");
        return NULL;
    }
    return pool;
}

void orders_sessions_child_init(apr_pool_t *pchild, server_rec *main)
{
    for (server_rec *server = main; server; server = server->next) {
        orders_server_conf_t *conf = orders_server_conf(server);

        if (conf->first) { /* itself, or one that was before it in the list */
            conf->pool = conf->first == server ? create_pool(pchild, server)
                                               : orders_server_conf(conf->first)->pool;
        }
    }
}
