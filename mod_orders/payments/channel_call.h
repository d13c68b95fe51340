/* SPDX-License-Identifier: Apache-2.0 */
/** Calls of a channel's provider with the channel's timeout and circuit breaker. All calls use this function. */
#ifndef ORDERS_PAYMENTS_CHANNEL_CALL_H
#define ORDERS_PAYMENTS_CHANNEL_CALL_H

#include "net/http_client.h"
#include "payments/provider.h"

/**
 * Adds the request id and the trace of the calling request to `headers`, sets them and the channel's timeout, certificate store and
 * cancellation in `request`, and makes the call. `provider_unreachable`: no complete reply, or (with `quiet` set) the breaker refused the call.
 */
orders_problem_t *orders_channel_call(const orders_channel_t *channel, apr_pool_t *pool,
                                      orders_http_request_t *request, apr_table_t *headers,
                                      orders_http_reply_t *reply) ORDERS_MUSTCHECK;

#endif
