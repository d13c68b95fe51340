/* SPDX-License-Identifier: Apache-2.0 */
/**
 * PayPal's webhook events, read. No I/O here.
 */
#ifndef ORDERS_SERVICES_PAYPAL_EVENTS_H
#define ORDERS_SERVICES_PAYPAL_EVENTS_H

#include "services/provider.h"

/**
 * Reads an event. `ignored`: of another type, or about nothing that carries our mark. Amounts are in minor units of the
 * order book as it is shipped. `*capture_id`: the capture of a refund whose payment is not told, which must be asked for
 * (orders_paypal_event_owner), or NULL. `malformed_json`, `invalid_fields`.
 */
orders_problem_t *orders_paypal_event_read(orders_event_t *event, const char **capture_id,
                                           apr_pool_t *pool, const char *text,
                                           apr_size_t length) ORDERS_MUSTCHECK;

/** Completes the event with the payment and the intent of a capture, as PayPal shows it. `provider_unreachable`. */
orders_problem_t *orders_paypal_event_owner(orders_event_t *event, apr_pool_t *pool,
                                            const char *text, apr_size_t length) ORDERS_MUSTCHECK;

#endif
