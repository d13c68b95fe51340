/* SPDX-License-Identifier: Apache-2.0 */
#include "store/schema_version.h"

#include <apr_strings.h>
#include <stdlib.h>

#include "core/clock.h"
#include "metrics/metrics.h"
#include "store/session.h"
#include "store/sqlstate.h"

/* Seconds of Retry-After. */
#define RETRY_SECONDS 5

/* orders_schema_t.found before the version was read. */
#define NOT_READ (-1)

#define FOUND_SIZE 256

typedef enum { UNKNOWN, SUPPORTED, UNSUPPORTED } state_e;

struct orders_schema_t {
    orders_log_t log;
    int state;           /* atomic: state_e */
    int found;           /* atomic: the last number */
    apr_time_t asked_at; /* atomic: when a read was last started or requested */
};

const char orders_schema_query[] = "SELECT orders_v1.schema_version()::text";

orders_schema_t *orders_schema_create(apr_pool_t *own, const orders_log_t *log)
{
    orders_schema_t *schema = apr_pcalloc(own, sizeof(*schema));
    schema->log = *log;
    schema->found = NOT_READ;
    return schema;
}

/* Whether this caller may read the version: one caller in each ORDERS_SCHEMA_PAUSE. */
static bool may_read(orders_schema_t *schema, apr_time_t now)
{
    apr_time_t asked_at = __atomic_load_n(&schema->asked_at, __ATOMIC_RELAXED);
    return now - asked_at >= ORDERS_SCHEMA_PAUSE &&
           __atomic_compare_exchange_n(&schema->asked_at, &asked_at, now, false, __ATOMIC_RELAXED,
                                       __ATOMIC_RELAXED);
}

bool orders_schema_may_acquire(orders_schema_t *schema, apr_time_t now)
{
    return __atomic_load_n(&schema->state, __ATOMIC_RELAXED) != UNSUPPORTED ||
           may_read(schema, now);
}

bool orders_schema_needs_check(const orders_schema_t *schema, const PGconn *connection)
{
    return __atomic_load_n(&schema->state, __ATOMIC_RELAXED) != SUPPORTED ||
           !orders_session_has(connection, schema);
}

bool orders_schema_is_missing(apr_pool_t *pool, const PGresult *error)
{
    return orders_sqlstate_problem(pool, error)->error == ORDERS_E_schema_mismatch;
}

/* Logs an unsupported version. `found`: the version in the database; `remedy`: the part that must be upgraded. */
static void report_unsupported(const orders_schema_t *schema, const char *found, const char *remedy)
{
    orders_log(&schema->log, ORDERS_LOG_ERROR,
               "ORD%04d %s - - schema: the database has %s; mod_orders " ORDERS_VERSION
               " accepts versions %d to %d. Requests are refused until the %s is upgraded",
               orders_error_number(ORDERS_E_schema_version_unsupported),
               orders_error_code(ORDERS_E_schema_version_unsupported), found, ORDERS_SCHEMA_OLDEST,
               ORDERS_SCHEMA_NEWEST, remedy);
}

static void report(const orders_schema_t *schema, int number, const PGresult *result)
{
    char found[FOUND_SIZE];
    const char *cause = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (number == ORDERS_SCHEMA_NONE) {
        (void)apr_snprintf(found, sizeof(found), "no version of the schema (%s)",
                           cause ? cause : "no functions are installed");
    } else {
        (void)apr_snprintf(found, sizeof(found), "version %d of the schema", number);
    }
    if (number < ORDERS_SCHEMA_OLDEST) {
        report_unsupported(schema, found, "schema");
    } else if (number > ORDERS_SCHEMA_NEWEST) {
        report_unsupported(schema, found, "module");
    } else {
        orders_log(&schema->log, ORDERS_LOG_NOTICE,
                   "schema: the database has %s; mod_orders " ORDERS_VERSION
                   " accepts versions %d to %d",
                   found, ORDERS_SCHEMA_OLDEST, ORDERS_SCHEMA_NEWEST);
    }
}

int orders_schema_number(const PGresult *result)
{
    bool row = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1 &&
               !PQgetisnull(result, 0, 0);
    return row ? atoi(PQgetvalue(result, 0, 0)) : ORDERS_SCHEMA_NONE;
}

bool orders_schema_accepts(int number)
{
    return number >= ORDERS_SCHEMA_OLDEST && number <= ORDERS_SCHEMA_NEWEST;
}

int orders_schema_found(const orders_schema_t *schema)
{
    return __atomic_load_n(&schema->found, __ATOMIC_RELAXED);
}

bool orders_schema_check(orders_schema_t *schema, PGconn *connection, const PGresult *result)
{
    int number = orders_schema_number(result);
    bool supported = orders_schema_accepts(number);
    orders_metrics_schema_version(number);
    if (__atomic_exchange_n(&schema->found, number, __ATOMIC_RELAXED) != number) {
        report(schema, number, result);
    }
    if (supported) {
        orders_session_remember(connection, schema);
    } else {
        __atomic_store_n(&schema->asked_at, orders_clock_now(), __ATOMIC_RELAXED);
    }
    __atomic_store_n(&schema->state, supported ? SUPPORTED : UNSUPPORTED, __ATOMIC_RELAXED);
    return supported;
}

void orders_schema_recheck(orders_schema_t *schema, apr_time_t now)
{
    int expected = SUPPORTED;
    if (__atomic_load_n(&schema->state, __ATOMIC_RELAXED) == SUPPORTED && may_read(schema, now)) {
        (void)__atomic_compare_exchange_n(&schema->state, &expected, UNKNOWN, false,
                                          __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    }
}

orders_problem_t *orders_schema_problem(const orders_schema_t *schema, apr_pool_t *pool)
{
    orders_problem_t *problem =
        orders_problem_logged(pool, ORDERS_E_schema_version_unsupported,
                              apr_psprintf(pool, "the schema has version %d",
                                           __atomic_load_n(&schema->found, __ATOMIC_RELAXED)));
    problem->retry_after = RETRY_SECONDS;
    return problem;
}
