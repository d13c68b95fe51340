/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A write without effect: the statement runs in a transaction that is rolled back. Private to store/database.c.
 */
#ifndef ORDERS_STORE_DRY_RUN_H
#define ORDERS_STORE_DRY_RUN_H

#include "store/run.h"

/** Queues the statement of the run with one of libpq's PQsend… functions. */
typedef int (*orders_send_t)(const orders_run_t *run);

/**
 * Runs the statement in a transaction of its own, with its deferred constraints, and rolls it back, in one round trip. Nothing that is sent
 * can commit. The locks of the transaction are released with the statement, and its waits for locks are short, so that it gives up before a
 * write that waits for it does. The result is that of the statement, or the first error.
 */
orders_attempt_e orders_dry_run(orders_run_t *run, orders_send_t send) ORDERS_MUSTCHECK;

#endif
