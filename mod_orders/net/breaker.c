/* SPDX-License-Identifier: Apache-2.0 */
#include "net/breaker.h"

#include <apr_strings.h>
#include <apr_time.h>
#include <pthread.h>
#include <time.h>

#include "core/clock.h"

#define FAILURES_TO_OPEN 5
#define OPEN_PERIOD apr_time_from_sec(2)
#define MAX_WAIT apr_time_from_sec(1)
/** Minimum time between two log lines about calls over the limit. */
#define REPORT_INTERVAL apr_time_from_sec(60)

typedef enum { CLOSED, OPEN, HALF_OPEN } state_e;

struct orders_breaker_t {
    const char *prefix;     /**< of the lines in the log */
    const char *server;     /**< in these lines */
    int calls;              /**< limit of concurrent calls */
    pthread_mutex_t lock;   /**< protects the members below; never held across a call */
    pthread_cond_t changed; /**< signalled when a call ends or the state changes */
    state_e state;
    int in_use, waiting;
    int events, events_waiting; /**< of `in_use` and `waiting`: calls for events of the provider */
    bool stalled;               /**< a wait timed out and no call has ended since */
    int failures;               /**< consecutive failures */
    apr_time_t opened_at, retry_at, report_at;
    int refused; /**< calls refused since the last log line */
};

/** A line to log after the lock is released. */
typedef struct log_line_t {
    enum { NOTHING, OPENED, CLOSED_AGAIN, TOO_MANY } kind;
    int refused;
    apr_time_t since;
} log_line_t;

static orders_breaker_t *create(apr_pool_t *pool, const char *prefix, const char *server, int calls)
{
    orders_breaker_t *breaker = apr_pcalloc(pool, sizeof *breaker);

    breaker->prefix = prefix;
    breaker->server = server;
    breaker->calls = calls;
    pthread_mutex_init(&breaker->lock, NULL);
    pthread_cond_init(&breaker->changed, NULL);
    return breaker;
}

orders_breaker_t *orders_breaker_create(apr_pool_t *pool, const char *channel, int calls)
{
    return create(pool,
                  apr_pstrcat(pool, "ORD0021 provider_unreachable - - channel ", channel, NULL),
                  "the provider", calls);
}

orders_breaker_t *orders_breaker_create_for_mail(apr_pool_t *pool)
{
    return create(pool, "ORD0034 mail_unreachable - - mail", "the mail server", 1);
}

static void write_log_line(const orders_breaker_t *breaker, const log_line_t *line,
                           const orders_log_t *log)
{
    switch (line->kind) {
    case OPENED:
        orders_log(log, ORDERS_LOG_WARNING,
                   "%s: %d consecutive calls failed; calls are suspended until %s replies, and the "
                   "worker retries later",
                   breaker->prefix, FAILURES_TO_OPEN, breaker->server);
        break;
    case CLOSED_AGAIN:
        orders_log(log, ORDERS_LOG_WARNING,
                   "%s: %s replies again after %d s; %d calls were refused in this time",
                   breaker->prefix, breaker->server,
                   (int)apr_time_sec(orders_clock_now() - line->since), line->refused);
        break;
    case TOO_MANY:
        orders_log(
            log, ORDERS_LOG_WARNING,
            "%s: the limit of %d concurrent calls (calls=) is reached; the worker retries later. "
            "Calls refused since the last report: %d",
            breaker->prefix, breaker->calls, line->refused);
        break;
    case NOTHING:
        break;
    }
}

/** Caller holds the lock. Resets the number of refused calls. */
static log_line_t build_log_line(orders_breaker_t *breaker, int kind)
{
    const log_line_t line = {
        .kind = kind, .refused = breaker->refused, .since = breaker->opened_at};

    breaker->refused = 0;
    return line;
}

/** Limit of calls for events. Anybody can replay an event, and a provider resends a refused one: half of all calls stays for buyers. */
static int event_limit(const orders_breaker_t *breaker)
{
    return breaker->calls > 1 ? breaker->calls / 2 : 1;
}

/** Caller holds the lock. */
static bool is_full(const orders_breaker_t *breaker, orders_caller_e caller)
{
    return breaker->in_use >= breaker->calls ||
           (caller == ORDERS_CALLER_EVENT && breaker->events >= event_limit(breaker));
}

/** Caller holds the lock. */
static bool may_wait(const orders_breaker_t *breaker, orders_caller_e caller)
{
    return breaker->waiting < breaker->calls &&
           (caller != ORDERS_CALLER_EVENT || breaker->events_waiting < event_limit(breaker));
}

/** Caller holds the lock, which is released during the wait. */
static void wait_for_slot(orders_breaker_t *breaker, orders_caller_e caller)
{
    const int event = caller == ORDERS_CALLER_EVENT;
    const apr_time_t until = orders_clock_now() + MAX_WAIT;
    const struct timespec at = {.tv_sec = (time_t)apr_time_sec(until),
                                .tv_nsec = (long)apr_time_usec(until) * 1000};

    breaker->waiting++;
    breaker->events_waiting += event;
    while (breaker->state == CLOSED && is_full(breaker, caller) && !breaker->stalled) {
        if (pthread_cond_clockwait(&breaker->changed, &breaker->lock, CLOCK_MONOTONIC, &at)) {
            breaker->stalled = breaker->in_use >= breaker->calls;
            break;
        }
    }
    breaker->waiting--;
    breaker->events_waiting -= event;
}

/** Caller holds the lock. False: refused. */
static bool admit_closed(orders_breaker_t *breaker, orders_caller_e caller,
                         orders_admission_t *admission)
{
    if (caller == ORDERS_CALLER_WORKER) {
        return true;
    }
    if (is_full(breaker, caller) && may_wait(breaker, caller)) {
        wait_for_slot(breaker, caller);
    }
    if (breaker->state != CLOSED || is_full(breaker, caller)) {
        return false;
    }
    breaker->in_use++;
    admission->counted = true;
    admission->event = caller == ORDERS_CALLER_EVENT;
    breaker->events += admission->event;
    return true;
}

/** Caller holds the lock. */
static bool may_probe(const orders_breaker_t *breaker)
{
    return breaker->state == OPEN && orders_clock_now() >= breaker->retry_at;
}

bool orders_breaker_ready(orders_breaker_t *breaker)
{
    bool ready;

    if (!breaker) {
        return true;
    }
    pthread_mutex_lock(&breaker->lock);
    ready = breaker->state == CLOSED || may_probe(breaker);
    pthread_mutex_unlock(&breaker->lock);
    return ready;
}

bool orders_breaker_closed(orders_breaker_t *breaker)
{
    bool closed;

    if (!breaker) {
        return true;
    }
    pthread_mutex_lock(&breaker->lock);
    closed = breaker->state == CLOSED;
    pthread_mutex_unlock(&breaker->lock);
    return closed;
}

const char *orders_breaker_word(orders_breaker_t *breaker)
{
    static const char *const words[] = {
        [CLOSED] = "admitted", [OPEN] = "suspended", [HALF_OPEN] = "tested"};
    state_e state = CLOSED;

    if (breaker) {
        pthread_mutex_lock(&breaker->lock);
        state = breaker->state;
        pthread_mutex_unlock(&breaker->lock);
    }
    return words[state];
}

/** Caller holds the lock. Returns the reason, for the log. */
static const char *count_refusal(orders_breaker_t *breaker, log_line_t *line)
{
    breaker->refused++;
    if (breaker->state != CLOSED) {
        return "calls are suspended";
    }
    if (orders_clock_now() >= breaker->report_at) {
        *line = build_log_line(breaker, TOO_MANY);
        breaker->report_at = orders_clock_now() + REPORT_INTERVAL;
    }
    return "the channel's limit of concurrent calls is reached";
}

const char *orders_breaker_enter(orders_breaker_t *breaker, orders_caller_e caller,
                                 const orders_log_t *log, orders_admission_t *admission)
{
    const char *refusal = NULL;
    log_line_t line = {.kind = NOTHING};

    *admission = (orders_admission_t){.counted = false};
    if (!breaker) {
        return NULL;
    }
    pthread_mutex_lock(&breaker->lock);
    if (may_probe(breaker)) {
        breaker->state = HALF_OPEN;
        admission->probe = true;
    } else if (breaker->state != CLOSED || !admit_closed(breaker, caller, admission)) {
        refusal = count_refusal(breaker, &line);
    }
    pthread_mutex_unlock(&breaker->lock);
    write_log_line(breaker, &line, log);
    return refusal;
}

/** Caller holds the lock. */
static void open_breaker(orders_breaker_t *breaker, apr_time_t retry_at)
{
    breaker->state = OPEN;
    breaker->retry_at = retry_at;
}

/** Caller holds the lock. Calls that began before the breaker opened count too. */
static void record_outcome(orders_breaker_t *breaker, bool probe, orders_call_outcome_e outcome,
                           log_line_t *line)
{
    const apr_time_t now = orders_clock_now();

    if (outcome == ORDERS_CALL_ANSWERED) {
        breaker->failures = 0;
        if (breaker->state != CLOSED) {
            breaker->state = CLOSED;
            *line = build_log_line(breaker, CLOSED_AGAIN);
        }
    } else if (probe && breaker->state == HALF_OPEN) {
        open_breaker(breaker, outcome == ORDERS_CALL_FAILED ? now + OPEN_PERIOD : now);
    } else if (outcome == ORDERS_CALL_FAILED && breaker->state == CLOSED &&
               ++breaker->failures >= FAILURES_TO_OPEN) {
        open_breaker(breaker, now + OPEN_PERIOD);
        *line = build_log_line(breaker, OPENED);
        breaker->opened_at = now;
    }
}

void orders_breaker_leave(orders_breaker_t *breaker, const orders_admission_t *admission,
                          orders_call_outcome_e outcome, const orders_log_t *log)
{
    log_line_t line = {.kind = NOTHING};

    if (!breaker) {
        return;
    }
    pthread_mutex_lock(&breaker->lock);
    if (admission->counted) {
        breaker->in_use--;
        breaker->events -= admission->event;
        breaker->stalled = false;
    }
    record_outcome(breaker, admission->probe, outcome, &line);
    pthread_cond_broadcast(&breaker->changed);
    pthread_mutex_unlock(&breaker->lock);
    write_log_line(breaker, &line, log);
}
