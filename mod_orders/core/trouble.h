/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Aggregated logging of repeated errors, such as a database that is down or a provider that does not reply. The log has the start of the trouble,
 * its count at intervals, and its end, instead of a line per request.
 *
 * State is per process. A trouble is identified by its error and its subject: a fixed name, or the name of a channel. It ends when it has not occurred for
 * ORDERS_TROUBLE_SILENCE, or by orders_trouble_passed(). Thread-safe.
 */
#ifndef ORDERS_CORE_TROUBLE_H
#define ORDERS_CORE_TROUBLE_H

#include <apr_pools.h>

#include "core/log.h"
#include "core/problem.h"

typedef struct orders_troubles_t orders_troubles_t; /* orders_log_t.troubles */

/** Interval of the lines about a trouble that continues. It ends after the same time without an occurrence. */
#define ORDERS_TROUBLE_INTERVAL apr_time_from_sec(10)
#define ORDERS_TROUBLE_SILENCE apr_time_from_sec(10)
/** orders_trouble_passed() ends a trouble only after this time without an occurrence. */
#define ORDERS_TROUBLE_CALM apr_time_from_sec(2)

/** Lives as long as the pool `own`, with which all troubles end. `log`: receives the lines about their ends. NULL: no mutex available. */
orders_troubles_t *orders_troubles_create(apr_pool_t *own, const orders_log_t *log);

/** Instead of an error: a database statement took long. The subject is the route. */
#define ORDERS_TROUBLE_SLOW ORDERS_E__COUNT

/**
 * Logs `line` at `level` if it is the first occurrence or the first after ORDERS_TROUBLE_INTERVAL, with the number of omitted lines;
 * otherwise at debug. Without `log->troubles`, every line is logged. While too many subjects are in trouble, the others are counted as one
 * subject, `others`.
 */
void orders_trouble_count(const orders_log_t *log, orders_level_e level, orders_error_e error,
                          const char *subject, const char *line);

/** The same for an error that reports the state of a system (ORDERS_KIND_UNAVAILABLE). A fault of one request or one item is always logged. */
void orders_trouble_log(const orders_log_t *log, orders_level_e level, orders_error_e error,
                        const char *subject, const char *line);

/** Reports a success of the subject. */
void orders_trouble_passed(const orders_log_t *log, orders_error_e error, const char *subject);

/** Ends troubles that have not occurred for ORDERS_TROUBLE_SILENCE. Called with each request; it usually reads only one atomic variable. */
void orders_troubles_review(const orders_log_t *log);

#endif
