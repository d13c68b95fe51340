/* SPDX-License-Identifier: Apache-2.0 */
/** The queries of the background jobs (worker/). One round trip each, for the tenant of `reader`; all may be repeated. */
#ifndef ORDERS_STORE_WORKER_H
#define ORDERS_STORE_WORKER_H

#include "store/operation.h"
#include "store/payment.h"
#include "store/provider_event.h"

/** Parameters of a claim. */
typedef struct orders_claim_t {
    int limit;
    int lease; /**< seconds until other workers may claim it again */
    const char *channel;
} orders_claim_t;

/** All tenants. `*tenants`: of int32_t. `reader->tenant` is ignored. */
orders_problem_t *orders_worker_list_tenants(const orders_reader_t *reader,
                                             apr_array_header_t **tenants) ORDERS_MUSTCHECK;

/** The tenants with due work of `kind` (of orders.due). `channel`: "" for kinds without a channel. */
orders_problem_t *orders_worker_list_tenants_with_due(
    const orders_reader_t *reader, const char *kind, const char *channel,
    apr_array_header_t **tenants) ORDERS_MUSTCHECK;

/** The tenants whose daily reconciliation of `channel` is due. */
orders_problem_t *orders_worker_list_tenants_to_reconcile(
    const orders_reader_t *reader, const char *channel, const char *provider,
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

/** Records that the worker deletes when they are old, by the functions orders_v1.purge_… */
typedef enum {
    ORDERS_RETENTION_MAILS,
    ORDERS_RETENTION_PROVIDER_EVENTS,
    ORDERS_RETENTION_TOKENS,
    ORDERS_RETENTION_CARTS,
    ORDERS_RETENTION_WEBHOOKS,
    ORDERS_RETENTION__COUNT
} orders_retention_e;

/** Deletes records older than `days`, about `limit` per call at most. `*count`: how many. */
orders_problem_t *orders_worker_purge(const orders_reader_t *reader, orders_retention_e kind,
                                      int days, int limit, int64_t *count) ORDERS_MUSTCHECK;

/** Continues the comparison of a reconciliation with the order database. `*count`: 0 when there is none. */
orders_problem_t *orders_worker_compare_reconciliations(const orders_reader_t *reader,
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

/** Claims notices that must be verified. `*tasks`: of orders_notice_task_t, for orders_notice_verify. */
orders_problem_t *orders_worker_claim_notices(const orders_reader_t *reader,
                                              const orders_claim_t *claim,
                                              apr_array_header_t **tasks) ORDERS_MUSTCHECK;

/** Rejects at most `limit` notices that could not be verified for a day. `*count`: how many. */
orders_problem_t *orders_worker_refuse_stale_notices(const orders_reader_t *reader, int limit,
                                                     int64_t *count) ORDERS_MUSTCHECK;

/** Claims mails that are due. `lease`: seconds. `*tasks`: of orders_mail_task_t. */
orders_problem_t *orders_worker_claim_mail(const orders_reader_t *reader, int limit, int lease,
                                           apr_array_header_t **tasks) ORDERS_MUSTCHECK;

/** Records the outcome of a mail. `error`: NULL if the mail server has accepted it, else the error code; `final`: the mail must not be sent again. */
orders_problem_t *orders_worker_mark_mail(const orders_reader_t *reader, int64_t mail_id,
                                          bool final, const char *error) ORDERS_MUSTCHECK;

/** Starts the daily reconciliation of a channel if it is due. `*count`: 1 if it was started. */
orders_problem_t *orders_worker_plan_reconciliations(const orders_reader_t *reader,
                                                     const char *channel, const char *provider,
                                                     int64_t *count) ORDERS_MUSTCHECK;

/** Claims reconciliations of which a page must be read. `*tasks`: of orders_reconciliation_task_t. */
orders_problem_t *orders_worker_claim_reconciliations(const orders_reader_t *reader,
                                                      const orders_claim_t *claim,
                                                      apr_array_header_t **tasks) ORDERS_MUSTCHECK;

/**
 * Stores the page of a claimed reconciliation. `entries`: a JSON array of orders_v1.reconciliation_entry; `next`: the page to read next,
 * NULL: this was the last. Nothing is stored if another server has already stored the page.
 */
orders_problem_t *orders_worker_record_reconciliation_page(const orders_reader_t *reader,
                                                           const orders_reconciliation_task_t *task,
                                                           const char *next,
                                                           const char *entries) ORDERS_MUSTCHECK;

/** Records that the page could not be read or stored. `final`: the reconciliation has failed. Otherwise the page is read again later. */
orders_problem_t *orders_worker_fail_reconciliation(const orders_reader_t *reader, int64_t id,
                                                    const char *code, const char *message,
                                                    bool final) ORDERS_MUSTCHECK;

#endif
