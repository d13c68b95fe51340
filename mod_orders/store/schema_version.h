/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The version of the database's schema, and whether this module may run statements against it (docs/upgrading.md).
 *
 * One orders_schema_t per database and process, shared by its threads. The version is read on each new connection before its
 * first statement, and again after a statement named an object that the schema lacks. While the version is outside of the range,
 * statements are refused, and one caller a second reads it again. Safe for all threads.
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
 * The numbers of orders_v1.schema_version() that this module accepts. The hundreds name the oldest schema of functions that is complete
 * in the database (100: orders_v1), and grow only when that schema is removed: so the module accepts the versions of later releases.
 */
#define ORDERS_SCHEMA_OLDEST 100
#define ORDERS_SCHEMA_NEWEST 199

/** Pause between two reads of a version that does not fit, and between two doubts. */
#define ORDERS_SCHEMA_PAUSE apr_time_from_sec(1)

typedef struct orders_schema_t orders_schema_t;

/** Reads the version: one row with the number as text, NULL where the schema has none. */
extern const char orders_schema_query[];

/** Lives in `own`. `log`: where the versions that were found are logged. */
orders_schema_t *orders_schema_create(apr_pool_t *own, const orders_log_t *log);

/**
 * Whether a statement may ask for a session. false: the version did not fit less than ORDERS_SCHEMA_PAUSE ago, or another
 * caller reads it now.
 */
bool orders_schema_admits(orders_schema_t *schema, apr_time_t now);

/** Whether the version must be read on this connection before anything else. */
bool orders_schema_is_due(const orders_schema_t *schema, const PGconn *connection);

/** Whether an error of the query says that the schema has no version that can be read. */
bool orders_schema_is_missing(apr_pool_t *pool, const PGresult *error);

/**
 * Takes what the query returned on the connection: the number, NULL, or an error that orders_schema_is_missing. Logs a version that
 * is not the last one that was found. Returns whether the version fits.
 */
bool orders_schema_judge(orders_schema_t *schema, PGconn *connection, const PGresult *result);

/** A statement named an object that the schema lacks: read the version again before the next one. */
void orders_schema_doubt(orders_schema_t *schema, apr_time_t now);

/** The refusal while the version does not fit. */
orders_problem_t *orders_schema_problem(const orders_schema_t *schema, apr_pool_t *pool);

#endif
