/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlstate.h"

#include <apr_strings.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* The SQLSTATE class of refusals by functions of orders_v1: OR400 … OR429. */
#define REFUSAL "OR"

/* Seconds for Retry-After. */
#define SOON 1
#define LATER 5

/* Of class 22, only exceptions that a client's value can cause are errors of the client. Others, such as a division by zero, are errors of
   the SQL functions: database_error, like every state that is not listed. */
static const struct {
    const char *prefix; /* of the SQLSTATE; the first matching row is used */
    orders_error_e error;
    int retry_after;
} mappings[] = {
    {"22001", ORDERS_E_invalid_field, 0},          /* string too long */
    {"22003", ORDERS_E_invalid_field, 0},          /* number out of range */
    {"22007", ORDERS_E_invalid_field, 0},          /* invalid datetime format */
    {"22008", ORDERS_E_invalid_field, 0},          /* datetime field overflow */
    {"22009", ORDERS_E_invalid_field, 0},          /* invalid time zone displacement */
    {"22021", ORDERS_E_invalid_field, 0},          /* character not in the encoding */
    {"22P02", ORDERS_E_invalid_field, 0},          /* invalid text representation */
    {"22P05", ORDERS_E_invalid_field, 0},          /* untranslatable character */
    {"55P03", ORDERS_E_busy, SOON},                /* lock_not_available */
    {"57014", ORDERS_E_statement_timeout, LATER},  /* query_canceled */
    {"53", ORDERS_E_database_unavailable, LATER},  /* insufficient resources */
    {"08", ORDERS_E_database_unavailable, LATER},  /* connection exceptions */
    {"57P", ORDERS_E_database_unavailable, LATER}, /* shutdown, cannot connect now */
    {"40", ORDERS_E_serialization_failed, SOON},   /* transaction rollback */
    {"42883", ORDERS_E_schema_mismatch, 0},        /* undefined function */
    {"42P01", ORDERS_E_schema_mismatch, 0},        /* undefined table */
    {"42703", ORDERS_E_schema_mismatch, 0},        /* undefined column */
    {"42704", ORDERS_E_schema_mismatch, 0},        /* undefined object */
    {"42725", ORDERS_E_schema_mismatch, 0},        /* ambiguous function */
    {"42804", ORDERS_E_schema_mismatch, 0},        /* datatype mismatch */
    {"3F000", ORDERS_E_schema_mismatch, 0},        /* invalid schema name */
    {"42501", ORDERS_E_schema_mismatch, 0},        /* insufficient privilege */
};

static const char not_storable[] = "A value cannot be stored.";

/* The error for a refusal with an unknown code, from a schema that is newer than the module. */
static const struct {
    const char *sqlstate;
    orders_error_e error;
} classes[] = {
    {"OR400", ORDERS_E_malformed_request}, {"OR402", ORDERS_E_insufficient_balance},
    {"OR403", ORDERS_E_forbidden},         {"OR404", ORDERS_E_not_found},
    {"OR409", ORDERS_E_order_not_payable}, {"OR412", ORDERS_E_version_mismatch},
    {"OR422", ORDERS_E_invalid_field},     {"OR429", ORDERS_E_too_many_requests},
};

const char *orders_sqlstate_of(const PGresult *error)
{
    const char *sqlstate = error ? PQresultErrorField(error, PG_DIAG_SQLSTATE) : NULL;
    return sqlstate ? sqlstate : "";
}

/*
 * PostgreSQL may raise an internal error when a transaction updates a row that others have locked while an earlier update of the row rolls back:
 * the earlier transaction is marked as aborted before it is removed from the list of running transactions. Internal errors have one SQLSTATE, and
 * their messages are not translated.
 */
#define TWO_UPDATERS "new multixact has more than one updating member"

static bool is_rollback_race(const PGresult *error)
{
    const char *message = error ? PQresultErrorField(error, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    return strcmp(orders_sqlstate_of(error), "XX000") == 0 && message &&
           strncmp(message, TWO_UPDATERS, strlen(TWO_UPDATERS)) == 0;
}

bool orders_sqlstate_is_transient(const PGresult *error)
{
    const char *sqlstate = orders_sqlstate_of(error);
    return strcmp(sqlstate, "40001") == 0 || strcmp(sqlstate, "40P01") == 0 ||
           is_rollback_race(error);
}

bool orders_sqlstate_is_unknown_outcome(const char *sqlstate)
{
    return strcmp(sqlstate, "40003") == 0 || strcmp(sqlstate, "08007") == 0;
}

bool orders_sqlstate_is_read_only(const char *sqlstate)
{
    return strcmp(sqlstate, "25006") == 0;
}

static const char *copy_field(apr_pool_t *pool, const PGresult *error, int field)
{
    const char *value = PQresultErrorField(error, field);
    return value && *value ? apr_pstrdup(pool, value) : NULL;
}

static orders_error_e class_error(const char *sqlstate)
{
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        if (strcmp(classes[i].sqlstate, sqlstate) == 0) {
            return classes[i].error;
        }
    }
    return ORDERS_E_database_error;
}

static int retry_after_of(const json_t *extras)
{
    json_int_t seconds = json_integer_value(json_object_get(extras, "retry_after"));
    return seconds > 0 && seconds <= INT_MAX ? (int)seconds : LATER;
}

static const char *object_text(apr_pool_t *pool, const json_t *object)
{
    char *text = json_is_object(object) ? json_dumps(object, JSON_COMPACT) : NULL;
    const char *copy = text ? apr_pstrdup(pool, text) : NULL;
    free(text);
    return copy;
}

/* HINT is a JSON object with the optional members `field` and `extras`. Other members are ignored. */
static void read_hint(orders_problem_t *problem, apr_pool_t *pool, const char *hint)
{
    json_t *object = hint ? json_loads(hint, 0, NULL) : NULL;
    const json_t *extras = json_object_get(object, "extras");
    const char *field = json_string_value(json_object_get(object, "field"));
    problem->extra = object_text(pool, extras);
    if (problem->error == ORDERS_E_too_many_requests) {
        problem->retry_after = retry_after_of(extras);
    }
    if (field && *field) {
        orders_problem_field(&problem, pool, apr_pstrdup(pool, field), problem->error,
                             problem->detail);
    }
    json_decref(object);
}

/* MESSAGE is the error code, DETAIL the sentence, HINT a JSON object. A server that forwards an error (Citus) keeps no other field. */
static orders_problem_t *refusal(apr_pool_t *pool, const PGresult *error, const char *sqlstate)
{
    const char *name = PQresultErrorField(error, PG_DIAG_MESSAGE_PRIMARY);
    orders_error_e code = orders_error_by_code(name ? name : "", class_error(sqlstate));
    orders_problem_t *problem =
        orders_problem(pool, code, copy_field(pool, error, PG_DIAG_MESSAGE_DETAIL));
    problem->retry_after = code == ORDERS_E_idempotency_in_flight ? SOON : 0;
    read_hint(problem, pool, PQresultErrorField(error, PG_DIAG_MESSAGE_HINT));
    return problem;
}

/* Whether the error is the timeout of a wait for a request with the same idempotency key. CONTEXT names the function. */
static bool waited_for_same_key(const PGresult *error, const char *sqlstate)
{
    const char *context = PQresultErrorField(error, PG_DIAG_CONTEXT);
    return strcmp(sqlstate, "55P03") == 0 && context && strstr(context, "claim_key");
}

static orders_problem_t *map_sqlstate(apr_pool_t *pool, const PGresult *error, const char *sqlstate)
{
    if (waited_for_same_key(error, sqlstate)) {
        orders_problem_t *in_flight = orders_problem(pool, ORDERS_E_idempotency_in_flight, NULL);
        in_flight->retry_after = SOON;
        return in_flight;
    }
    if (is_rollback_race(error)) {
        sqlstate = "40001"; /* with the same effect */
    }
    for (size_t i = 0; i < sizeof(mappings) / sizeof(mappings[0]); i++) {
        if (strncmp(mappings[i].prefix, sqlstate, strlen(mappings[i].prefix)) == 0) {
            orders_error_e code = mappings[i].error;
            orders_problem_t *problem =
                orders_problem(pool, code, code == ORDERS_E_invalid_field ? not_storable : NULL);
            problem->retry_after = mappings[i].retry_after;
            return problem;
        }
    }
    return orders_problem(pool, ORDERS_E_database_error, NULL);
}

orders_problem_t *orders_sqlstate_problem(apr_pool_t *pool, const PGresult *error)
{
    const char *sqlstate = orders_sqlstate_of(error);
    orders_problem_t *problem;
    if (strncmp(sqlstate, REFUSAL, strlen(REFUSAL)) == 0) {
        problem = refusal(pool, error, sqlstate);
    } else {
        problem = map_sqlstate(pool, error, sqlstate);
        problem->log = copy_field(pool, error, PG_DIAG_MESSAGE_PRIMARY);
    }
    apr_cpystrn(problem->sqlstate, sqlstate, sizeof(problem->sqlstate));
    return problem;
}
