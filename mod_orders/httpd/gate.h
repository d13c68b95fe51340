/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The admission gate in front of a pool of sessions: so many at a time, first come, first served, and nobody waits
 * longer than he said. One a pool and process; safe for all its threads.
 */
#ifndef ORDERS_HTTPD_GATE_H
#define ORDERS_HTTPD_GATE_H

#include <apr_pools.h>
#include <apr_time.h>
#include <stdbool.h>

typedef struct orders_gate_t orders_gate_t;

typedef enum {
    ORDERS_GATE_IN,     /**< leave it again */
    ORDERS_GATE_LATE,   /**< the deadline came first */
    ORDERS_GATE_REFUSED /**< turned away by orders_gate_refuse_all */
} orders_gate_e;

/** Lives as long as `own`. NULL when the system has no mutex left. */
orders_gate_t *orders_gate_create(apr_pool_t *own, int places);

/** Waits until `deadline`, a time of orders_clock_now(). `first` puts the caller before all others: he was in already and found nothing. */
orders_gate_e orders_gate_enter(orders_gate_t *gate, apr_time_t deadline, bool first);
void orders_gate_leave(orders_gate_t *gate);

/**
 * Leaves, because no further session could be had, though `holders` callers have one. When there are any, as many places
 * as these stay open, and one more is tried again each second; the caller may enter again as the first.
 */
void orders_gate_leave_narrowed(orders_gate_t *gate, int holders);

/** Turns all away who wait at this moment: nobody has a session. All places are open for those who come then. */
void orders_gate_refuse_all(orders_gate_t *gate);

/** How many are in. */
int orders_gate_inside(orders_gate_t *gate);

#endif
