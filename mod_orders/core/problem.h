/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Problems: the one result that travels up.
 *
 * A function that can fail returns `orders_problem_t *`: NULL when all went well. Problems live in the pool that was
 * given to the failing function (the request's). They say what happened; how an API says it is the dialect's business.
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
#define X(number, word, kind, sentence) ORDERS_E_##word,
    ORDERS_ERRORS(X)
#undef X
        ORDERS_E__COUNT
} orders_error_e;

/** One field that was refused. */
typedef struct orders_field_error_t {
    const char *field;    /**< the name as the client wrote it */
    orders_error_e error; /**< its code */
    const char *message;  /**< a sentence */
} orders_field_error_t;

typedef struct orders_problem_t {
    orders_error_e error;
    const char *detail; /**< a sentence for the client, never NULL */
    const char *extra;  /**< JSON object text with members of this problem, or NULL */
    const char *log;    /**< what only the log may see (a server's message), or NULL */
    char sqlstate[6];   /**< "" when PostgreSQL was not involved */
    int status;         /**< httpd's, where it refused by itself; 0: the error's own */
    int retry_after;    /**< seconds, 0 when a retry would not help */
    bool quiet;         /**< one of many, which the log has as a count: no line of its own */
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

/** A problem with the error's own sentence, or with `detail` (not copied) when that is not NULL. */
orders_problem_t *orders_problem(apr_pool_t *pool, orders_error_e error, const char *detail);

/** A problem with the error's own sentence; `log` (not copied) tells the log what was wrong. */
orders_problem_t *orders_problem_logged(apr_pool_t *pool, orders_error_e error, const char *log);

/** Adds a refused field to `*problem`, making an `invalid_fields` problem when that is NULL. Strings are not copied. */
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
const char *orders_error_word(orders_error_e error);
const char *orders_error_sentence(orders_error_e error);
orders_kind_e orders_error_kind(orders_error_e error);
int orders_kind_status(orders_kind_e kind);
/** HTTP's status, of APIs that have none of their own for it. */
int orders_problem_status(const orders_problem_t *problem);

/** The error of that word, or `fallback`. */
orders_error_e orders_error_by_word(const char *word, orders_error_e fallback);

#endif
