/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file core/clock.h
 * The clock of deadlines, pauses and ages within one machine. It never steps, so that setting the wall clock neither ends
 * a wait early nor prolongs it. It has no date: a time that is stored, sent or shown comes from apr_time_now().
 */
#ifndef ORDERS_CORE_CLOCK_H
#define ORDERS_CORE_CLOCK_H

#include <apr_time.h>
#include <time.h>

/** Microseconds since an arbitrary moment, the same for all processes of the machine; never decreases. */
static inline apr_time_t orders_clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return apr_time_from_sec(now.tv_sec) + now.tv_nsec / 1000;
}

#endif
