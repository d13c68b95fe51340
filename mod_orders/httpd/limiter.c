/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/limiter.h"

#include <apr_thread_mutex.h>
#include <errno.h>
#include <semaphore.h>
#include <time.h>

#include "core/clock.h"
#include "metrics/metrics.h"

#define RAISE_INTERVAL apr_time_from_sec(1)

/**
 * A waiting thread, on its own stack. `decided` and `decision` are set under the mutex. `wakeup` is posted once, after the mutex is
 * released; no other thread touches the waiter after that post.
 */
typedef struct waiter_t {
    struct waiter_t *next;
    orders_limiter_user_t user;
    sem_t wakeup; /**< one per waiter, so that only this thread wakes */
    bool decided;
    orders_limiter_e decision;
} waiter_t;

/** The number of sessions in use by a user. */
typedef struct user_entry_t {
    orders_limiter_user_t user;
    int in_use; /**< 0: the entry is free */
} user_entry_t;

struct orders_limiter_t {
    apr_thread_mutex_t *mutex; /**< protects the members below */
    int limit;                 /**< as configured */
    int current_limit;         /**< lower than `limit` while the database accepts fewer sessions */
    int in_use;
    int per_user; /**< limit of one user while current_limit == limit */
    user_entry_t
        *users; /**< `limit` entries: each user with an entry has at least one session in use */
    apr_time_t raise_at; /**< when current_limit is raised by one */
    waiter_t *first, *last;
    int waiting;
    orders_process_metrics_t *gauges; /**< of the process */
    /** What this limiter has added to the gauges. */
    struct {
        int allowed, in_use, waiting;
    } published;
};

static void publish_change(int64_t *gauge, int *published, int value)
{
    if (value != *published) {
        orders_metrics_change(gauge, value - *published);
        *published = value;
    }
}

/** Caller holds the mutex. Several limiters of a process add up. */
static void publish(orders_limiter_t *limiter)
{
    publish_change(&limiter->gauges->allowed, &limiter->published.allowed, limiter->current_limit);
    publish_change(&limiter->gauges->in_use, &limiter->published.in_use, limiter->in_use);
    publish_change(&limiter->gauges->waiting, &limiter->published.waiting, limiter->waiting);
}

orders_limiter_t *orders_limiter_create(apr_pool_t *own, int limit, int per_user)
{
    orders_limiter_t *limiter = apr_pcalloc(own, sizeof *limiter);

    limiter->limit = limiter->current_limit = limit;
    limiter->per_user = per_user;
    limiter->gauges = orders_metrics_process();
    orders_metrics_change(&limiter->gauges->limit, limit);
    publish(limiter);
    limiter->users = apr_pcalloc(own, (apr_size_t)limit * sizeof *limiter->users);
    return apr_thread_mutex_create(&limiter->mutex, APR_THREAD_MUTEX_DEFAULT, own) == APR_SUCCESS
               ? limiter
               : NULL;
}

/** The entry of `user`, or for ORDERS_LIMITER_NO_USER a free entry. NULL: not found. */
static user_entry_t *find_entry(const orders_limiter_t *limiter, orders_limiter_user_t user)
{
    for (int i = 0; i < limiter->limit; i++) {
        user_entry_t *entry = &limiter->users[i];

        if (user ? entry->in_use && entry->user == user : !entry->in_use) {
            return entry;
        }
    }
    return NULL;
}

/** While the limit is lowered, one user gets at most half of it. */
static int user_limit(const orders_limiter_t *limiter)
{
    int half = limiter->current_limit > 1 ? limiter->current_limit / 2 : 1;

    return limiter->current_limit < limiter->limit && half < limiter->per_user ? half
                                                                               : limiter->per_user;
}

static bool is_user_limited(const orders_limiter_t *limiter, orders_limiter_user_t user)
{
    const user_entry_t *entry = user ? find_entry(limiter, user) : NULL;

    return entry && entry->in_use >= user_limit(limiter);
}

static void add_use(orders_limiter_t *limiter, orders_limiter_user_t user)
{
    user_entry_t *entry = user ? find_entry(limiter, user) : NULL;

    limiter->in_use++;
    if (user && !entry) {
        entry = find_entry(limiter, ORDERS_LIMITER_NO_USER);
    }
    if (entry) {
        entry->user = user;
        entry->in_use++;
    }
}

static void remove_use(orders_limiter_t *limiter, orders_limiter_user_t user)
{
    user_entry_t *entry = user ? find_entry(limiter, user) : NULL;

    limiter->in_use--;
    if (entry) {
        entry->in_use--;
    }
}

static void enqueue(orders_limiter_t *limiter, waiter_t *waiter, bool returning)
{
    limiter->waiting++;
    if (returning) {
        waiter->next = limiter->first;
        limiter->first = waiter;
    } else if (limiter->last) {
        limiter->last->next = waiter;
    } else {
        limiter->first = waiter;
    }
    if (!waiter->next) {
        limiter->last = waiter;
    }
}

static void dequeue(orders_limiter_t *limiter, waiter_t *waiter)
{
    waiter_t *previous = NULL;

    limiter->waiting--;
    for (waiter_t *entry = limiter->first; entry != waiter; entry = entry->next) {
        previous = entry;
    }
    if (previous) {
        previous->next = waiter->next;
    } else {
        limiter->first = waiter->next;
    }
    if (limiter->last == waiter) {
        limiter->last = previous;
    }
}

/** Removes a waiter from the queue with a decision, and adds it to the list of waiters to wake. */
static void decide(orders_limiter_t *limiter, waiter_t *waiter, orders_limiter_e decision,
                   waiter_t **woken)
{
    dequeue(limiter, waiter);
    waiter->decided = true;
    waiter->decision = decision;
    waiter->next = *woken;
    *woken = waiter;
}

/**
 * Admits waiters while there is free capacity. A waiter is counted before it wakes, so that no later caller overtakes it. Waiters
 * whose user is at its limit are skipped. Afterwards capacity is free only if no waiter can use it.
 * Returns the waiters to wake after the mutex is released; a waiter woken earlier would block on the mutex.
 */
static waiter_t *admit_waiting(orders_limiter_t *limiter)
{
    waiter_t *woken = NULL;

    if (limiter->current_limit < limiter->limit && orders_clock_now() >= limiter->raise_at) {
        limiter->current_limit++;
        limiter->raise_at = orders_clock_now() + RAISE_INTERVAL;
    }
    for (waiter_t *waiter = limiter->first, *next;
         waiter && limiter->in_use < limiter->current_limit; waiter = next) {
        next = waiter->next;
        if (!is_user_limited(limiter, waiter->user)) {
            add_use(limiter, waiter->user);
            decide(limiter, waiter, ORDERS_LIMITER_ADMITTED, &woken);
        }
    }
    return woken;
}

static void unlock_and_wake(orders_limiter_t *limiter, waiter_t *woken)
{
    publish(limiter);
    apr_thread_mutex_unlock(limiter->mutex);
    while (woken) {
        waiter_t *next = woken->next;

        /* The waiter is on its thread's stack: do not touch it after sem_post(). */
        sem_post(&woken->wakeup);
        woken = next;
    }
}

static bool wait_until(waiter_t *waiter, apr_time_t until)
{
    struct timespec at = {.tv_sec = (time_t)apr_time_sec(until),
                          .tv_nsec = (long)apr_time_usec(until) * 1000};
    int failed;

    do { /* not sem_timedwait(), which uses the wall clock */
        failed = sem_clockwait(&waiter->wakeup, CLOCK_MONOTONIC, &at);
    } while (failed && errno == EINTR);
    return !failed;
}

/** Waits for the post that follows a decision, so that the waiter is not freed before it. */
static void wait_for_post(waiter_t *waiter)
{
    while (sem_wait(&waiter->wakeup) && errno == EINTR) {
        /* interrupted by a signal */
    }
}

/** Caller holds the mutex. When a waiter calls admit_waiting() again: at its deadline, or earlier to raise the limit. */
static apr_time_t next_check_at(const orders_limiter_t *limiter, apr_time_t deadline)
{
    apr_time_t next_raise = orders_clock_now() + RAISE_INTERVAL;

    return limiter->current_limit < limiter->limit && next_raise < deadline ? next_raise : deadline;
}

/** Called with the mutex held; returns with it released. */
static orders_limiter_e wait_for_decision(orders_limiter_t *limiter, waiter_t *waiter,
                                          waiter_t *woken, apr_time_t deadline)
{
    for (;;) {
        apr_time_t until = next_check_at(limiter, deadline);

        unlock_and_wake(limiter, woken);
        if (wait_until(waiter, until)) {
            return waiter->decision;
        }
        apr_thread_mutex_lock(limiter->mutex);
        woken = admit_waiting(limiter);
        if (waiter->decided) {
            unlock_and_wake(limiter, woken);
            wait_for_post(waiter);
            return waiter->decision;
        }
        if (until == deadline) {
            bool limited = is_user_limited(limiter, waiter->user);

            dequeue(limiter, waiter);
            unlock_and_wake(limiter, woken);
            return limited ? ORDERS_LIMITER_USER_LIMITED : ORDERS_LIMITER_TIMED_OUT;
        }
    }
}

orders_limiter_e orders_limiter_acquire(orders_limiter_t *limiter, orders_limiter_user_t user,
                                        apr_time_t deadline, bool returning)
{
    orders_limiter_e decision = ORDERS_LIMITER_ADMITTED;
    waiter_t *woken, waiter = {.user = user};

    apr_thread_mutex_lock(limiter->mutex);
    woken = admit_waiting(limiter);
    if (limiter->in_use < limiter->current_limit && !is_user_limited(limiter, user)) {
        add_use(limiter, user);
        unlock_and_wake(limiter, woken);
    } else if (sem_init(&waiter.wakeup, 0, 0)) {
        unlock_and_wake(limiter, woken);
        decision = ORDERS_LIMITER_TIMED_OUT;
    } else {
        enqueue(limiter, &waiter, returning);
        decision = wait_for_decision(limiter, &waiter, woken, deadline);
        sem_destroy(&waiter.wakeup);
    }
    return decision;
}

void orders_limiter_release(orders_limiter_t *limiter, orders_limiter_user_t user)
{
    apr_thread_mutex_lock(limiter->mutex);
    remove_use(limiter, user);
    unlock_and_wake(limiter, admit_waiting(limiter));
}

void orders_limiter_release_and_lower(orders_limiter_t *limiter, orders_limiter_user_t user,
                                      int holders)
{
    apr_thread_mutex_lock(limiter->mutex);
    remove_use(limiter, user);
    if (holders > 0) {
        limiter->current_limit = holders < limiter->limit ? holders : limiter->limit;
        limiter->raise_at = orders_clock_now() + RAISE_INTERVAL;
    }
    unlock_and_wake(limiter, admit_waiting(limiter));
}

void orders_limiter_refuse_waiting(orders_limiter_t *limiter)
{
    waiter_t *woken = NULL;

    apr_thread_mutex_lock(limiter->mutex);
    limiter->current_limit = limiter->limit;
    while (limiter->first) {
        decide(limiter, limiter->first, ORDERS_LIMITER_REFUSED, &woken);
    }
    unlock_and_wake(limiter, woken);
}

int orders_limiter_in_use(orders_limiter_t *limiter)
{
    int in_use;

    apr_thread_mutex_lock(limiter->mutex);
    in_use = limiter->in_use;
    apr_thread_mutex_unlock(limiter->mutex);
    return in_use;
}
