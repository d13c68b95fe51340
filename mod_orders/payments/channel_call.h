/* SPDX-License-Identifier: Apache-2.0 */
/** Calls of a channel's provider. Every one goes this way: within the channel's timeout and past its breaker. */
#ifndef ORDERS_PAYMENTS_CHANNEL_CALL_H
#define ORDERS_PAYMENTS_CHANNEL_CALL_H

#include "net/http_client.h"
#include "payments/provider.h"

/**
 * What the channel knows of a call (timeout, trusted certificates, cancellation) is filled into `request`. Problem:
 * `provider_unreachable`, when there is no whole reply, or (then it is `quiet`) when the call was not made.
 */
orders_problem_t *orders_channel_call(const orders_channel_t *channel, apr_pool_t *pool,
                                      orders_http_request_t *request,
                                      orders_http_reply_t *reply) ORDERS_MUSTCHECK;

#endif
