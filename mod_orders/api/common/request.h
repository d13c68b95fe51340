/* SPDX-License-Identifier: Apache-2.0 */
/** From a call to what the store needs of it. Everything lives in the call's pool. */
#ifndef ORDERS_API_COMMON_REQUEST_H
#define ORDERS_API_COMMON_REQUEST_H

#include "core/call.h"
#include "core/fields.h"
#include "store/operation.h"

#define ORDERS_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/** One row of a field table: a member of struct `owner`, decoded where it has the field's name. */
#define ORDERS_FIELD(owner, kind, member, ...)                                                     \
    {                                                                                              \
        .name = #member, .type = ORDERS_FIELD_##kind, .offset = offsetof(owner, member),           \
        .given = SIZE_MAX, __VA_ARGS__                                                             \
    }

orders_reader_t orders_call_reader(const orders_call_t *call);

/**
 * A writer for this call. `field`: the key that the body has, or NULL. Problems: `idempotency_key_mismatch`,
 * `invalid_idempotency_key`.
 */
orders_problem_t *orders_call_writer(orders_writer_t *writer, const orders_call_t *call,
                                     const char *actor, const char *field) ORDERS_MUSTCHECK;

/**
 * If-Match: the version tags of which the order must have one, NULL for any version. `version_mismatch` when no tag can be
 * an order's.
 */
orders_problem_t *orders_call_match(const orders_call_t *call,
                                    apr_array_header_t **match) ORDERS_MUSTCHECK;

/** Whether the request is a prefetch of a browser. */
bool orders_call_is_prefetch(const orders_call_t *call);
/** Whether the request must not change anything: HEAD, or a prefetch. */
bool orders_call_is_read_only(const orders_call_t *call);

/**
 * The status of a write by its outcome: the second one of the route, if it has two, unless the write has created or done something.
 */
void orders_reply_outcome(const orders_call_t *call, const char *outcome, orders_reply_t *reply);

/** "" is nothing: an optional text that a form left empty. */
const char *orders_or_null(const char *text);

#endif
