/* SPDX-License-Identifier: Apache-2.0 */
/** The only path to a channel's provider: applies the channel's timeout and its circuit breaker. */
#ifndef ORDERS_PAYMENTS_CHANNEL_CALL_H
#define ORDERS_PAYMENTS_CHANNEL_CALL_H

#include "net/http_client.h"
#include "payments/provider.h"

/**
 * Fills the channel's timeout, certificate store and cancellation into `request` and makes the call. `provider_unreachable`: no complete
 * reply, or (with `quiet` set) the breaker refused the call.
 */
orders_problem_t *orders_channel_call(const orders_channel_t *channel, apr_pool_t *pool,
                                      orders_http_request_t *request,
                                      orders_http_reply_t *reply) ORDERS_MUSTCHECK;

#endif
