/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/gate.h"

#include <apr_thread_mutex.h>
#include <errno.h>
#include <semaphore.h>
#include <time.h>

#include "core/clock.h"

#define WIDEN_EVERY apr_time_from_sec(1)

/**
 * One who waits, on his own stack. `decided` and `decision` are set under the mutex; `turn` is posted after it, once, and
 * that post is the last that anybody else does with a waiter.
 */
typedef struct waiter_t {
    struct waiter_t *next;
    sem_t turn; /* his alone, so that exactly he is woken */
    bool decided;
    orders_gate_e decision;
} waiter_t;

struct orders_gate_t {
    apr_thread_mutex_t *mutex; /**< over everything below; held for moments only */
    int places;                /**< as configured */
    int open;                  /**< of these, at present */
    int inside;
    apr_time_t widen_at; /**< when one more place is tried, while open < places */
    waiter_t *first, *last;
};

orders_gate_t *orders_gate_create(apr_pool_t *own, int places)
{
    orders_gate_t *gate = apr_pcalloc(own, sizeof *gate);

    gate->places = gate->open = places;
    return apr_thread_mutex_create(&gate->mutex, APR_THREAD_MUTEX_DEFAULT, own) == APR_SUCCESS
               ? gate
               : NULL;
}

static void queue(orders_gate_t *gate, waiter_t *waiter, bool first)
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

static void unqueue(orders_gate_t *gate, waiter_t *waiter)
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

/** Decides on the first of the queue and adds him to those who are to be woken. */
static void decide(orders_gate_t *gate, orders_gate_e decision, waiter_t **woken)
{
    waiter_t *waiter = gate->first;

    unqueue(gate, waiter);
    waiter->decided = true;
    waiter->decision = decision;
    waiter->next = *woken;
    *woken = waiter;
}

/**
 * A place is the next waiter's from the moment it is free: he is counted in before he wakes, so nobody overtakes. Returns
 * those who are to be woken, by wake, when the mutex is free again: woken earlier they would run into it.
 */
static waiter_t *admit(orders_gate_t *gate)
{
    waiter_t *woken = NULL;

    if (gate->open < gate->places && orders_clock_now() >= gate->widen_at) {
        gate->open++;
        gate->widen_at = orders_clock_now() + WIDEN_EVERY;
    }
    while (gate->first && gate->inside < gate->open) {
        gate->inside++;
        decide(gate, ORDERS_GATE_IN, &woken);
    }
    return woken;
}

static void unlock_and_wake(orders_gate_t *gate, waiter_t *woken)
{
    apr_thread_mutex_unlock(gate->mutex);
    while (woken) {
        waiter_t *next = woken->next;

        sem_post(&woken->turn); /* and he is gone */
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

/** For the post that follows a decision: it comes as soon as he who decided goes on. */
static void wait_for_post(waiter_t *waiter)
{
    while (sem_wait(&waiter->turn) && errno == EINTR) {
        /* a signal was not meant for him */
    }
}

/** When to look again: somebody has to see whether a further place may be tried. Under the mutex. */
static apr_time_t next_look(const orders_gate_t *gate, apr_time_t deadline)
{
    apr_time_t soon = orders_clock_now() + WIDEN_EVERY;

    return gate->open < gate->places && soon < deadline ? soon : deadline;
}

/** Called with the mutex, returns without it. */
static orders_gate_e wait_for_turn(orders_gate_t *gate, waiter_t *waiter, waiter_t *woken,
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
            unqueue(gate, waiter);
            unlock_and_wake(gate, woken);
            return ORDERS_GATE_LATE;
        }
    }
}

orders_gate_e orders_gate_enter(orders_gate_t *gate, apr_time_t deadline, bool first)
{
    orders_gate_e decision = ORDERS_GATE_IN;
    waiter_t *woken, waiter = {.next = NULL};

    apr_thread_mutex_lock(gate->mutex);
    woken = admit(gate);
    if (!gate->first && gate->inside < gate->open) {
        gate->inside++;
        unlock_and_wake(gate, woken);
    } else if (sem_init(&waiter.turn, 0, 0)) {
        unlock_and_wake(gate, woken);
        decision = ORDERS_GATE_LATE;
    } else {
        queue(gate, &waiter, first);
        decision = wait_for_turn(gate, &waiter, woken, deadline);
        sem_destroy(&waiter.turn);
    }
    return decision;
}

void orders_gate_leave(orders_gate_t *gate)
{
    apr_thread_mutex_lock(gate->mutex);
    gate->inside--;
    unlock_and_wake(gate, admit(gate));
}

void orders_gate_leave_narrowed(orders_gate_t *gate, int holders)
{
    apr_thread_mutex_lock(gate->mutex);
    gate->inside--;
    if (holders > 0) {
        gate->open = holders < gate->places ? holders : gate->places;
        gate->widen_at = orders_clock_now() + WIDEN_EVERY;
    }
    unlock_and_wake(gate, admit(gate));
}

void orders_gate_refuse_all(orders_gate_t *gate)
{
    waiter_t *woken = NULL;

    apr_thread_mutex_lock(gate->mutex);
    gate->open = gate->places;
    while (gate->first) {
        decide(gate, ORDERS_GATE_REFUSED, &woken);
    }
    unlock_and_wake(gate, woken);
}

int orders_gate_inside(orders_gate_t *gate)
{
    int inside;

    apr_thread_mutex_lock(gate->mutex);
    inside = gate->inside;
    apr_thread_mutex_unlock(gate->mutex);
    return inside;
}
