/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/gate.h"

#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>

#define WIDEN_EVERY apr_time_from_sec(1)

/** One who waits. Owned by the gate and used again; the condition is his alone, so that exactly he is woken. */
typedef struct waiter_t {
    struct waiter_t *next;
    apr_thread_cond_t *turn;
    bool decided;
    orders_gate_e decision;
} waiter_t;

struct orders_gate_t {
    apr_pool_t *pool;          /**< used under the mutex */
    apr_thread_mutex_t *mutex; /**< over everything below; held for moments only */
    int places;                /**< as configured */
    int open;                  /**< of these, at present */
    int inside;
    apr_time_t widen_at; /**< when one more place is tried, while open < places */
    waiter_t *first, *last;
    waiter_t *spare;
};

orders_gate_t *orders_gate_create(apr_pool_t *pool, int places)
{
    orders_gate_t *gate = apr_pcalloc(pool, sizeof *gate);

    gate->pool = pool;
    gate->places = gate->open = places;
    return apr_thread_mutex_create(&gate->mutex, APR_THREAD_MUTEX_DEFAULT, pool) == APR_SUCCESS
               ? gate
               : NULL;
}

static waiter_t *take_waiter(orders_gate_t *gate)
{
    waiter_t *waiter = gate->spare;

    if (waiter) {
        gate->spare = waiter->next;
    } else {
        waiter = apr_pcalloc(gate->pool, sizeof *waiter);
        if (apr_thread_cond_create(&waiter->turn, gate->pool) != APR_SUCCESS) {
            return NULL;
        }
    }
    waiter->next = NULL;
    waiter->decided = false;
    return waiter;
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

static void decide(orders_gate_t *gate, orders_gate_e decision)
{
    waiter_t *waiter = gate->first;

    unqueue(gate, waiter);
    waiter->decided = true;
    waiter->decision = decision;
    apr_thread_cond_signal(waiter->turn);
}

/** A place is the next waiter's from the moment it is free: he is counted in before he wakes, so nobody overtakes. */
static void admit(orders_gate_t *gate)
{
    if (gate->open < gate->places && apr_time_now() >= gate->widen_at) {
        gate->open++;
        gate->widen_at = apr_time_now() + WIDEN_EVERY;
    }
    while (gate->first && gate->inside < gate->open) {
        gate->inside++;
        decide(gate, ORDERS_GATE_IN);
    }
}

static orders_gate_e wait_for_turn(orders_gate_t *gate, waiter_t *waiter, apr_time_t deadline)
{
    while (!waiter->decided) {
        apr_interval_time_t left = deadline - apr_time_now();

        if (left <= 0) {
            unqueue(gate, waiter);
            return ORDERS_GATE_LATE;
        }
        if (gate->open < gate->places && left > WIDEN_EVERY) {
            left = WIDEN_EVERY; /* somebody has to look whether a further place may be tried */
        }
        apr_thread_cond_timedwait(waiter->turn, gate->mutex, left);
        admit(gate);
    }
    return waiter->decision;
}

orders_gate_e orders_gate_enter(orders_gate_t *gate, apr_time_t deadline, bool first)
{
    orders_gate_e decision = ORDERS_GATE_LATE;
    waiter_t *waiter;

    apr_thread_mutex_lock(gate->mutex);
    admit(gate);
    if (!gate->first && gate->inside < gate->open) {
        gate->inside++;
        decision = ORDERS_GATE_IN;
    } else if ((waiter = take_waiter(gate))) {
        queue(gate, waiter, first);
        decision = wait_for_turn(gate, waiter, deadline);
        waiter->next = gate->spare;
        gate->spare = waiter;
    }
    apr_thread_mutex_unlock(gate->mutex);
    return decision;
}

void orders_gate_leave(orders_gate_t *gate)
{
    apr_thread_mutex_lock(gate->mutex);
    gate->inside--;
    admit(gate);
    apr_thread_mutex_unlock(gate->mutex);
}

void orders_gate_leave_narrowed(orders_gate_t *gate, int *others)
{
    apr_thread_mutex_lock(gate->mutex);
    *others = --gate->inside;
    if (*others > 0) {
        gate->open = *others;
        gate->widen_at = apr_time_now() + WIDEN_EVERY;
    }
    admit(gate);
    apr_thread_mutex_unlock(gate->mutex);
}

void orders_gate_refuse_all(orders_gate_t *gate)
{
    apr_thread_mutex_lock(gate->mutex);
    while (gate->first) {
        decide(gate, ORDERS_GATE_REFUSED);
    }
    apr_thread_mutex_unlock(gate->mutex);
}

int orders_gate_inside(orders_gate_t *gate)
{
    int inside;

    apr_thread_mutex_lock(gate->mutex);
    inside = gate->inside;
    apr_thread_mutex_unlock(gate->mutex);
    return inside;
}
