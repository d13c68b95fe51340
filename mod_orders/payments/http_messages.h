/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Messages of the signed HTTP protocol (docs/payment-channels.md): requests are written, replies and events are parsed. No I/O, so that every
 * parser can be tested and fuzzed. Results live in the given pool.
 */
#ifndef ORDERS_PAYMENTS_HTTP_MESSAGES_H
#define ORDERS_PAYMENTS_HTTP_MESSAGES_H

#include "payments/provider.h"

const char *orders_intent_text(const orders_intent_request_t *request, apr_pool_t *pool,
                               apr_size_t *length);
const char *orders_refund_text(const orders_refund_request_t *request, apr_pool_t *pool,
                               apr_size_t *length);

/** Whether an id can be used in paths and headers: 1 to 255 letters, digits and `_ - . : ~`, no leading dot. */
bool orders_provider_id_ok(const char *id);

/** Whether a buyer's browser may be sent to `url`: visible ASCII, and accepted by orders_http_page_check(). */
bool orders_provider_page_ok(const char *url);

/**
 * Parses a 2xx reply. `provider_unreachable` if it is malformed: the outcome is unknown, and the same request may be sent again.
 */
orders_problem_t *orders_intent_read(orders_intent_reply_t *reply, apr_pool_t *pool,
                                     const char *text, apr_size_t length) ORDERS_MUSTCHECK;
orders_problem_t *orders_refund_read(orders_refund_reply_t *reply, apr_pool_t *pool,
                                     const char *text, apr_size_t length) ORDERS_MUSTCHECK;

/**
 * Maps a status other than 2xx to a problem; never NULL. `provider_refused` requires a status that can be final (400, 402, 404, 410, 422) and a
 * JSON object with a `code`; anything else is `provider_unreachable`.
 */
orders_problem_t *orders_refusal_read(long status, apr_pool_t *pool, const char *text,
                                      apr_size_t length);

/** Parses the body of an event; leaves `event->id` unchanged. `malformed_json`, `invalid_fields`. */
orders_problem_t *orders_event_read(orders_parsed_event_t *event, apr_pool_t *pool,
                                    const char *text, apr_size_t length) ORDERS_MUSTCHECK;

#endif
