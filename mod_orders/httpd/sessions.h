/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Database sessions: the connection pools of mod_dbd, each behind a limiter (limiter.h) of this process.
 *
 * mod_dbd owns the connections. A session is a connection that is borrowed for one statement; it is returned without an open
 * transaction. Virtual hosts share a pool when mod_dbd shares it between them. Any thread may call.
 */
#ifndef ORDERS_HTTPD_SESSIONS_H
#define ORDERS_HTTPD_SESSIONS_H

#include <httpd.h>

#include "core/log.h"
#include "httpd/config.h"
#include "store/database.h"

typedef struct orders_session_pool_t orders_session_pool_t;

/** Looks up mod_dbd's functions, after all modules have been loaded. */
void orders_sessions_retrieve(void);
/** Whether mod_dbd is loaded. */
bool orders_sessions_possible(void);

/** For ap_hook_child_init: creates the limiters of this process and sets orders_server_conf_t.session_pool of each server. */
void orders_sessions_child_init(apr_pool_t *pchild, server_rec *main);

/**
 * Fills in `database` for one request or one run of a job. It lives as long as `pool`; so must `log`. `timeout_seconds`: limit of a
 * statement with all its attempts. `session_pool` may be NULL: each statement then fails with `not_configured`.
 */
void orders_sessions_database(orders_session_pool_t *session_pool, apr_pool_t *pool,
                              int timeout_seconds, const orders_log_t *log,
                              orders_database_t *database);

/**
 * Counts further sessions of `database` for a user: at most OrdersSessionsPerUser at a time in this process. `user`: the first
 * 8 bytes of a digest that identifies the user. Without this call the limit does not apply.
 */
void orders_sessions_set_user(orders_database_t *database, const unsigned char *user);

/** OrdersSessionsPerUser, or its default: half of OrdersSessions. */
int orders_sessions_per_user(const orders_server_conf_t *conf);

/** Whether requests of this process can use the database of a pool. */
typedef struct orders_readiness_t {
    bool answered;      /**< the database has replied within the last second */
    int schema_version; /**< negative: not known */
    bool supported;     /**< the module accepts this version */
} orders_readiness_t;

/**
 * A reply to any statement of this process counts. Without one, the database is checked on a separate connection, so that a busy pool does not
 * matter. Takes at most about a second. `session_pool` may be NULL: then nothing is ready.
 */
void orders_sessions_readiness(orders_session_pool_t *session_pool, orders_readiness_t *readiness);

/** Limits the wait for a session to one second, for callers that can try again later. */
void orders_sessions_limit_wait(orders_database_t *database);

#endif
