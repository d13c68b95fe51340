/* SPDX-License-Identifier: Apache-2.0 */
/** The parts of every operation of the store: the caller, one statement, and its rows. */
#ifndef ORDERS_STORE_OPERATION_H
#define ORDERS_STORE_OPERATION_H

#include "store/database.h"
#include "store/views.h"

/** The context of a read. Results live in `pool`. */
typedef struct orders_reader_t {
    orders_database_t *database;
    apr_pool_t *pool;
    int32_t tenant;
} orders_reader_t;

/** The context of a write: the caller, and the idempotency key. Results live in `pool`. */
typedef struct orders_writer_t {
    orders_database_t *database;
    apr_pool_t *pool;
    int32_t tenant;
    const char *api;
    const char *actor; /**< buyer, seller, operator, provider or system */
    int64_t actor_id;  /**< 0: none */
    const char *route;
    const char *key;                  /**< NULL: not idempotent */
    const unsigned char *fingerprint; /**< the SHA-256 of the request, if it has a key */
    bool key_in_header;               /**< the key came in a header, not in the body */
} orders_writer_t;

/** The number of parameters that orders_writer_params adds. They are the first parameters of every write function. */
#define ORDERS_WRITER_PARAMS 7
#define ORDERS_WRITER_SQL "$1, $2, $3, $4, $5, $6, $7"

/**
 * The text of a statement that calls a function returning orders_v1.written. _EVENT: with the columns of an event. _EARLY:
 * with `early_release`, for functions that update rows which many buyers share (stock, limited coupons), because all of them wait for
 * the lock.
 */
#define ORDERS_WRITTEN(call)                                                                       \
    "SELECT w.outcome, w.id AS result_id, w.replayed, (w.\"order\").* FROM orders_v1." call " AS " \
    "w"
#define ORDERS_WRITTEN_EARLY(call)                                                                 \
    "SELECT w.outcome, w.id AS result_id, w.replayed, (w.\"order\").*, " ORDERS_EARLY_RELEASE_SQL  \
    " FROM orders_v1." call " AS w"
#define ORDERS_WRITTEN_EVENT(call)                                                                 \
    "SELECT w.outcome, w.id AS result_id, w.replayed, w.refusal, w.detail, w.event_id, "           \
    "w.event_type, (w.\"order\").* FROM orders_v1." call " AS w"

void orders_reader_params(orders_params_t *params, const orders_reader_t *reader);
void orders_writer_params(orders_params_t *params, const orders_writer_t *writer);

void orders_param_bool(orders_params_t *params, bool value);

/** A PostgreSQL array, of text or of any type that is cast from it. */
void orders_param_array(orders_params_t *params, const char *const *elements, int count);
/** The same from an array of const char *. NULL: an SQL NULL. */
void orders_param_texts(orders_params_t *params, const apr_array_header_t *texts);

/** Reads rows. `*rows`: of the struct of `type`. */
orders_problem_t *orders_store_read(const orders_reader_t *reader,
                                    const orders_statement_t *statement,
                                    const orders_params_t *params, const orders_row_type_t *type,
                                    apr_array_header_t **rows) ORDERS_MUSTCHECK;
/** Reads one order. Errors: `not_found`. */
orders_problem_t *orders_store_read_order(const orders_reader_t *reader,
                                          const orders_statement_t *statement,
                                          const orders_params_t *params,
                                          orders_order_t **order) ORDERS_MUSTCHECK;
/** Reads a page of orders, and the columns of orders_order_list_type from the first row. Without rows, the page and its labels are empty. */
orders_problem_t *orders_store_read_list(const orders_reader_t *reader,
                                         const orders_statement_t *statement,
                                         const orders_params_t *params,
                                         orders_order_list_t **list) ORDERS_MUSTCHECK;

/** Writes with a statement of ORDERS_WRITTEN. */
orders_problem_t *orders_store_write(const orders_writer_t *writer,
                                     const orders_statement_t *statement,
                                     const orders_params_t *params,
                                     orders_written_t **written) ORDERS_MUSTCHECK;
/** Writes and returns the rows of the result, at least one. */
orders_problem_t *orders_store_write_rows(const orders_writer_t *writer,
                                          const orders_statement_t *statement,
                                          const orders_params_t *params,
                                          const orders_row_type_t *type,
                                          apr_array_header_t **rows) ORDERS_MUSTCHECK;

/** The same without a writer, for background jobs and events of providers. Such statements must be idempotent. */
orders_problem_t *orders_store_work(const orders_reader_t *reader,
                                    const orders_statement_t *statement,
                                    const orders_params_t *params,
                                    orders_written_t **written) ORDERS_MUSTCHECK;
orders_problem_t *orders_store_work_rows(const orders_reader_t *reader,
                                         const orders_statement_t *statement,
                                         const orders_params_t *params,
                                         const orders_row_type_t *type,
                                         apr_array_header_t **rows) ORDERS_MUSTCHECK;

/** The order of a write. Errors: `not_found`. */
orders_problem_t *orders_written_order(apr_pool_t *pool, const orders_written_t *written,
                                       const orders_order_t **order) ORDERS_MUSTCHECK;

/** Whether the outcome of a write is `expected`. */
bool orders_outcome_is(const char *outcome, const char *expected);

#endif
