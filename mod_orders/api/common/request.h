/* SPDX-License-Identifier: Apache-2.0 */
/** Converts a call to the parameters of the store. Everything is allocated from the call's pool. */
#ifndef ORDERS_API_COMMON_REQUEST_H
#define ORDERS_API_COMMON_REQUEST_H

#include "core/call.h"
#include "core/fields.h"
#include "store/operation.h"

#define ORDERS_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/** One row of a field table: the field is decoded into the member of struct `owner` that has its name. */
#define ORDERS_FIELD(owner, kind, member, ...)                                                     \
    {                                                                                              \
        .name = #member, .type = ORDERS_FIELD_##kind, .offset = offsetof(owner, member),           \
        .given = SIZE_MAX, __VA_ARGS__                                                             \
    }

orders_reader_t orders_call_reader(const orders_call_t *call);

/**
 * A writer for this call. `field`: the idempotency key in the body, or NULL. The key of a dry run is checked and ignored. Problems: `idempotency_key_mismatch`,
 * `invalid_idempotency_key`.
 */
orders_problem_t *orders_call_writer(orders_writer_t *writer, const orders_call_t *call,
                                     const char *actor, const char *field) ORDERS_MUSTCHECK;

/**
 * The version tags in If-Match; the order must have one of them. NULL: any version. `version_mismatch` if no tag is a version of
 * an order.
 */
orders_problem_t *orders_call_match(const orders_call_t *call,
                                    apr_array_header_t **match) ORDERS_MUSTCHECK;

/** The same for another entity with a version. `message`: the detail of `version_mismatch`. */
orders_problem_t *orders_call_match_version(const orders_call_t *call, const char *message,
                                            apr_array_header_t **match) ORDERS_MUSTCHECK;

/** The same for a document without a version: the tags of its document. */
orders_problem_t *orders_call_match_document(const orders_call_t *call, const char *message,
                                             apr_array_header_t **match) ORDERS_MUSTCHECK;

/** Whether the request is a prefetch of a browser. */
bool orders_call_is_prefetch(const orders_call_t *call);
/** Whether the request must not change anything: HEAD, or a prefetch. */
bool orders_call_is_read_only(const orders_call_t *call);

/**
 * Sets the status of a write by its outcome. If the route has two statuses, the second one is for an outcome other than "created"
 * and "done".
 */
void orders_reply_outcome(const orders_call_t *call, const char *outcome, orders_reply_t *reply);

/** NULL for "", which a form sends for an optional text without a value. */
const char *orders_or_null(const char *text);

#endif
