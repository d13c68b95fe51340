/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Runs the jobs of worker/ with mod_watchdog: one child process at a time has the loop of a connection pool (worker/loop.h). Another
 * child takes over when that process ends.
 */
#ifndef ORDERS_HTTPD_WORKER_H
#define ORDERS_HTTPD_WORKER_H

#include <httpd.h>
#include <stdbool.h>

/** Looks up mod_watchdog's functions, after all modules have been loaded. */
void orders_worker_retrieve(void);
/** Whether mod_watchdog is loaded. */
bool orders_worker_possible(void);

/**
 * The server whose settings the jobs use: the first one with OrdersWorker On of those that share the connection pool of `first`. NULL: no job runs.
 */
server_rec *orders_worker_server(server_rec *main, const server_rec *first);

/**
 * For ap_hook_post_config, second pass: registers the jobs of each connection pool that has a server with OrdersWorker On. OK, or an
 * HTTP error that has been logged.
 */
int orders_worker_register(apr_pool_t *pconf, server_rec *main);

/** For ap_hook_child_init, before mod_watchdog's: `pchild` is not destroyed while a job runs. */
void orders_worker_child_init(apr_pool_t *pchild);

#endif
