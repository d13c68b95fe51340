/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Reads the resource of an event from PayPal's API with the channel's credentials.
 */
#ifndef ORDERS_PAYMENTS_PAYPAL_READ_BACK_H
#define ORDERS_PAYMENTS_PAYPAL_READ_BACK_H

#include "payments/paypal/events.h"

/**
 * Completes `event` from the capture or refund that `hint` names. All calls together take at most the channel's timeout plus half a second.
 * `provider_unreachable`: no reply, or PayPal does not return the resource; PayPal sends the event again.
 */
orders_problem_t *orders_paypal_read_back(const orders_channel_t *channel, apr_pool_t *pool,
                                          const orders_paypal_hint_t *hint,
                                          orders_parsed_event_t *event) ORDERS_MUSTCHECK;

#endif
