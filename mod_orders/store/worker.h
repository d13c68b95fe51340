/* SPDX-License-Identifier: Apache-2.0 */
/** What the background worker does, tenant by tenant. One round trip each; all may be repeated. */
#ifndef ORDERS_STORE_WORKER_H
#define ORDERS_STORE_WORKER_H

#include "store/answer.h"
#include "store/database.h"

/** Whom a worker's call is for and with what. */
typedef struct orders_work_t {
    orders_database_t *database;
    apr_pool_t *pool;
    int32_t tenant;
} orders_work_t;

/** One due event of the outbox; its columns are read by name, so that the table may grow. */
typedef struct orders_event_row_t {
    int64_t id, order_id;
    const char *type;
    orders_document_t payload;
} orders_event_row_t;

/** The tenants that have work at all: array of int32_t. */
orders_problem_t *orders_worker_tenants(orders_database_t *database, apr_pool_t *pool,
                                        apr_array_header_t **tenants) ORDERS_MUSTCHECK;

/** Expires at most `limit` unpaid orders past their time. */
orders_problem_t *orders_worker_expire(const orders_work_t *work, int limit,
                                       int64_t *count) ORDERS_MUSTCHECK;

/** Forgets idempotency records older than `age` seconds. */
orders_problem_t *orders_worker_purge(const orders_work_t *work, int age,
                                      int64_t *count) ORDERS_MUSTCHECK;

/** Claims due events for `lease` seconds: array of orders_event_row_t. */
orders_problem_t *orders_worker_claim_outbox(const orders_work_t *work, int limit, int lease,
                                             apr_array_header_t **events) ORDERS_MUSTCHECK;
/** `ids` is an array of int64_t; `error` is NULL when they were delivered. */
orders_problem_t *orders_worker_mark_outbox(const orders_work_t *work,
                                            const apr_array_header_t *ids,
                                            const char *error) ORDERS_MUSTCHECK;

/** Claims payments whose provider has not been asked yet, or did not answer: `loose.payments` of the answer. */
orders_problem_t *orders_worker_due_intents(const orders_work_t *work, int limit, int lease,
                                            orders_answer_t **answer) ORDERS_MUSTCHECK;

/** Claims refunds that a provider must be told of: `loose.refunds` of the answer. */
orders_problem_t *orders_worker_due_refunds(const orders_work_t *work, int limit, int lease,
                                            orders_answer_t **answer) ORDERS_MUSTCHECK;

#endif
