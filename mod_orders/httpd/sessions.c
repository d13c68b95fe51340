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
#include "metrics/metrics.h"
#include "store/health_check.h"
#include "store/schema_version.h"
#include "store/session.h"

APLOG_USE_MODULE(orders);

/**
 * Pause after a connection failed while no other was open. No caller connects during the pause; then one caller tries. The pause doubles
 * with each failure.
 */
#define OUTAGE_PAUSE apr_time_from_msec(250)
#define MAX_OUTAGE_PAUSE apr_time_from_sec(1)
/** Retry-After of the refusals. Seconds. */
#define BUSY_RETRY_SECONDS 1
#define OUTAGE_RETRY_SECONDS 2
/** The wait of orders_sessions_limit_wait. */
#define SHORT_WAIT_MS 1000

struct orders_session_pool_t {
    server_rec *server; /**< owner of the mod_dbd pool */
    size_t index;       /**< among the pools of the configuration, for the metrics */
    orders_limiter_t *limiter;
    orders_schema_t *schema;
    int queue_timeout; /**< milliseconds */
    bool prepared_statements;
    apr_time_t closed_until; /**< atomic: no caller connects before this time */
    apr_time_t pause;        /**< atomic: the last pause; 0: there is no outage */
    bool probing;            /**< atomic: a caller tests whether the outage has ended */
    const char *params;      /**< DBDParams, or NULL */
    apr_uint32_t returns;    /**< atomic: number of working connections that were returned */
    int holders;             /**< atomic: number of callers that have a connection */
    apr_time_t answered_at;  /**< atomic: when a statement got its last reply */
    orders_health_check_t *health_check;
};

/** The context of an orders_database_t, with the same lifetime. */
typedef struct borrower_t {
    orders_session_pool_t *session_pool;
    orders_limiter_user_t user;
    int queue_timeout; /**< milliseconds */
} borrower_t;

/** A borrowed connection. Lives in the borrower's pool, whose cleanup returns the connection if the borrower did not. */
typedef struct lease_t {
    orders_session_pool_t *session_pool;
    orders_limiter_user_t user; /**< as given to the limiter */
    apr_pool_t *pool;
    ap_dbd_t *dbd;
    PGconn *connection;
} lease_t;

/** Set while the configuration is read, constant afterwards. */
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
 * Shuts the socket down, so that the next borrower (open_connection) or mod_dbd reconnects. PQreset() could block on a broken network
 * while the caller is counted by the limiter.
 */
static void invalidate_connection(PGconn *connection)
{
    if (PQsocket(connection) >= 0) {
        (void)shutdown(PQsocket(connection), SHUT_RDWR);
    }
    while (PQstatus(connection) == CONNECTION_OK && PQconsumeInput(connection)) {
        /* reads up to the end of file, without blocking */
    }
}

/** Rolls an open transaction back. Invalidates a connection that is broken, busy or unable to roll back. */
static void end_transaction(PGconn *connection, bool broken)
{
    PGTransactionStatusType status = PQtransactionStatus(connection);

    if (!broken && (status == PQTRANS_INTRANS || status == PQTRANS_INERROR)) {
        PQclear(PQexec(connection, "ROLLBACK"));
        status = PQtransactionStatus(connection);
    }
    if (broken || status != PQTRANS_IDLE) {
        invalidate_connection(connection);
    }
}

/** A cleanup of the borrower's pool. */
static apr_status_t return_connection(void *data)
{
    lease_t *lease = data;

    orders_session_pool_t *session_pool = lease->session_pool;
    bool is_usable;

    end_transaction(lease->connection, false);
    is_usable = PQstatus(lease->connection) == CONNECTION_OK;
    dbd.close(session_pool->server, lease->dbd);
    if (is_usable) {
        __atomic_add_fetch(&session_pool->returns, 1, __ATOMIC_RELAXED);
    }
    __atomic_sub_fetch(
        &session_pool->holders, 1,
        __ATOMIC_RELEASE); /* release order: a thread that sees the new `holders` also sees `returns` */
    orders_limiter_release(session_pool->limiter, lease->user);
    return APR_SUCCESS;
}

static orders_problem_t *make_problem(apr_pool_t *pool, orders_error_e error, const char *log,
                                      int retry_after)
{
    orders_problem_t *problem = orders_problem(pool, error, NULL);

    problem->log = log;
    problem->retry_after = retry_after;
    return problem;
}

/** Opens a connection and checks it without a round trip. After a failure the caller must release the limiter. */
static bool open_connection(orders_session_pool_t *session_pool, apr_pool_t *pool, lease_t *lease)
{
    lease->dbd = dbd.open(pool, session_pool->server);
    if (!lease->dbd) {
        return false;
    }
    lease->connection = apr_dbd_native_handle(lease->dbd->driver, lease->dbd->handle);
    if (lease->connection && orders_session_is_dead(lease->connection)) {
        PQreset(lease->connection);
    }
    if (lease->connection && PQstatus(lease->connection) == CONNECTION_OK) {
        return true;
    }
    dbd.close(session_pool->server, lease->dbd);
    return false;
}

static void record_outage(orders_session_pool_t *session_pool)
{
    apr_time_t pause = 2 * __atomic_load_n(&session_pool->pause, __ATOMIC_RELAXED);

    pause = pause < OUTAGE_PAUSE       ? OUTAGE_PAUSE
            : pause > MAX_OUTAGE_PAUSE ? MAX_OUTAGE_PAUSE
                                       : pause;
    __atomic_store_n(&session_pool->pause, pause, __ATOMIC_RELAXED);
    orders_metrics_outage(session_pool->index, true);
    __atomic_store_n(&session_pool->closed_until, orders_clock_now() + pause, __ATOMIC_RELAXED);
}

/** Uses PQping(), because mod_dbd logs each failed attempt twice. */
static bool is_server_up(const orders_session_pool_t *session_pool)
{
    return !session_pool->params || PQping(session_pool->params) == PQPING_OK;
}

/**
 * Whether the caller may open a connection. During an outage only one caller at a time may, after the pause and if the server responds:
 * `*probe` is then set, and end_probe() must follow.
 */
static bool may_connect(orders_session_pool_t *session_pool, bool *probe)
{
    *probe = false;
    if (!__atomic_load_n(&session_pool->pause, __ATOMIC_RELAXED)) {
        return true;
    }
    if (orders_clock_now() < __atomic_load_n(&session_pool->closed_until, __ATOMIC_RELAXED) ||
        __atomic_exchange_n(&session_pool->probing, true, __ATOMIC_ACQUIRE)) {
        return false;
    }
    *probe = is_server_up(session_pool);
    if (!*probe) {
        record_outage(session_pool);
        __atomic_store_n(&session_pool->probing, false, __ATOMIC_RELEASE);
    }
    return *probe;
}

static void end_probe(orders_session_pool_t *session_pool, bool probe)
{
    if (probe) {
        __atomic_store_n(&session_pool->probing, false, __ATOMIC_RELEASE);
    }
}

/**
 * Releases the limiter after a failure to connect. If other callers of this process hold a connection, or have returned one since
 * `returns` was read, the server is up and has reached its limit of connections: returns true, and the caller waits for one of them.
 * Otherwise the server is down: all waiting callers are refused without an attempt. Callers that are still connecting do not count,
 * because they will fail too.
 */
static bool release_unconnected(orders_session_pool_t *session_pool, orders_limiter_user_t user,
                                apr_uint32_t returns)
{
    int holders = __atomic_load_n(&session_pool->holders, __ATOMIC_ACQUIRE);

    orders_limiter_release_and_lower(session_pool->limiter, user, holders);
    if (holders > 0 || __atomic_load_n(&session_pool->returns, __ATOMIC_RELAXED) != returns) {
        return true;
    }
    record_outage(session_pool);
    orders_limiter_refuse_waiting(session_pool->limiter);
    return false;
}

static void count_refusal(orders_limiter_e admission)
{
    if (admission != ORDERS_LIMITER_ADMITTED) {
        orders_metrics_limiter_refused(
            admission == ORDERS_LIMITER_TIMED_OUT      ? ORDERS_LIMITER_REFUSAL_TIMEOUT
            : admission == ORDERS_LIMITER_USER_LIMITED ? ORDERS_LIMITER_REFUSAL_USER_LIMIT
                                                       : ORDERS_LIMITER_REFUSAL_UNAVAILABLE);
    }
}

/** Waits for the limiter and opens a connection. */
static orders_problem_t *acquire_connection(const borrower_t *borrower, apr_pool_t *pool,
                                            lease_t *lease)
{
    orders_session_pool_t *session_pool = borrower->session_pool;
    apr_time_t deadline = orders_clock_now() + apr_time_from_msec(borrower->queue_timeout);
    bool returning = false;

    for (;;) {
        orders_limiter_e admission =
            orders_limiter_acquire(session_pool->limiter, borrower->user, deadline, returning);
        apr_uint32_t returns = __atomic_load_n(&session_pool->returns, __ATOMIC_RELAXED);

        if (admission == ORDERS_LIMITER_ADMITTED) {
            if (open_connection(session_pool, pool, lease)) {
                __atomic_add_fetch(&session_pool->holders, 1, __ATOMIC_RELAXED);
                __atomic_store_n(&session_pool->pause, 0, __ATOMIC_RELAXED);
                orders_metrics_outage(session_pool->index, false);
                return NULL;
            }
            returning = release_unconnected(session_pool, borrower->user, returns);
            if (!returning) {
                admission = ORDERS_LIMITER_REFUSED;
            } else if (orders_clock_now() >= deadline) {
                /* the limiter also admits after the deadline if it has free capacity */
                admission = ORDERS_LIMITER_TIMED_OUT;
            }
        }
        count_refusal(admission);
        if (admission == ORDERS_LIMITER_TIMED_OUT || admission == ORDERS_LIMITER_USER_LIMITED) {
            return make_problem(
                pool, ORDERS_E_busy,
                admission == ORDERS_LIMITER_TIMED_OUT
                    ? "no database session became free in time"
                    : "all sessions of the user (OrdersSessionsPerUser) were in use",
                BUSY_RETRY_SECONDS);
        }
        if (admission == ORDERS_LIMITER_REFUSED) {
            return make_problem(pool, ORDERS_E_database_unavailable,
                                "no connection to the database", OUTAGE_RETRY_SECONDS);
        }
    }
}

static orders_problem_t *acquire_session(void *context, apr_pool_t *pool, orders_session_t *session)
{
    const borrower_t *borrower = context;
    lease_t *lease = apr_pcalloc(pool, sizeof *lease);
    orders_problem_t *problem;
    bool probe;

    if (!may_connect(borrower->session_pool, &probe)) {
        orders_metrics_limiter_refused(ORDERS_LIMITER_REFUSAL_UNAVAILABLE);
        return make_problem(pool, ORDERS_E_database_unavailable,
                            "no connection to the database at the last attempt",
                            OUTAGE_RETRY_SECONDS);
    }
    problem = acquire_connection(borrower, pool, lease);
    end_probe(borrower->session_pool, probe);
    if (problem) {
        return problem;
    }
    lease->session_pool = borrower->session_pool;
    lease->user = borrower->user;
    lease->pool = pool;
    apr_pool_cleanup_register(pool, lease, return_connection, apr_pool_cleanup_null);
    session->connection = lease->connection;
    session->lease = lease;
    return NULL;
}

static void release_session(void *context, orders_session_t *session, bool broken)
{
    lease_t *lease = session->lease;

    if (broken) {
        end_transaction(lease->connection, true);
    } else {
        __atomic_store_n(&lease->session_pool->answered_at, orders_clock_now(), __ATOMIC_RELAXED);
    }
    session->connection = NULL;
    session->lease = NULL;
    apr_pool_cleanup_run(lease->pool, lease, return_connection);
}

static orders_problem_t *acquire_unconfigured(void *context, apr_pool_t *pool,
                                              orders_session_t *session)
{
    return make_problem(pool, ORDERS_E_not_configured, "no API is mounted on this server", 0);
}

void orders_sessions_database(orders_session_pool_t *session_pool, apr_pool_t *pool,
                              int timeout_seconds, const orders_log_t *log,
                              orders_database_t *database)
{
    borrower_t *borrower = apr_pcalloc(pool, sizeof *borrower);

    borrower->session_pool = session_pool;
    borrower->queue_timeout = session_pool ? session_pool->queue_timeout : 0;
    *database = (orders_database_t){
        .context = borrower,
        .acquire = session_pool ? acquire_session : acquire_unconfigured,
        .release = release_session,
        .prepared_statements = session_pool && session_pool->prepared_statements,
        .timeout_ms = timeout_seconds * 1000,
        .schema = session_pool ? session_pool->schema : NULL,
        .log = log};
}

void orders_sessions_limit_wait(orders_database_t *database)
{
    borrower_t *borrower = database->context;

    if (borrower->queue_timeout > SHORT_WAIT_MS) {
        borrower->queue_timeout = SHORT_WAIT_MS;
    }
}

void orders_sessions_set_user(orders_database_t *database, const unsigned char *user)
{
    borrower_t *borrower = database->context;

    memcpy(&borrower->user, user, sizeof borrower->user);
}

int orders_sessions_per_user(const orders_server_conf_t *conf)
{
    int half = conf->sessions > 1 ? conf->sessions / 2 : 1;

    return conf->sessions_per_user ? conf->sessions_per_user : half;
}

/** Whether requests use connections of the pool although the server refuses another one. */
static bool has_connections(const orders_session_pool_t *session_pool)
{
    return __atomic_load_n(&session_pool->returns, __ATOMIC_RELAXED) &&
           !__atomic_load_n(&session_pool->pause, __ATOMIC_RELAXED);
}

/** Asks the database. If the version is not supported, requests read it again: it was changed while they used their connections. */
static void ask_database(orders_session_pool_t *session_pool, orders_readiness_t *readiness)
{
    orders_health_t health;

    orders_health_check(session_pool->health_check, &health);
    readiness->answered = health.state == ORDERS_HEALTH_ANSWERED ||
                          (health.state == ORDERS_HEALTH_REFUSED && has_connections(session_pool));
    if (health.state == ORDERS_HEALTH_ANSWERED) {
        readiness->schema_version = health.schema_version;
        readiness->supported = orders_schema_accepts(health.schema_version);
        if (!readiness->supported) {
            orders_schema_recheck(session_pool->schema, orders_clock_now());
        }
    }
}

void orders_sessions_readiness(orders_session_pool_t *session_pool, orders_readiness_t *readiness)
{
    apr_time_t answered_at;

    *readiness = (orders_readiness_t){.schema_version = -1};
    if (!session_pool) {
        return;
    }
    answered_at = __atomic_load_n(&session_pool->answered_at, __ATOMIC_RELAXED);
    readiness->schema_version = orders_schema_found(session_pool->schema);
    readiness->supported = orders_schema_accepts(readiness->schema_version);
    readiness->answered = answered_at && orders_clock_now() - answered_at < ORDERS_HEALTH_PERIOD;
    if (!readiness->answered || !readiness->supported) {
        ask_database(session_pool, readiness);
    }
}

static orders_session_pool_t *create_pool(apr_pool_t *pchild, server_rec *server, size_t index)
{
    orders_server_conf_t conf;
    orders_session_pool_t *pool = apr_pcalloc(pchild, sizeof *pool);
    const orders_log_t log = orders_log_of_server(server);
    apr_pool_t *own;

    orders_server_conf_resolve(orders_server_conf(server), &conf);
    apr_pool_create(&own, pchild);
    apr_pool_tag(own, "orders_limiter");
    pool->server = server;
    pool->index = index;
    pool->params = conf.dbd_params;
    pool->queue_timeout = conf.queue_timeout;
    pool->prepared_statements = conf.prepared_statements;
    pool->schema = orders_schema_create(pchild, &log);
    pool->limiter = orders_limiter_create(own, conf.sessions, orders_sessions_per_user(&conf));
    pool->health_check = orders_health_check_create(pchild, pool->params ? pool->params : "");
    if (!pool->limiter) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, server,
                     "cannot create the mutex of the session limiter; requests that need the "
                     "database are refused");
        return NULL;
    }
    return pool;
}

void orders_sessions_child_init(apr_pool_t *pchild, server_rec *main)
{
    size_t count = 0;

    for (server_rec *server = main; server; server = server->next) {
        orders_server_conf_t *conf = orders_server_conf(server);

        if (conf->first == server) {
            conf->session_pool = create_pool(pchild, server, count++);
        } else if (conf->first) { /* an earlier one of the list */
            conf->session_pool = orders_server_conf(conf->first)->session_pool;
        }
    }
}
