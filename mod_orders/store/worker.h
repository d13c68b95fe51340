/* SPDX-License-Identifier: Apache-2.0 */
/** The queries of the background jobs (worker/). One round trip each, for the tenant of `reader`; all may be repeated. */
#ifndef ORDERS_STORE_WORKER_H
#define ORDERS_STORE_WORKER_H

#include "store/operation.h"
#include "store/payment.h"

/** Parameters of a claim. */
typedef struct orders_claim_t {
    int limit;
    int lease; /**< seconds until other workers may claim it again */
    const char *channel;
} orders_claim_t;

/** All tenants. `*tenants`: of int32_t. `reader->tenant` is ignored. */
orders_problem_t *orders_worker_list_tenants(const orders_reader_t *reader,
                                             apr_array_header_t **tenants) ORDERS_MUSTCHECK;

/** The same for tenants with orders that wait for a bill. */
orders_problem_t *orders_worker_list_tenants_to_bill(const orders_reader_t *reader,
                                                     apr_array_header_t **tenants) ORDERS_MUSTCHECK;

/** Issues at most `limit` bills of orders that were paid when they were placed. `*count`: how many. */
orders_problem_t *orders_worker_issue_bills(const orders_reader_t *reader, int limit,
                                            int64_t *count) ORDERS_MUSTCHECK;

/** Expires at most `limit` unpaid orders whose time has passed. `*count`: how many. */
orders_problem_t *orders_worker_expire_orders(const orders_reader_t *reader, int limit,
                                              int64_t *count) ORDERS_MUSTCHECK;

/** Deletes idempotency records older than `age` seconds, at most 10,000 per call. `*count`: how many. */
orders_problem_t *orders_worker_purge_idempotency(const orders_reader_t *reader, int age,
                                                  int64_t *count) ORDERS_MUSTCHECK;

/** Waiting events of providers that can be applied now or have waited for a day. `*ids`: of int64_t. */
orders_problem_t *orders_worker_list_due_events(const orders_reader_t *reader, int limit,
                                                apr_array_header_t **ids) ORDERS_MUSTCHECK;

/** Applies such an event, or refuses it if it has waited for a day. */
orders_problem_t *orders_worker_review_event(const orders_reader_t *reader,
                                             int64_t id) ORDERS_MUSTCHECK;

/** Refused events that have not been logged. Each is returned once. `*refused`: of orders_refused_event_t. */
orders_problem_t *orders_worker_take_refused_events(const orders_reader_t *reader, int limit,
                                                    apr_array_header_t **refused) ORDERS_MUSTCHECK;

/**
 * Claims payments whose provider has not been called for an intent, or did not reply. `*tasks`: of orders_payment_task_t, for
 * orders_payment_flow_intent.
 */
orders_problem_t *orders_worker_claim_intents(const orders_reader_t *reader,
                                              const orders_claim_t *claim,
                                              apr_array_header_t **tasks) ORDERS_MUSTCHECK;

/** Claims refunds that must be sent to the provider. `*tasks`: of orders_refund_task_t, for orders_payment_flow_refund. */
orders_problem_t *orders_worker_claim_refunds(const orders_reader_t *reader,
                                              const orders_claim_t *claim,
                                              apr_array_header_t **tasks) ORDERS_MUSTCHECK;

/**
 * Claims payments whose capture has an unknown outcome. `*tasks`: of orders_payment_task_t, for
 * orders_payment_flow_capture_claimed.
 */
orders_problem_t *orders_worker_claim_captures(const orders_reader_t *reader,
                                               const orders_claim_t *claim,
                                               apr_array_header_t **tasks) ORDERS_MUSTCHECK;

/** Claims mails that are due. `lease`: seconds. `*tasks`: of orders_mail_task_t. */
orders_problem_t *orders_worker_claim_mail(const orders_reader_t *reader, int limit, int lease,
                                           apr_array_header_t **tasks) ORDERS_MUSTCHECK;

/** Records the outcome of a mail. `error`: NULL if the mail server has accepted it, else the error code; `final`: the mail must not be sent again. */
orders_problem_t *orders_worker_mark_mail(const orders_reader_t *reader, int64_t mail_id,
                                          bool final, const char *error) ORDERS_MUSTCHECK;

#endif
