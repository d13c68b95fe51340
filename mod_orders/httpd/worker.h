/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Work in the background, by mod_watchdog, in one process at a time: what is due by the clock and by nobody's request. Each
 * job has a thread and, while it works, a session of its own.
 * Several servers may share a database; what one has claimed the others leave alone.
 */
#ifndef ORDERS_HTTPD_WORKER_H
#define ORDERS_HTTPD_WORKER_H

#include <httpd.h>
#include <stdbool.h>

/** Finds mod_watchdog's functions. */
void orders_worker_retrieve(void);
bool orders_worker_possible(void);

/** ap_hook_post_config, second pass: the jobs of each pool of sessions whose server has OrdersWorker On. */
int orders_worker_register(apr_pool_t *pconf, server_rec *main);

/** ap_hook_child_init, before mod_watchdog's: the child's pool will not end under a round of work. */
void orders_worker_child_init(apr_pool_t *pchild);

#endif
