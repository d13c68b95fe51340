/* SPDX-License-Identifier: Apache-2.0 */
/** What the background worker does, tenant by tenant. One round trip each; all may be repeated. */
#ifndef ORDERS_STORE_WORKER_H
#define ORDERS_STORE_WORKER_H

#include "store/operation.h"
#include "store/payment.h"

/** What a server's worker takes on at once, for how long, and of which channel. */
typedef struct orders_claim_t {
    int limit;
    int lease; /**< seconds */
    const char *channel;
} orders_claim_t;

/** The tenants there are: array of int32_t. `reader->tenant` does not matter. */
orders_problem_t *orders_worker_tenants(const orders_reader_t *reader,
                                        apr_array_header_t **tenants) ORDERS_MUSTCHECK;

/** The tenants whose orders wait for a bill, likewise. */
orders_problem_t *orders_worker_tenants_to_bill(const orders_reader_t *reader,
                                                apr_array_header_t **tenants) ORDERS_MUSTCHECK;

/** Issues at most `limit` bills of orders that were paid when they were placed. */
orders_problem_t *orders_worker_issue_bills(const orders_reader_t *reader, int limit,
                                            int64_t *count) ORDERS_MUSTCHECK;

/** Expires at most `limit` unpaid orders past their time. */
orders_problem_t *orders_worker_expire(const orders_reader_t *reader, int limit,
                                       int64_t *count) ORDERS_MUSTCHECK;

/** Forgets idempotency records older than `age` seconds, at most 10,000 at a time. */
orders_problem_t *orders_worker_purge(const orders_reader_t *reader, int age,
                                      int64_t *count) ORDERS_MUSTCHECK;

/** Waiting events of providers that can be applied now or have waited for a day: array of int64_t, ids. */
orders_problem_t *orders_worker_due_events(const orders_reader_t *reader, int limit,
                                           apr_array_header_t **ids) ORDERS_MUSTCHECK;

/** Applies such an event, or refuses it when it has waited for a day. */
orders_problem_t *orders_worker_review_event(const orders_reader_t *reader,
                                             int64_t id) ORDERS_MUSTCHECK;

/** Refused events that were not logged yet: array of orders_refused_event_t. Each is returned once. */
orders_problem_t *orders_worker_refused_events(const orders_reader_t *reader, int limit,
                                               apr_array_header_t **refused) ORDERS_MUSTCHECK;

/**
 * Claims payments whose provider has not been asked yet, or did not answer: array of orders_payment_task_t. Each is for
 * orders_payment_flow_intent.
 */
orders_problem_t *orders_worker_due_intents(const orders_reader_t *reader,
                                            const orders_claim_t *claim,
                                            apr_array_header_t **tasks) ORDERS_MUSTCHECK;

/** Claims refunds that a provider must be told of: array of orders_refund_task_t. Each is for orders_payment_flow_refund. */
orders_problem_t *orders_worker_due_refunds(const orders_reader_t *reader,
                                            const orders_claim_t *claim,
                                            apr_array_header_t **tasks) ORDERS_MUSTCHECK;

/** Claims payments whose capture has an unknown outcome: array of orders_payment_task_t. Each is for orders_payment_flow_capture_claimed. */
orders_problem_t *orders_worker_due_captures(const orders_reader_t *reader,
                                             const orders_claim_t *claim,
                                             apr_array_header_t **tasks) ORDERS_MUSTCHECK;

/** Claims mail that is due: array of orders_mail_task_t. */
orders_problem_t *orders_worker_claim_mail(const orders_reader_t *reader, int limit, int lease,
                                           apr_array_header_t **tasks) ORDERS_MUSTCHECK;

/** What became of one. `error`: NULL when a server took it; `final`: another try would not help. */
orders_problem_t *orders_worker_mark_mail(const orders_reader_t *reader, int64_t mail_id,
                                          bool final, const char *error) ORDERS_MUSTCHECK;

#endif
