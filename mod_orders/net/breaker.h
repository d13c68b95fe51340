/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Bounds what the provider of one channel can hold of this process: a limit of concurrent calls, and a circuit breaker.
 *
 * closed     At most `calls` calls at a time. As many others wait for one second; any further call is refused at once. When
 *            a wait was in vain, every call is refused until one of those under way ends. A provider's events get at most
 *            half of the places, so that events that come again and again leave room for buyers.
 * open       After five failed calls in a row. Every call is refused for two seconds.
 * half-open  After that: one call is a probe, all others are refused. Its answer closes the breaker, its failure opens it again.
 *
 * The breaker is made with the configuration; its state is a process's own. Any thread may use it.
 */
#ifndef ORDERS_NET_BREAKER_H
#define ORDERS_NET_BREAKER_H

#include <apr_pools.h>
#include <stdbool.h>

#include "core/log.h"

#define ORDERS_BREAKER_CALLS 4 /**< at a time, unless a channel says otherwise */
#define ORDERS_BREAKER_MAX_CALLS 64

typedef struct orders_breaker_t orders_breaker_t;

typedef enum {
    ORDERS_CALL_ANSWERED,
    ORDERS_CALL_FAILED,   /**< no whole reply, or one that means trouble */
    ORDERS_CALL_CANCELLED /**< by the caller: says nothing about the provider */
} orders_call_outcome_e;

/** For whom a call is made. */
typedef enum {
    ORDERS_CALLER_BUYER,  /**< or an operator: somebody waits for the answer */
    ORDERS_CALLER_WORKER, /**< one call at a time; it neither waits nor counts */
    ORDERS_CALLER_EVENT   /**< a provider's event, which will be sent again */
} orders_caller_e;

/** One admitted call, from enter to leave. */
typedef struct orders_admission_t {
    bool counted; /**< among the concurrent calls */
    bool event;   /**< counted among those for events, too */
    bool probe;
} orders_admission_t;

/** `channel` must live as long as `pool`. */
orders_breaker_t *orders_breaker_create(apr_pool_t *pool, const char *channel, int calls);

/** Whether a call would be admitted now, for a job that can come again: it claims no work otherwise. */
bool orders_breaker_ready(orders_breaker_t *breaker);

/**
 * NULL: the call may be made, and orders_breaker_leave must follow. Otherwise why not.
 */
const char *orders_breaker_enter(orders_breaker_t *breaker, orders_caller_e caller,
                                 const orders_log_t *log, orders_admission_t *admission);

void orders_breaker_leave(orders_breaker_t *breaker, const orders_admission_t *admission,
                          orders_call_outcome_e outcome, const orders_log_t *log);

#endif
