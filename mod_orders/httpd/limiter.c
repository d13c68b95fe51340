/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/limiter.h"

#include <apr_thread_mutex.h>
#include <errno.h>
#include <semaphore.h>
#include <time.h>

#include "core/clock.h"

#define WIDEN_EVERY apr_time_from_sec(1)

/**
 * A waiting thread, on its own stack. `decided` and `decision` are set under the mutex. `turn` is posted once, after the mutex is
 * released; no other thread touches the waiter after that post.
 */
typedef struct waiter_t {
    struct waiter_t *next;
    orders_limiter_user_t user;
    sem_t turn; /* its own, so that exactly this thread is woken */
    bool decided;
    orders_limiter_e decision;
} waiter_t;

/** The places that one user has. */
typedef struct share_t {
    orders_limiter_user_t user;
    int inside; /**< 0: the entry is free */
} share_t;

struct orders_limiter_t {
    apr_thread_mutex_t *mutex; /**< over everything below; held for moments only */
    int places;                /**< as configured */
    int open;                  /**< of these, at present */
    int inside;
    int per_user;        /**< of these, at most, while all places are open */
    share_t *shares;     /**< as many as places: never more users are in */
    apr_time_t widen_at; /**< when one more place is tried, while open < places */
    waiter_t *first, *last;
};

orders_limiter_t *orders_limiter_create(apr_pool_t *own, int places, int per_user)
{
    orders_limiter_t *gate = apr_pcalloc(own, sizeof *gate);

    gate->places = gate->open = places;
    gate->per_user = per_user;
    gate->shares = apr_pcalloc(own, (apr_size_t)places * sizeof *gate->shares);
    return apr_thread_mutex_create(&gate->mutex, APR_THREAD_MUTEX_DEFAULT, own) == APR_SUCCESS
               ? gate
               : NULL;
}

/** The entry of `user`; ORDERS_LIMITER_NOBODY finds a free one. NULL when there is none. */
static share_t *find_share(const orders_limiter_t *gate, orders_limiter_user_t user)
{
    for (int i = 0; i < gate->places; i++) {
        share_t *share = &gate->shares[i];

        if (user ? share->inside && share->user == user : !share->inside) {
            return share;
        }
    }
    return NULL;
}

/** While fewer places are open than configured, one user does not get all of them either. */
static int user_limit(const orders_limiter_t *gate)
{
    int half = gate->open > 1 ? gate->open / 2 : 1;

    return gate->open < gate->places && half < gate->per_user ? half : gate->per_user;
}

static bool is_limited(const orders_limiter_t *gate, orders_limiter_user_t user)
{
    const share_t *share = user ? find_share(gate, user) : NULL;

    return share && share->inside >= user_limit(gate);
}

static void count_in(orders_limiter_t *gate, orders_limiter_user_t user)
{
    share_t *share = user ? find_share(gate, user) : NULL;

    gate->inside++;
    if (user && !share) {
        share = find_share(gate, ORDERS_LIMITER_NOBODY);
    }
    if (share) {
        share->user = user;
        share->inside++;
    }
}

static void count_out(orders_limiter_t *gate, orders_limiter_user_t user)
{
    share_t *share = user ? find_share(gate, user) : NULL;

    gate->inside--;
    if (share) {
        share->inside--;
    }
}

static void queue(orders_limiter_t *gate, waiter_t *waiter, bool first)
{
    if (first) {
        waiter->next = gate->first;
        gate->first = waiter;
    } else if (gate->last) {
        gate->last->next = waiter;
    } else {
        gate->first = waiter;
    }
    if (!waiter->next) {
        gate->last = waiter;
    }
}

static void unqueue(orders_limiter_t *gate, waiter_t *waiter)
{
    waiter_t *before = NULL;

    for (waiter_t *one = gate->first; one != waiter; one = one->next) {
        before = one;
    }
    if (before) {
        before->next = waiter->next;
    } else {
        gate->first = waiter->next;
    }
    if (gate->last == waiter) {
        gate->last = before;
    }
}

/** Decides on a waiter of the queue and adds it to those that are to be woken. */
static void decide(orders_limiter_t *gate, waiter_t *waiter, orders_limiter_e decision,
                   waiter_t **woken)
{
    unqueue(gate, waiter);
    waiter->decided = true;
    waiter->decision = decision;
    waiter->next = *woken;
    *woken = waiter;
}

/**
 * A free place belongs to the next waiter at once: it is counted in before it wakes, so that no thread overtakes it. Waiters
 * whose user has reached its limit are passed over. Afterwards a place is free only if no waiter may have it.
 * Returns the waiters to wake once the mutex is released: woken earlier, they would block on it.
 */
static waiter_t *admit(orders_limiter_t *gate)
{
    waiter_t *woken = NULL;

    if (gate->open < gate->places && orders_clock_now() >= gate->widen_at) {
        gate->open++;
        gate->widen_at = orders_clock_now() + WIDEN_EVERY;
    }
    for (waiter_t *waiter = gate->first, *next; waiter && gate->inside < gate->open;
         waiter = next) {
        next = waiter->next;
        if (!is_limited(gate, waiter->user)) {
            count_in(gate, waiter->user);
            decide(gate, waiter, ORDERS_LIMITER_IN, &woken);
        }
    }
    return woken;
}

static void unlock_and_wake(orders_limiter_t *gate, waiter_t *woken)
{
    apr_thread_mutex_unlock(gate->mutex);
    while (woken) {
        waiter_t *next = woken->next;

        sem_post(&woken->turn); /* the waiter may be gone: do not touch it any more */
        woken = next;
    }
}

static bool wait_until(waiter_t *waiter, apr_time_t until)
{
    struct timespec at = {.tv_sec = (time_t)apr_time_sec(until),
                          .tv_nsec = (long)apr_time_usec(until) * 1000};
    int failed;

    do { /* sem_timedwait() would follow the wall clock, which may be set meanwhile */
        failed = sem_clockwait(&waiter->turn, CLOCK_MONOTONIC, &at);
    } while (failed && errno == EINTR);
    return !failed;
}

/** Waits for the post that follows a decision; the deciding thread is about to send it. */
static void wait_for_post(waiter_t *waiter)
{
    while (sem_wait(&waiter->turn) && errno == EINTR) {
        /* interrupted by a signal */
    }
}

/** When to look again: a waiter has to check whether a further place may be tried. Under the mutex. */
static apr_time_t next_look(const orders_limiter_t *gate, apr_time_t deadline)
{
    apr_time_t soon = orders_clock_now() + WIDEN_EVERY;

    return gate->open < gate->places && soon < deadline ? soon : deadline;
}

/** Called with the mutex, returns without it. */
static orders_limiter_e wait_for_turn(orders_limiter_t *gate, waiter_t *waiter, waiter_t *woken,
                                      apr_time_t deadline)
{
    for (;;) {
        apr_time_t until = next_look(gate, deadline);

        unlock_and_wake(gate, woken);
        if (wait_until(waiter, until)) {
            return waiter->decision;
        }
        apr_thread_mutex_lock(gate->mutex);
        woken = admit(gate);
        if (waiter->decided) {
            unlock_and_wake(gate, woken);
            wait_for_post(waiter);
            return waiter->decision;
        }
        if (until == deadline) {
            bool limited = is_limited(gate, waiter->user);

            unqueue(gate, waiter);
            unlock_and_wake(gate, woken);
            return limited ? ORDERS_LIMITER_LIMITED : ORDERS_LIMITER_LATE;
        }
    }
}

orders_limiter_e orders_limiter_enter(orders_limiter_t *gate, orders_limiter_user_t user,
                                      apr_time_t deadline, bool first)
{
    orders_limiter_e decision = ORDERS_LIMITER_IN;
    waiter_t *woken, waiter = {.user = user};

    apr_thread_mutex_lock(gate->mutex);
    woken = admit(gate);
    if (gate->inside < gate->open && !is_limited(gate, user)) {
        count_in(gate, user);
        unlock_and_wake(gate, woken);
    } else if (sem_init(&waiter.turn, 0, 0)) {
        unlock_and_wake(gate, woken);
        decision = ORDERS_LIMITER_LATE;
    } else {
        queue(gate, &waiter, first);
        decision = wait_for_turn(gate, &waiter, woken, deadline);
        sem_destroy(&waiter.turn);
    }
    return decision;
}

void orders_limiter_leave(orders_limiter_t *gate, orders_limiter_user_t user)
{
    apr_thread_mutex_lock(gate->mutex);
    count_out(gate, user);
    unlock_and_wake(gate, admit(gate));
}

void orders_limiter_leave_narrowed(orders_limiter_t *gate, orders_limiter_user_t user, int holders)
{
    apr_thread_mutex_lock(gate->mutex);
    count_out(gate, user);
    if (holders > 0) {
        gate->open = holders < gate->places ? holders : gate->places;
        gate->widen_at = orders_clock_now() + WIDEN_EVERY;
    }
    unlock_and_wake(gate, admit(gate));
}

void orders_limiter_refuse_all(orders_limiter_t *gate)
{
    waiter_t *woken = NULL;

    apr_thread_mutex_lock(gate->mutex);
    gate->open = gate->places;
    while (gate->first) {
        decide(gate, gate->first, ORDERS_LIMITER_REFUSED, &woken);
    }
    unlock_and_wake(gate, woken);
}

int orders_limiter_inside(orders_limiter_t *gate)
{
    int inside;

    apr_thread_mutex_lock(gate->mutex);
    inside = gate->inside;
    apr_thread_mutex_unlock(gate->mutex);
    return inside;
}
