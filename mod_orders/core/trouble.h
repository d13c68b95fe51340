/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Trouble that repeats: a database that is down, a provider that does not answer. Thousands of requests meet it, and the
 * log tells when it began, every some seconds how often it came since, and when it was over.
 *
 * Kept for each process. A trouble is known by its error and its subject, a word or a channel's name. It is over when it
 * has not come for ORDERS_TROUBLE_SILENCE, or when orders_trouble_passed says so. Safe for all threads.
 */
#ifndef ORDERS_CORE_TROUBLE_H
#define ORDERS_CORE_TROUBLE_H

#include <apr_pools.h>

#include "core/log.h"
#include "core/problem.h"

typedef struct orders_troubles_t orders_troubles_t; /* orders_log_t.troubles */

/** A trouble that goes on is logged again after so long, and is over after the same time without it. */
#define ORDERS_TROUBLE_INTERVAL apr_time_from_sec(10)
#define ORDERS_TROUBLE_SILENCE apr_time_from_sec(10)
/** orders_trouble_passed believes a success after so long without a failure. */
#define ORDERS_TROUBLE_CALM apr_time_from_sec(2)

/** Lives as long as `own`, at whose end all troubles are over. `log`: where their ends are written. NULL: no mutex left. */
orders_troubles_t *orders_troubles_create(apr_pool_t *own, const orders_log_t *log);

/** Whether errors of this kind repeat: those that tell of a state of something, not of one request. */
bool orders_trouble_repeats(orders_error_e error);

/**
 * Writes `line` to `log` at `level` when it is the first of its trouble or the first after ORDERS_TROUBLE_INTERVAL, then
 * with how many were left out; otherwise at debug. Everything when `log` has no troubles.
 */
void orders_trouble_log(const orders_log_t *log, orders_level_e level, orders_error_e error,
                        const char *subject, const char *line);

/** What had this trouble works again. */
void orders_trouble_passed(const orders_log_t *log, orders_error_e error, const char *subject);

/** Ends what has not come for ORDERS_TROUBLE_SILENCE. To be called often; usually it reads one atomic number. */
void orders_troubles_review(const orders_log_t *log);

#endif
