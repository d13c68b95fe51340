/* SPDX-License-Identifier: Apache-2.0 */
/** The statements of the worker for webhooks. One round trip each, for the tenant of `reader`; all may be repeated. */
#ifndef ORDERS_STORE_WEBHOOK_QUEUE_H
#define ORDERS_STORE_WEBHOOK_QUEUE_H

#include "store/event.h"
#include "store/webhook.h"

/** An endpoint that this worker owns. */
typedef struct orders_webhook_target_t {
    int64_t id;
    const unsigned char *public_id; /**< 16 bytes */
    const char *url;
    const char *payload;              /**< full or thin */
    const unsigned char *salt;        /**< 16 bytes */
    const unsigned char *former_salt; /**< the same, while it is valid; or NULL */
    apr_time_t failing_since;         /**< 0: the last attempt succeeded */
} orders_webhook_target_t;

/** A delivery that is due. */
typedef struct orders_webhook_message_t {
    int64_t id;
    const char *message_id, *type;
    int64_t attempts;
    apr_time_t created_at;
    const char *subject;
    int64_t subject_id;
    const char *body;           /**< NULL before the first attempt */
    orders_event_t *event;      /**< NULL: a test message */
    orders_webhook_t *endpoint; /**< the subject, if it is an endpoint; else NULL */
} orders_webhook_message_t;

/** An endpoint after results were recorded. */
typedef struct orders_webhook_progress_t {
    const char *state, *disabled_reason;
    apr_time_t failing_since;
    bool began_failing, recovered, disabled; /**< by these results */
    int64_t dead;                            /**< deliveries that were given up */
} orders_webhook_progress_t;

extern const orders_row_type_t orders_webhook_target_type, orders_webhook_message_type,
    orders_webhook_progress_type;

/** How this worker claims endpoints. */
typedef struct orders_webhook_lease_t {
    int owner; /**< a positive number, different for each run of a worker */
    int seconds;
} orders_webhook_lease_t;

/** The tenants with events that have not been fanned out. `*tenants`: of int32_t. */
orders_problem_t *orders_webhook_queue_tenants(const orders_reader_t *reader,
                                               apr_array_header_t **tenants) ORDERS_MUSTCHECK;

/** Creates the deliveries of at most `limit` events for each endpoint. `*count`: number of events that were read. */
orders_problem_t *orders_webhook_queue_fan_out(const orders_reader_t *reader, int limit,
                                               int64_t *count) ORDERS_MUSTCHECK;

/** Claims at most `limit` endpoints with deliveries that are due. `*targets`: of orders_webhook_target_t. */
orders_problem_t *orders_webhook_queue_claim(const orders_reader_t *reader, int limit,
                                             const orders_webhook_lease_t *lease,
                                             apr_array_header_t **targets) ORDERS_MUSTCHECK;

/** Renews the leases of endpoints (`ids`: of int64_t). `*targets` omits endpoints to which this worker must send no more messages. */
orders_problem_t *orders_webhook_queue_renew(const orders_reader_t *reader,
                                             const apr_array_header_t *ids,
                                             const orders_webhook_lease_t *lease,
                                             apr_array_header_t **targets) ORDERS_MUSTCHECK;

/** Ends a lease. `pause`: minimum time until the next claim, in seconds. */
orders_problem_t *orders_webhook_queue_release(const orders_reader_t *reader, int64_t endpoint,
                                               int pause, const orders_webhook_lease_t *lease)
    ORDERS_MUSTCHECK;

/** The first deliveries that are due, in the sequence of their events. `*messages`: of orders_webhook_message_t. */
orders_problem_t *orders_webhook_queue_take(const orders_reader_t *reader, int64_t endpoint,
                                            int limit,
                                            apr_array_header_t **messages) ORDERS_MUSTCHECK;

/** Stores bodies of deliveries. `ids`: of int64_t; `bodies`: of const char *. */
orders_problem_t *orders_webhook_queue_store_bodies(
    const orders_reader_t *reader, const apr_array_header_t *ids,
    const apr_array_header_t *bodies) ORDERS_MUSTCHECK;

/** Records results: a JSON array as orders_v1.record_deliveries documents it. `*progress` is NULL if the endpoint does not exist. */
orders_problem_t *orders_webhook_queue_record(
    const orders_reader_t *reader, int64_t endpoint, const char *results,
    orders_webhook_progress_t **progress) ORDERS_MUSTCHECK;

#endif
