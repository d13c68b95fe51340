/* SPDX-License-Identifier: Apache-2.0 */
#include "core/trouble.h"

#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <string.h>

#include "core/clock.h"

#define SLOTS 64
#define SUBJECT_SIZE 64

typedef struct trouble_t {
    bool active;
    orders_error_e error;
    orders_level_e level;
    char subject[SUBJECT_SIZE];
    apr_time_t began, last, logged; /* of orders_clock_now() */
    unsigned long count;            /* occurrences */
    unsigned long unlogged;         /* occurrences since the last line */
    unsigned long left_out;         /* occurrences without a line since `began` */
} trouble_t;

struct orders_troubles_t {
    apr_thread_mutex_t *mutex; /* protects the slots */
    orders_log_t log;
    int active;                 /* atomic: number of active slots */
    apr_time_t quiet_at;        /* atomic: earliest time at which one may end */
    trouble_t slots[SLOTS + 1]; /* the last one: subjects that found no free slot */
};

/* Caller holds the mutex. */
static trouble_t *find(orders_troubles_t *troubles, orders_error_e error, const char *subject)
{
    for (int i = 0; i < SLOTS; i++) {
        trouble_t *one = &troubles->slots[i];
        if (one->active && one->error == error &&
            strncmp(one->subject, subject, SUBJECT_SIZE - 1) == 0) {
            return one;
        }
    }
    return NULL;
}

static trouble_t *begin(orders_troubles_t *troubles, orders_error_e error, const char *subject,
                        apr_time_t now)
{
    trouble_t *one = troubles->slots;
    while (one < troubles->slots + SLOTS && one->active) {
        one++;
    }
    if (!one->active) {
        *one = (trouble_t){.active = true, .error = error, .began = now};
        apr_cpystrn(one->subject, one == troubles->slots + SLOTS ? "others" : subject,
                    SUBJECT_SIZE);
        __atomic_add_fetch(&troubles->active, 1, __ATOMIC_RELAXED);
    }
    return one;
}

/* A single occurrence was logged already; no line for its end. */
static void end(orders_troubles_t *troubles, trouble_t *one)
{
    long ms = (long)apr_time_as_msec(one->last - one->began);
    if (one->count > 1 && one->error == ORDERS_TROUBLE_SLOW) {
        orders_log(&troubles->log, one->level,
                   "slow_statement - - %s: ended after %ld.%03ld s; %lu statements, %lu of them "
                   "not logged",
                   one->subject, ms / 1000, ms % 1000, one->count, one->left_out);
    } else if (one->count > 1) {
        orders_log(&troubles->log, one->level,
                   "ORD%04d %s - - %s: ended after %ld.%03ld s; %lu errors, %lu of them not logged",
                   orders_error_number(one->error), orders_error_code(one->error), one->subject,
                   ms / 1000, ms % 1000, one->count, one->left_out);
    }
    one->active = false;
    __atomic_sub_fetch(&troubles->active, 1, __ATOMIC_RELAXED);
}

static void set_quiet_at(orders_troubles_t *troubles)
{
    apr_time_t first = 0;
    for (int i = 0; i <= SLOTS; i++) {
        const trouble_t *one = &troubles->slots[i];
        if (one->active && (!first || one->last < first)) {
            first = one->last;
        }
    }
    __atomic_store_n(&troubles->quiet_at, first + ORDERS_TROUBLE_SILENCE, __ATOMIC_RELAXED);
}

static void end_silent(orders_troubles_t *troubles, apr_time_t now)
{
    for (int i = 0; i <= SLOTS; i++) {
        trouble_t *one = &troubles->slots[i];
        if (one->active && now - one->last >= ORDERS_TROUBLE_SILENCE) {
            end(troubles, one);
        }
    }
    set_quiet_at(troubles);
}

static apr_status_t end_all(void *data)
{
    orders_troubles_t *troubles = data;
    for (int i = 0; i <= SLOTS; i++) {
        if (troubles->slots[i].active) {
            end(troubles, &troubles->slots[i]);
        }
    }
    return APR_SUCCESS;
}

orders_troubles_t *orders_troubles_create(apr_pool_t *own, const orders_log_t *log)
{
    orders_troubles_t *troubles = apr_pcalloc(own, sizeof(*troubles));
    troubles->log = *log;
    if (apr_thread_mutex_create(&troubles->mutex, APR_THREAD_MUTEX_DEFAULT, own) != APR_SUCCESS) {
        return NULL;
    }
    apr_pool_cleanup_register(own, troubles, end_all, apr_pool_cleanup_null);
    return troubles;
}

/* Caller holds the mutex. Counts an occurrence; tells whether to log it and how many were not logged before. */
static bool count(orders_troubles_t *troubles, orders_level_e level, orders_error_e error,
                  const char *subject, unsigned long *unlogged)
{
    apr_time_t now = orders_clock_now();
    end_silent(troubles, now);
    trouble_t *one = find(troubles, error, subject);
    if (!one) {
        one = begin(troubles, error, subject, now);
    }
    *unlogged = 0;
    one->last = now;
    one->level = level;
    one->count++;
    set_quiet_at(troubles);
    if (one->count > 1 && now - one->logged < ORDERS_TROUBLE_INTERVAL) {
        one->unlogged++;
        one->left_out++;
        return false;
    }
    *unlogged = one->unlogged;
    one->unlogged = 0;
    one->logged = now;
    return true;
}

void orders_trouble_count(const orders_log_t *log, orders_level_e level, orders_error_e error,
                          const char *subject, const char *line)
{
    orders_troubles_t *troubles = log ? log->troubles : NULL;
    unsigned long unlogged = 0;
    bool written = true;
    if (troubles) {
        apr_thread_mutex_lock(troubles->mutex);
        written = count(troubles, level, error, subject, &unlogged);
        apr_thread_mutex_unlock(troubles->mutex);
    }
    if (unlogged) {
        orders_log(log, level, "%s (and %lu more not logged)", line, unlogged);
    } else {
        orders_log(log, written ? level : ORDERS_LOG_DEBUG, "%s", line);
    }
}

void orders_trouble_log(const orders_log_t *log, orders_level_e level, orders_error_e error,
                        const char *subject, const char *line)
{
    if (orders_error_kind(error) == ORDERS_KIND_UNAVAILABLE) {
        orders_trouble_count(log, level, error, subject, line);
    } else {
        orders_log(log, level, "%s", line);
    }
}

void orders_trouble_passed(const orders_log_t *log, orders_error_e error, const char *subject)
{
    orders_troubles_t *troubles = log ? log->troubles : NULL;
    if (!troubles || !__atomic_load_n(&troubles->active, __ATOMIC_RELAXED)) {
        return;
    }
    apr_thread_mutex_lock(troubles->mutex);
    trouble_t *one = find(troubles, error, subject);
    if (one && orders_clock_now() - one->last >= ORDERS_TROUBLE_CALM) {
        end(troubles, one);
    }
    apr_thread_mutex_unlock(troubles->mutex);
}

void orders_troubles_review(const orders_log_t *log)
{
    orders_troubles_t *troubles = log ? log->troubles : NULL;
    if (!troubles || !__atomic_load_n(&troubles->active, __ATOMIC_RELAXED) ||
        orders_clock_now() < __atomic_load_n(&troubles->quiet_at, __ATOMIC_RELAXED)) {
        return;
    }
    apr_thread_mutex_lock(troubles->mutex);
    end_silent(troubles, orders_clock_now());
    apr_thread_mutex_unlock(troubles->mutex);
}
