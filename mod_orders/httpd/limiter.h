/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The admission gate in front of a pool of sessions: a limited number of callers at a time, first come, first served, each until
 * its own deadline. One user has at most a part of the places; a caller that waits for this limit does not hold up those behind
 * it. There is one gate for each pool and process; all threads may use it.
 */
#ifndef ORDERS_HTTPD_LIMITER_H
#define ORDERS_HTTPD_LIMITER_H

#include <apr_pools.h>
#include <apr_time.h>
#include <stdbool.h>

typedef struct orders_limiter_t orders_limiter_t;

typedef enum {
    ORDERS_LIMITER_IN,      /**< leave it again, with the same user */
    ORDERS_LIMITER_LATE,    /**< the deadline came first */
    ORDERS_LIMITER_LIMITED, /**< the same, while the user had all the places that one user may have */
    ORDERS_LIMITER_REFUSED /**< turned away by orders_limiter_refuse_all */
} orders_limiter_e;

/** Who enters: equal values share a limit. ORDERS_LIMITER_NOBODY has none. */
typedef apr_uint64_t orders_limiter_user_t;
#define ORDERS_LIMITER_NOBODY ((orders_limiter_user_t)0)

/** Lives as long as `own`. `per_user`: places that a user may have at once. NULL when the system has no mutex left. */
orders_limiter_t *orders_limiter_create(apr_pool_t *own, int places, int per_user);

/** Waits until `deadline`, a time of orders_clock_now(). `first` puts the caller before all others: it was in and got no session. */
orders_limiter_e orders_limiter_enter(orders_limiter_t *gate, orders_limiter_user_t user,
                                      apr_time_t deadline, bool first);
void orders_limiter_leave(orders_limiter_t *gate, orders_limiter_user_t user);

/**
 * Leaves, because no further session could be had, though `holders` callers have one. When there are any, as many places
 * as these stay open, and one more is tried again each second; the caller may enter again as the first.
 */
void orders_limiter_leave_narrowed(orders_limiter_t *gate, orders_limiter_user_t user, int holders);

/** Refuses all callers that wait now, when there are no sessions at all. Later callers find all places open. */
void orders_limiter_refuse_all(orders_limiter_t *gate);

/** How many are in. */
int orders_limiter_inside(orders_limiter_t *gate);

#endif
