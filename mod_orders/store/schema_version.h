/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The version of the database schema, and whether this module may run statements against it (docs/upgrading.md).
 *
 * There is one orders_schema_t per connection pool and process. The version is read on each new connection before its first statement,
 * and again after a statement has named an object that the schema lacks. While the version is outside of the range, statements are
 * refused, and one caller per second reads the version again. Any thread may call.
 */
#ifndef ORDERS_STORE_SCHEMA_VERSION_H
#define ORDERS_STORE_SCHEMA_VERSION_H

#include <apr_pools.h>
#include <apr_time.h>
#include <libpq-fe.h>
#include <stdbool.h>

#include "core/log.h"
#include "core/problem.h"

/**
 * The numbers of orders_v1.schema_version() that this module accepts. The hundreds digit is the number of the oldest schema of functions
 * that is complete in the database: 100 to 199 for orders_v1. It changes only when that schema is removed. All higher numbers with the
 * same digit belong to later releases, which this module can use.
 */
#define ORDERS_SCHEMA_OLDEST 101
#define ORDERS_SCHEMA_NEWEST 199

/** The number of a schema without a version. */
#define ORDERS_SCHEMA_NONE 0

/** Minimum time between two reads of an unsupported version, and between two calls of orders_schema_recheck that have an effect. */
#define ORDERS_SCHEMA_PAUSE apr_time_from_sec(1)

typedef struct orders_schema_t orders_schema_t;

/** The query of the version: one row with the number as text, or NULL. */
extern const char orders_schema_query[];

/** Lives as long as `own`. A copy of `log` is used to log the versions that are found. */
orders_schema_t *orders_schema_create(apr_pool_t *own, const orders_log_t *log);

/**
 * Whether a statement may acquire a session. False: the version was found unsupported less than ORDERS_SCHEMA_PAUSE ago, or another
 * caller is reading it again.
 */
bool orders_schema_may_acquire(orders_schema_t *schema, apr_time_t now);

/** Whether the version must be read on this connection before the next statement. */
bool orders_schema_needs_check(const orders_schema_t *schema, const PGconn *connection);

/** Whether an error of the query means that the schema has no readable version. */
bool orders_schema_is_missing(apr_pool_t *pool, const PGresult *error);

/**
 * Evaluates the result of the query on this connection: a number, NULL, or an error for which orders_schema_is_missing is true. Logs the
 * version when it has changed. Returns whether the version is supported.
 */
bool orders_schema_check(orders_schema_t *schema, PGconn *connection, const PGresult *result);

/** The number in a result of the query, or ORDERS_SCHEMA_NONE. */
int orders_schema_number(const PGresult *result);

/** Whether this module accepts the number. */
bool orders_schema_accepts(int number);

/** The number that was found last; negative: it was not read. */
int orders_schema_found(const orders_schema_t *schema);

/** Call it when the version may have changed, as after a statement has named an object that the schema lacks: the next statement reads it again. */
void orders_schema_recheck(orders_schema_t *schema, apr_time_t now);

/** `schema_version_unsupported`, in `pool`. */
orders_problem_t *orders_schema_problem(const orders_schema_t *schema, apr_pool_t *pool);

#endif
