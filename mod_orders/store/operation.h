/* SPDX-License-Identifier: Apache-2.0 */
/** What every operation of the store is built from: who asks, one statement, the answer's rows. */
#ifndef ORDERS_STORE_OPERATION_H
#define ORDERS_STORE_OPERATION_H

#include "store/answer.h"
#include "store/database.h"

/** Where a read happens. */
typedef struct orders_reader_t {
    orders_database_t *database;
    apr_pool_t *pool;
    int32_t tenant;
} orders_reader_t;

/** Where a write happens, on whose behalf, and the key that makes it repeatable. */
typedef struct orders_writer_t {
    orders_database_t *database;
    apr_pool_t *pool;
    int32_t tenant;
    const char *api;
    const char *actor; /**< buyer seller operator provider system */
    int64_t actor_id;  /**< 0: none */
    const char *route;
    const char *key;                  /**< NULL: not idempotent */
    const unsigned char *fingerprint; /**< 32 bytes of SHA-256, with a key */
    bool key_in_header;               /**< the key is no field of the body */
} orders_writer_t;

/** How many parameters orders_writer_params adds: the first ones of every write function. */
#define ORDERS_WRITER_PARAMS 7
#define ORDERS_WRITER_SQL "$1, $2, $3, $4, $5, $6, $7"

void orders_writer_params(orders_params_t *params, const orders_writer_t *writer);

/** A PostgreSQL array of texts (or of what its elements' type reads). */
void orders_param_array(orders_params_t *params, const char *const *elements, int count);

/** Version tags of If-Match (const char *), of which the order must have one; NULL: SQL's NULL, any version. */
void orders_param_match(orders_params_t *params, const apr_array_header_t *tags);

/** A read, and a write with `intent` by its key; both read the answer. */
orders_problem_t *orders_store_read(const orders_reader_t *reader,
                                    const orders_statement_t *statement,
                                    const orders_params_t *params,
                                    orders_answer_t **answer) ORDERS_MUSTCHECK;
orders_problem_t *orders_store_write(const orders_writer_t *writer,
                                     const orders_statement_t *statement,
                                     const orders_params_t *params,
                                     orders_answer_t **answer) ORDERS_MUSTCHECK;
/** A write that may be repeated though it has no key: doing it twice is doing it once. */
orders_problem_t *orders_store_write_again(const orders_writer_t *writer,
                                           const orders_statement_t *statement,
                                           const orders_params_t *params,
                                           orders_answer_t **answer) ORDERS_MUSTCHECK;

/** The only order of an answer, `not_found` when there is none. */
orders_problem_t *orders_answer_order(apr_pool_t *pool, const orders_answer_t *answer,
                                      const orders_order_t **order) ORDERS_MUSTCHECK;

#endif
