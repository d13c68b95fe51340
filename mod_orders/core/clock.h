/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file core/clock.h
 * The monotonic clock, for deadlines, intervals and ages. Setting the system time does not affect it. It has no date: times that are
 * stored, sent or shown come from apr_time_now().
 */
#ifndef ORDERS_CORE_CLOCK_H
#define ORDERS_CORE_CLOCK_H

#include <apr_time.h>
#include <time.h>

/** Microseconds since an arbitrary point in time that all processes of the machine share. Never decreases. */
static inline apr_time_t orders_clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return apr_time_from_sec(now.tv_sec) + now.tv_nsec / 1000;
}

/** The timeout in seconds, rounded up. */
static inline int orders_clock_seconds(int milliseconds)
{
    return (milliseconds + 999) / 1000;
}

#endif
