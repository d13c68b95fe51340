/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Circuit breaker with a concurrency limit, one per channel: it bounds the threads that one provider can occupy. The mail server has one
 * too, without the limit: only the worker sends mails.
 *
 * closed     At most `calls` concurrent calls. As many more wait for up to one second; any further call is refused at once. After a
 *            wait has timed out, every call is refused until a call in progress ends. Calls for a provider's events get at most
 *            half of the limit, so that repeated events leave room for buyers.
 * open       After five consecutive failures. Every call is refused for two seconds.
 * half-open  Follows open. One call is admitted as a probe; all others are refused. A reply closes the breaker, a failure opens it again.
 *
 * Created with the configuration; each process has its own state. Thread-safe.
 */
#ifndef ORDERS_NET_BREAKER_H
#define ORDERS_NET_BREAKER_H

#include <apr_pools.h>
#include <stdbool.h>

#include "core/log.h"

#define ORDERS_BREAKER_CALLS 4 /**< default limit of concurrent calls */
#define ORDERS_BREAKER_MAX_CALLS 64

typedef struct orders_breaker_t orders_breaker_t;

typedef enum {
    ORDERS_CALL_ANSWERED,
    ORDERS_CALL_FAILED,   /**< no complete reply, or a status that counts as a failure */
    ORDERS_CALL_CANCELLED /**< by the caller; not a failure of the provider */
} orders_call_outcome_e;

/** Purpose of a call. */
typedef enum {
    ORDERS_CALLER_BUYER,  /**< a client (buyer or operator) waits for the result */
    ORDERS_CALLER_WORKER, /**< the worker: neither waits nor counts against the limit, because the job table bounds its calls */
    ORDERS_CALLER_EVENT   /**< a provider's event, which the provider sends again */
} orders_caller_e;

/** An admitted call, between orders_breaker_enter() and orders_breaker_leave(). */
typedef struct orders_admission_t {
    bool counted; /**< counts against the limit */
    bool event;   /**< counts against the limit of events too */
    bool probe;
} orders_admission_t;

/** `channel`: its name, for the log. */
orders_breaker_t *orders_breaker_create(apr_pool_t *pool, const char *channel, int calls);

/** For the mail server, whose calls have ORDERS_CALLER_WORKER. */
orders_breaker_t *orders_breaker_create_for_mail(apr_pool_t *pool);

/** Whether a call would be admitted now. Jobs check it before they claim work. NULL is always ready. */
bool orders_breaker_ready(orders_breaker_t *breaker);

/** Whether calls are neither refused nor probes. NULL: always. */
bool orders_breaker_closed(orders_breaker_t *breaker);

/** The state of a breaker: "admitted" (closed), "suspended" (open) or "tested" (half-open). NULL: admitted. */
const char *orders_breaker_word(orders_breaker_t *breaker);

/**
 * Returns NULL if the call is admitted: orders_breaker_leave() must follow. Otherwise the reason of the refusal, for the log. A NULL
 * breaker admits every call.
 */
const char *orders_breaker_enter(orders_breaker_t *breaker, orders_caller_e caller,
                                 const orders_log_t *log, orders_admission_t *admission);

void orders_breaker_leave(orders_breaker_t *breaker, const orders_admission_t *admission,
                          orders_call_outcome_e outcome, const orders_log_t *log);

#endif
