/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The messages of the signed HTTP provider (docs/payment-channels.md): ours written, theirs read. No I/O here, so that
 * every reader can be tested and fuzzed. Whatever is read lives in the pool that is given.
 */
#ifndef ORDERS_PAYMENTS_HTTP_MESSAGES_H
#define ORDERS_PAYMENTS_HTTP_MESSAGES_H

#include "payments/provider.h"

const char *orders_intent_text(const orders_intent_request_t *request, apr_pool_t *pool,
                               apr_size_t *length);
const char *orders_refund_text(const orders_refund_request_t *request, apr_pool_t *pool,
                               apr_size_t *length);

/** Letters, digits and `_ - . : ~`, at most 255, no dot in front: fit for a path and for a header. */
bool orders_provider_id_ok(const char *id);

/** A page that a buyer's browser may be sent to: visible ASCII, and what a provider's own URL must be. */
bool orders_provider_page_ok(const char *url);

/**
 * Read a reply of a 2xx status. What cannot be read is `provider_unreachable`: what the provider did is not known, and
 * the same request may be sent again.
 */
orders_problem_t *orders_intent_read(orders_intent_reply_t *reply, apr_pool_t *pool,
                                     const char *text, apr_size_t length) ORDERS_MUSTCHECK;
orders_problem_t *orders_refund_read(orders_refund_reply_t *reply, apr_pool_t *pool,
                                     const char *text, apr_size_t length) ORDERS_MUSTCHECK;

/**
 * What a status other than 2xx means, never NULL. `provider_refused` needs a status that can be final (400, 402, 404,
 * 410, 422) and a JSON object with a `code`; all else is `provider_unreachable`.
 */
orders_problem_t *orders_refusal_read(long status, apr_pool_t *pool, const char *text,
                                      apr_size_t length);

/** Reads the body of an event; `event->id` is not touched. `malformed_json` or `invalid_fields`. */
orders_problem_t *orders_event_read(orders_event_t *event, apr_pool_t *pool, const char *text,
                                    apr_size_t length) ORDERS_MUSTCHECK;

#endif
