/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The admission gate in front of a pool of sessions: a limited number of callers at a time, first come, first served, each until
 * its own deadline. One user has at most a part of the places; a caller that waits for this limit does not hold up those behind
 * it. There is one gate for each pool and process; all threads may use it.
 */
#ifndef ORDERS_HTTPD_GATE_H
#define ORDERS_HTTPD_GATE_H

#include <apr_pools.h>
#include <apr_time.h>
#include <stdbool.h>

typedef struct orders_gate_t orders_gate_t;

typedef enum {
    ORDERS_GATE_IN,      /**< leave it again, with the same user */
    ORDERS_GATE_LATE,    /**< the deadline came first */
    ORDERS_GATE_LIMITED, /**< the same, while the user had all the places that one user may have */
    ORDERS_GATE_REFUSED  /**< turned away by orders_gate_refuse_all */
} orders_gate_e;

/** Who enters: equal values share a limit. ORDERS_GATE_NOBODY has none. */
typedef apr_uint64_t orders_gate_user_t;
#define ORDERS_GATE_NOBODY ((orders_gate_user_t)0)

/** Lives as long as `own`. `per_user`: places that a user may have at once. NULL when the system has no mutex left. */
orders_gate_t *orders_gate_create(apr_pool_t *own, int places, int per_user);

/** Waits until `deadline`, a time of orders_clock_now(). `first` puts the caller before all others: it was in and got no session. */
orders_gate_e orders_gate_enter(orders_gate_t *gate, orders_gate_user_t user, apr_time_t deadline,
                                bool first);
void orders_gate_leave(orders_gate_t *gate, orders_gate_user_t user);

/**
 * Leaves, because no further session could be had, though `holders` callers have one. When there are any, as many places
 * as these stay open, and one more is tried again each second; the caller may enter again as the first.
 */
void orders_gate_leave_narrowed(orders_gate_t *gate, orders_gate_user_t user, int holders);

/** Refuses all callers that wait now, when there are no sessions at all. Later callers find all places open. */
void orders_gate_refuse_all(orders_gate_t *gate);

/** How many are in. */
int orders_gate_inside(orders_gate_t *gate);

#endif
