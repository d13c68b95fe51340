/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Checks whether a database responds, on a separate connection: the check waits for no session of the pool, and a busy pool does not make it
 * fail. One check at a time; callers that request a check during another wait for its result, and a result is kept for a second.
 *
 * A thread makes the checks, because a connection attempt can block for longer than a caller may wait: libpq resolves names and tries the hosts of a
 * connection string one after the other. The thread and the connection are created by the first check.
 */
#ifndef ORDERS_STORE_HEALTH_CHECK_H
#define ORDERS_STORE_HEALTH_CHECK_H

#include <apr_pools.h>
#include <apr_time.h>

typedef struct orders_health_check_t orders_health_check_t;

typedef enum {
    ORDERS_HEALTH_SILENT, /**< no connection, no reply in time, or an error */
    /** The server responds but accepts no further connection: it has too many, or it refuses the role. */
    ORDERS_HEALTH_REFUSED,
    ORDERS_HEALTH_ANSWERED
} orders_health_e;

typedef struct orders_health_t {
    orders_health_e state;
    int schema_version; /**< if ANSWERED; ORDERS_SCHEMA_NONE: the database has none */
} orders_health_t;

/** How long a result is kept, and the longest wait of a caller for a result. */
#define ORDERS_HEALTH_PERIOD apr_time_from_sec(1)

/** Lives as long as `own`, whose destruction ends the thread: it waits for a check in progress. `conninfo`: of libpq. */
orders_health_check_t *orders_health_check_create(apr_pool_t *own, const char *conninfo);

/** The result of the last ORDERS_HEALTH_PERIOD, or of a new check; SILENT if that takes longer than ORDERS_HEALTH_PERIOD. Any thread. */
void orders_health_check(orders_health_check_t *check, orders_health_t *health);

#endif
