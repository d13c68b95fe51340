/* SPDX-License-Identifier: Apache-2.0 */
/** Webhook endpoints and their deliveries, for operators. One round trip each. */
#ifndef ORDERS_STORE_WEBHOOK_H
#define ORDERS_STORE_WEBHOOK_H

#include "store/operation.h"

/** An endpoint. Times are 0 for none. */
typedef struct orders_webhook_t {
    int64_t id;
    const unsigned char *public_id; /**< 16 bytes */
    const char *url;
    orders_document_t patterns; /**< of event types: a JSON array of strings */
    const char *description, *payload;
    const char *state;           /**< enabled, disabled or deleted */
    const char *disabled_reason; /**< operator, gone or failing */
    int64_t version, generation;
    const unsigned char *salt; /**< of the secret, 16 bytes (webhooks/secret.h) */
    const unsigned char
        *former_salt; /**< of the secret before the rotation, while it is valid; or NULL */
    apr_time_t former_until;
    int64_t pending, dead; /**< numbers of deliveries, counted up to 1000 */
    apr_time_t failing_since, last_success_at, last_failure_at;
    apr_time_t created_at, updated_at;
} orders_webhook_t;

/** A delivery of a message to an endpoint. Numbers and times are 0 for none. */
typedef struct orders_delivery_t {
    int64_t id;
    const unsigned char *webhook_id; /**< the UUID of the endpoint, 16 bytes */
    const char *message_id, *type;
    int64_t event_id, event_version; /**< 0: a test message */
    int64_t order_id;                /**< 0: the event is not about an order */
    const char *order_number;
    const char *state; /**< pending, delivered or dead */
    int64_t attempts;
    apr_time_t next_at, last_at;
    int64_t last_status; /**< the HTTP status of the last attempt; 0: there was no response */
    const char *last_error;
    int64_t last_ms;
    apr_time_t created_at, done_at;
} orders_delivery_t;

typedef struct orders_written_webhook_t {
    int64_t id;
    const char *outcome;
    bool replayed;
    orders_webhook_t *endpoint;
} orders_written_webhook_t;

typedef struct orders_written_delivery_t {
    int64_t id;
    const char *outcome;
    bool replayed;
    orders_delivery_t *delivery;
} orders_written_delivery_t;

typedef struct orders_written_replay_t {
    const char *outcome;
    int64_t queued;
    const char *next; /**< the cursor of the last event; NULL: no event is left */
    bool replayed;
} orders_written_replay_t;

extern const orders_row_type_t orders_webhook_type, orders_delivery_type,
    orders_written_webhook_type, orders_written_delivery_type, orders_written_replay_type;

typedef struct orders_create_webhook_t {
    const char *url, *description, *payload;
    const apr_array_header_t *patterns; /**< of const char * */
    bool enabled;
} orders_create_webhook_t;

orders_problem_t *orders_webhook_create(const orders_writer_t *writer,
                                        const orders_create_webhook_t *create,
                                        orders_written_webhook_t **written) ORDERS_MUSTCHECK;

/** `webhook`: the text of a UUID. `match`: of const char *, the accepted version tags; NULL: any version. `changes`: a JSON object. */
orders_problem_t *orders_webhook_change(const orders_writer_t *writer, const char *webhook,
                                        const apr_array_header_t *match, const char *changes,
                                        orders_written_webhook_t **written) ORDERS_MUSTCHECK;
orders_problem_t *orders_webhook_delete(const orders_writer_t *writer, const char *webhook,
                                        const apr_array_header_t *match,
                                        orders_written_webhook_t **written) ORDERS_MUSTCHECK;
orders_problem_t *orders_webhook_rotate(const orders_writer_t *writer, const char *webhook,
                                        orders_written_webhook_t **written) ORDERS_MUSTCHECK;
/** Queues a test message. */
orders_problem_t *orders_webhook_test(const orders_writer_t *writer, const char *webhook,
                                      orders_written_delivery_t **written) ORDERS_MUSTCHECK;

/** A range of events. Members are NULL or 0 for none. */
typedef struct orders_replay_webhook_t {
    const char *after,
        *until; /**< cursors: events after the first, up to and including the second */
    apr_time_t from, to;
    const apr_array_header_t *types; /**< of const char *: patterns; NULL: those of the endpoint */
    int64_t limit;                   /**< of events */
} orders_replay_webhook_t;

orders_problem_t *orders_webhook_replay(const orders_writer_t *writer, const char *webhook,
                                        const orders_replay_webhook_t *replay,
                                        orders_written_replay_t **written) ORDERS_MUSTCHECK;
orders_problem_t *orders_delivery_retry(const orders_writer_t *writer, const char *webhook,
                                        int64_t delivery,
                                        orders_written_delivery_t **written) ORDERS_MUSTCHECK;

/** Errors: `not_found`. */
orders_problem_t *orders_webhook_read(const orders_reader_t *reader, const char *webhook,
                                      const orders_webhook_t **endpoint) ORDERS_MUSTCHECK;
orders_problem_t *orders_delivery_read(const orders_reader_t *reader, const char *webhook,
                                       int64_t id,
                                       const orders_delivery_t **delivery) ORDERS_MUSTCHECK;

/** `*rows`: of orders_webhook_t, newest first. `before_id` 0: from the newest. */
orders_problem_t *orders_webhook_list(const orders_reader_t *reader, int size, int64_t before_id,
                                      apr_array_header_t **rows) ORDERS_MUSTCHECK;

/** A page of deliveries. Filters: NULL for any. */
typedef struct orders_delivery_list_t {
    const char *webhook, *state, *type;
    const char *order; /**< id, UUID or number */
    int size;
    int64_t before_id;
} orders_delivery_list_t;

/** `*rows`: of orders_delivery_t, newest first. Errors: `not_found` for an unknown endpoint. */
orders_problem_t *orders_delivery_list(const orders_reader_t *reader,
                                       const orders_delivery_list_t *list,
                                       apr_array_header_t **rows) ORDERS_MUSTCHECK;

#endif
