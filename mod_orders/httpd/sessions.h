/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Database sessions: mod_dbd's pools, each behind a fair gate of this process.
 *
 * mod_dbd owns the connections; a session is one of these, borrowed for a statement. Whatever state a borrower left it
 * in, it goes back without an open transaction. Several virtual hosts share a pool when mod_dbd shares it.
 */
#ifndef ORDERS_HTTPD_SESSIONS_H
#define ORDERS_HTTPD_SESSIONS_H

#include <httpd.h>

#include "core/log.h"
#include "httpd/config.h"
#include "store/database.h"

typedef struct orders_pool_t orders_pool_t;

/** Finds mod_dbd's functions, whenever it was loaded. */
void orders_sessions_retrieve(void);
/** Whether mod_dbd is there at all. */
bool orders_sessions_possible(void);

/** Makes this process's gates (ap_hook_child_init) and gives each server its orders_server_conf_t.pool. */
void orders_sessions_child_init(apr_pool_t *pchild, server_rec *main);

/**
 * A database on these sessions, for one request or one round of the worker, as long as `pool`. `log` must live as long.
 * `sessions` may be NULL.
 */
void orders_sessions_database(orders_pool_t *sessions, apr_pool_t *pool, int timeout_seconds,
                              const orders_log_t *log, orders_database_t *database);

/**
 * Counts its sessions for a user from now on: equal `user`s, the first 8 bytes of a digest, have at most
 * OrdersSessionsPerUser of them at a time in this process. Until then no limit of a user applies.
 */
void orders_sessions_count_for(orders_database_t *database, const unsigned char *user);

/** OrdersSessionsPerUser, or what it is by default. */
int orders_sessions_per_user(const orders_server_conf_t *conf);

/** From now on it queues for a second at most: for callers that can try again. */
void orders_sessions_hurry(orders_database_t *database);

#endif
