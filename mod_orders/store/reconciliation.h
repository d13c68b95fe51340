/* SPDX-License-Identifier: Apache-2.0 */
/** Reconciliations with the records of providers, for operators. One round trip each. */
#ifndef ORDERS_STORE_RECONCILIATION_H
#define ORDERS_STORE_RECONCILIATION_H

#include "store/operation.h"

/** Counts and sums of a reconciliation for one currency and one kind of transaction; minor units. */
typedef struct orders_reconciliation_sum_t {
    const char *currency, *kind;
    int64_t here_count, here_amount;
    int64_t there_count, there_amount;
    int64_t matched_count, matched_amount;
} orders_reconciliation_sum_t;

typedef struct orders_reconciliation_t {
    int64_t id;
    const char *channel, *provider, *source, *state;
    apr_time_t from_at, to_at;
    int64_t requested_by; /**< 0: nobody */
    int64_t entries, matched, different, unsettled, ignored;
    int64_t transactions, missing_there;
    int64_t open; /**< open differences that no later reconciliation has found again */
    const char *error_code, *error_message;
    apr_time_t created_at, finished_at;
    apr_array_header_t *sums; /**< of orders_reconciliation_sum_t */
} orders_reconciliation_t;

/** A transaction for which a provider and the order database have different records. `there` is the provider. Ids: 0 for none. */
typedef struct orders_difference_t {
    int64_t id, reconciliation_id;
    const char *channel, *kind, *transaction_id;
    int64_t order_id, payment_id, refund_id;
    const char *order_number;
    const char *there_kind, *there_currency; /**< NULL: not reported */
    int64_t there_amount;
    apr_time_t occurred_at;
    const char *payment_key, *intent_id, *capture_id;
    const char *here_kind, *here_currency; /**< NULL: not recorded */
    int64_t here_amount;
    apr_time_t recorded_at;
    bool applicable;
    const char *state, *resolution, *comment;
    apr_time_t resolved_at, created_at;
    int64_t resolved_by;
} orders_difference_t;

typedef struct orders_written_reconciliation_t {
    int64_t id;
    const char *outcome;
    bool replayed;
    orders_reconciliation_t *reconciliation;
} orders_written_reconciliation_t;

typedef struct orders_written_difference_t {
    int64_t id;
    const char *outcome;
    bool replayed;
    orders_difference_t *difference;
} orders_written_difference_t;

extern const orders_row_type_t orders_reconciliation_sum_type, orders_reconciliation_type,
    orders_difference_type, orders_written_reconciliation_type, orders_written_difference_type;

typedef struct orders_start_reconciliation_t {
    const char *channel;
    apr_time_t from, to;
    const char *
        entries; /**< JSON array as in orders_v1.start_reconciliation; NULL: the worker reads the provider */
} orders_start_reconciliation_t;

orders_problem_t *orders_reconciliation_start(
    const orders_writer_t *writer, const orders_start_reconciliation_t *start,
    orders_written_reconciliation_t **written) ORDERS_MUSTCHECK;
/** Errors: `not_found`. */
orders_problem_t *orders_reconciliation_read(const orders_reader_t *reader, int64_t id,
                                             const orders_reconciliation_t **reconciliation)
    ORDERS_MUSTCHECK;

/** A page. Filters: NULL or 0 for any; `before_id` 0: from the newest. */
typedef struct orders_reconciliation_list_t {
    int64_t reconciliation_id; /**< differences only */
    const char *channel, *state;
    const char *kind; /**< differences only */
    int size;
    int64_t before_id;
} orders_reconciliation_list_t;

/** `*rows`: of orders_reconciliation_t. */
orders_problem_t *orders_reconciliation_list(const orders_reader_t *reader,
                                             const orders_reconciliation_list_t *list,
                                             apr_array_header_t **rows) ORDERS_MUSTCHECK;
/** `*rows`: of orders_difference_t. */
orders_problem_t *orders_difference_list(const orders_reader_t *reader,
                                         const orders_reconciliation_list_t *list,
                                         apr_array_header_t **rows) ORDERS_MUSTCHECK;

orders_problem_t *orders_difference_apply(const orders_writer_t *writer, int64_t id,
                                          orders_written_difference_t **written) ORDERS_MUSTCHECK;
orders_problem_t *orders_difference_resolve(const orders_writer_t *writer, int64_t id,
                                            const char *comment,
                                            orders_written_difference_t **written) ORDERS_MUSTCHECK;

#endif
