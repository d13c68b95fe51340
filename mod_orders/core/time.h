/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Time as text: ISO 8601, always UTC when written. Instants are microseconds since 1970 (apr_time_t).
 */
#ifndef ORDERS_CORE_TIME_H
#define ORDERS_CORE_TIME_H

#include <apr_pools.h>
#include <apr_time.h>
#include <stdbool.h>

#include "core/problem.h"

/** Room for any instant that can be written, and a NUL. */
#define ORDERS_TIME_SIZE 32

/**
 * Writes 2026-11-21T10:00:00Z, or with six decimals, without a NUL; returns the length. 0 for a time outside the
 * years 1 to 9999, such as PostgreSQL's infinity.
 */
apr_size_t orders_time_write(char *out, apr_time_t time, bool micros);

/** The same in `pool`, or NULL. */
const char *orders_time_text(apr_pool_t *pool, apr_time_t time, bool micros);

/**
 * Reads an instant: 2026-11-21T10:00[:00[.123456]](Z|±hh:mm). Decimals beyond the sixth are cut off. False: anything else,
 * such as a time without an offset or a date alone, dates that do not exist, and offsets beyond 15:59, which PostgreSQL refuses.
 */
bool orders_time_parse(const char *text, apr_time_t *time) ORDERS_MUSTCHECK;

/** Parses a date, 2026-11-21, as midnight UTC. The database converts it to a day of the tenant's time zone. */
bool orders_date_parse(const char *text, apr_time_t *time) ORDERS_MUSTCHECK;

/** Whole seconds since 1970, rounded down. */
int64_t orders_time_unix(apr_time_t time);

#endif
