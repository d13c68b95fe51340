/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What an event of PayPal's is about, read back from PayPal's API with the channel's own credentials.
 */
#ifndef ORDERS_PAYMENTS_PAYPAL_READ_BACK_H
#define ORDERS_PAYMENTS_PAYPAL_READ_BACK_H

#include "payments/paypal/events.h"

/**
 * Makes an event of what PayPal shows of the capture or refund that `hint` names. All calls together take at most the
 * channel's timeout and half a second. `provider_unreachable`: PayPal did not answer, or does not know it; the event has to come again.
 */
orders_problem_t *orders_paypal_read_back(const orders_channel_t *channel, apr_pool_t *pool,
                                          const orders_paypal_hint_t *hint,
                                          orders_event_t *event) ORDERS_MUSTCHECK;

#endif
