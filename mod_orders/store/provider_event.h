/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Deliveries of payment providers that are not applied at once (notices and unreadable events), and stored events for operators.
 * One round trip each.
 */
#ifndef ORDERS_STORE_PROVIDER_EVENT_H
#define ORDERS_STORE_PROVIDER_EVENT_H

#include "store/operation.h"

/** A delivery whose signature does not authenticate its body. NULL: not given. */
typedef struct orders_store_notice_t {
    const char *channel;
    const unsigned char *body_hash; /**< SHA-256, 32 bytes */
    const char *raw_type, *resource_kind, *resource_id;
    const char *payment_key, *transaction_id; /**< what the body claims */
    int32_t for_tenant;                       /**< 0: none is named */
    const char *refusal, *detail;             /**< why it can never be verified */
    int lease;                                /**< seconds until the worker verifies it */
} orders_store_notice_t;

typedef struct orders_stored_notice_t {
    int64_t notice;      /**< its number; 0: not stored */
    const char *outcome; /**< pending, unchanged, refused or full */
    bool replayed;       /**< the same body was stored before */
    const char *refusal, *detail;
} orders_stored_notice_t;

/**
 * Stores a notice. Outcome `pending`: the caller verifies it. `full`: the channel has too many notices, and this one was not
 * stored. May be repeated.
 */
orders_problem_t *orders_notice_store(const orders_reader_t *reader,
                                      const orders_store_notice_t *notice,
                                      orders_stored_notice_t **stored) ORDERS_MUSTCHECK;

/** Stores a delivery with a strong signature that cannot be parsed, as a refused event. Uses channel, hash, refusal and detail. */
orders_problem_t *orders_notice_store_unreadable(const orders_reader_t *reader,
                                                 const orders_store_notice_t *notice,
                                                 orders_stored_notice_t **stored) ORDERS_MUSTCHECK;

/** A notice to verify. */
typedef struct orders_notice_task_t {
    int64_t id; /**< 0: it is not stored */
    const char *raw_type, *resource_kind, *resource_id;
} orders_notice_task_t;

/** Records a failed attempt. `undecided`: the provider has replied, but the outcome is still open. */
orders_problem_t *orders_notice_postpone(const orders_reader_t *reader, int64_t id,
                                         const char *detail, bool undecided) ORDERS_MUSTCHECK;
/** Records that a notice was verified. `event_id`: its event; NULL: it is not about a payment of the tenant. */
orders_problem_t *orders_notice_finish(const orders_reader_t *reader, int64_t id,
                                       const char *event_id) ORDERS_MUSTCHECK;

typedef struct orders_provider_event_list_t {
    const char *verdict, *channel; /**< NULL: any */
    const char *resolved;          /**< true, false, or NULL: any */
    const char *order;             /**< id, UUID or number; NULL: any */
    int64_t before;                /**< only smaller ids; 0: all */
    int size;
} orders_provider_event_list_t;

/** `*events`: of orders_provider_event_t, newest first. */
orders_problem_t *orders_provider_event_list(const orders_reader_t *reader,
                                             const orders_provider_event_list_t *list,
                                             apr_array_header_t **events) ORDERS_MUSTCHECK;
/** `*event` is NULL if there is none. */
orders_problem_t *orders_provider_event_read(const orders_reader_t *reader, int64_t id,
                                             orders_provider_event_t **event) ORDERS_MUSTCHECK;
orders_problem_t *orders_provider_event_resolve(
    const orders_writer_t *writer, int64_t id, const char *comment,
    orders_written_provider_event_t **written) ORDERS_MUSTCHECK;
/** Applies an event again. Its outcome is the new verdict, or `pending` for a notice, which the worker verifies. */
orders_problem_t *orders_provider_event_retry(const orders_writer_t *writer, int64_t id,
                                              orders_written_provider_event_t **written)
    ORDERS_MUSTCHECK;

#endif
