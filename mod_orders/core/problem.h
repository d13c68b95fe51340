/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Problems: the error type of the module.
 *
 * A function that can fail returns `orders_problem_t *`; NULL means success. A problem lives in the pool that the failing function was given. It states
 * what happened; each API renders it in its own error format.
 */
#ifndef ORDERS_CORE_PROBLEM_H
#define ORDERS_CORE_PROBLEM_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <stdbool.h>

#include "core/vocabulary.h"

typedef enum {
#define X(name, status) ORDERS_KIND_##name,
    ORDERS_KINDS(X)
#undef X
} orders_kind_e;

typedef enum {
#define X(number, code, kind, sentence) ORDERS_E_##code,
    ORDERS_ERRORS(X)
#undef X
        ORDERS_E__COUNT
} orders_error_e;

/** A refused field. */
typedef struct orders_field_error_t {
    const char *field;    /**< name as the client sent it */
    orders_error_e error; /**< its code */
    const char *message;  /**< a sentence */
} orders_field_error_t;

typedef struct orders_problem_t {
    orders_error_e error;
    const char *detail; /**< a sentence for the client, never NULL */
    const char *extra;  /**< JSON object text with members of this problem, or NULL */
    const char *log;    /**< text for the log only, such as a message of PostgreSQL, or NULL */
    char sqlstate[6];   /**< "" when PostgreSQL was not involved */
    int status;         /**< status that httpd has set; 0: the status of the error */
    int retry_after;    /**< seconds; 0: no Retry-After */
    bool quiet;         /**< counted in the log with others, not logged by itself */
    apr_array_header_t *fields; /**< of orders_field_error_t, or NULL */
} orders_problem_t;

#define ORDERS_MUSTCHECK __attribute__((warn_unused_result))

/** Returns the problem to the caller when there is one. */
#define ORDERS_TRY(expression)                                                                     \
    do {                                                                                           \
        orders_problem_t *orders_try_problem = (expression);                                       \
        if (orders_try_problem) {                                                                  \
            return orders_try_problem;                                                             \
        }                                                                                          \
    } while (0)

/** A problem with the standard message of the error, or with `detail` (not copied) if not NULL. */
orders_problem_t *orders_problem(apr_pool_t *pool, orders_error_e error, const char *detail);

/** A problem with the standard message of the error; `log` (not copied) is logged. */
orders_problem_t *orders_problem_logged(apr_pool_t *pool, orders_error_e error, const char *log);

/** Adds a refused field to `*problem`; creates an `invalid_fields` problem if it is NULL. Strings are not copied. */
void orders_problem_field(orders_problem_t **problem, apr_pool_t *pool, const char *field,
                          orders_error_e error, const char *message);

/** Adds the refused fields of `other` (may be NULL) to `*problem`. */
void orders_problem_merge(orders_problem_t **problem, apr_pool_t *pool,
                          const orders_problem_t *other);

/**
 * The names of the refused fields, separated by commas, for logs and headers: at most 20, of visible ASCII. NULL without any.
 * Never their values.
 */
const char *orders_problem_field_names(apr_pool_t *pool, const orders_problem_t *problem);

int orders_error_number(orders_error_e error);
const char *orders_error_code(orders_error_e error);
const char *orders_error_sentence(orders_error_e error);
orders_kind_e orders_error_kind(orders_error_e error);
int orders_kind_status(orders_kind_e kind);
/** HTTP status for APIs that define no statuses. */
int orders_problem_status(const orders_problem_t *problem);

/** The error with that code, or `fallback`. */
orders_error_e orders_error_by_code(const char *code, orders_error_e fallback);

#endif
