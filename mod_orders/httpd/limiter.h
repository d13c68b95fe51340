/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Limits the number of callers that use a pool of sessions concurrently. Callers wait in a queue (FIFO), each until its own deadline. One
 * user gets at most a part of the limit; a caller that waits for this reason does not delay callers of other users. There is one limiter for each
 * pool and process; its state is published in the gauges of the process (metrics/metrics.h). Any thread may call.
 */
#ifndef ORDERS_HTTPD_LIMITER_H
#define ORDERS_HTTPD_LIMITER_H

#include <apr_pools.h>
#include <apr_time.h>
#include <stdbool.h>

typedef struct orders_limiter_t orders_limiter_t;

typedef enum {
    ORDERS_LIMITER_ADMITTED,     /**< a release with the same user must follow */
    ORDERS_LIMITER_TIMED_OUT,    /**< the deadline has passed */
    ORDERS_LIMITER_USER_LIMITED, /**< the deadline has passed while the user was at its own limit */
    ORDERS_LIMITER_REFUSED       /**< by orders_limiter_refuse_waiting */
} orders_limiter_e;

/** Equal values share the limit of a user. ORDERS_LIMITER_NO_USER has no such limit. */
typedef apr_uint64_t orders_limiter_user_t;
#define ORDERS_LIMITER_NO_USER ((orders_limiter_user_t)0)

/** Lives as long as `own`. `per_user`: the limit of concurrent sessions of a user. NULL: the mutex cannot be created. */
orders_limiter_t *orders_limiter_create(apr_pool_t *own, int limit, int per_user);

/**
 * Waits until `deadline`, a time of orders_clock_now(). `returning` puts the caller at the front of the queue: it was admitted
 * before and got no session.
 */
orders_limiter_e orders_limiter_acquire(orders_limiter_t *limiter, orders_limiter_user_t user,
                                        apr_time_t deadline, bool returning);
void orders_limiter_release(orders_limiter_t *limiter, orders_limiter_user_t user);

/**
 * Releases after the database has refused another session while `holders` callers have one. If `holders` is not 0, the limit is lowered
 * to it, and then raised by one each second. The caller may acquire again with `returning`.
 */
void orders_limiter_release_and_lower(orders_limiter_t *limiter, orders_limiter_user_t user,
                                      int holders);

/** Refuses all waiting callers, because the database is unreachable, and restores the configured limit. */
void orders_limiter_refuse_waiting(orders_limiter_t *limiter);

/** Number of callers that were admitted and have not released. */
int orders_limiter_in_use(orders_limiter_t *limiter);

#endif
