/* SPDX-License-Identifier: Apache-2.0 */
/**
 * PayPal's webhook events, and the resources that they are about. No I/O here.
 *
 * The signature of an event covers its body by a CRC-32 only, which everybody can forge: an event is a hint. It says which
 * capture or refund to read back; ids, amounts and outcomes are taken from what PayPal's API returns for it.
 */
#ifndef ORDERS_PAYMENTS_PAYPAL_EVENTS_H
#define ORDERS_PAYMENTS_PAYPAL_EVENTS_H

#include "payments/provider.h"

typedef enum {
    ORDERS_PAYPAL_NOTHING, /**< nothing has to be read back: the event is complete */
    ORDERS_PAYPAL_CAPTURE,
    ORDERS_PAYPAL_REFUND
} orders_paypal_resource_e;

/** What an event asks to be read back. */
typedef struct orders_paypal_hint_t {
    orders_paypal_resource_e resource;
    const char *id; /**< of the resource; fit for a path */
} orders_paypal_hint_t;

/**
 * Reads an event. `approved`: with its intent, at which the caller must look before it does anything. `ignored`: of another
 * type, or about nothing that carries our mark. Anything else is a hint, and `event` has only its id and types.
 * `malformed_json`, `invalid_fields`.
 */
orders_problem_t *orders_paypal_event_read(orders_event_t *event, orders_paypal_hint_t *hint,
                                           apr_pool_t *pool, const char *text,
                                           apr_size_t length) ORDERS_MUSTCHECK;

/**
 * The event that a capture amounts to, as PayPal's API shows it. Its id is made of the capture's id and outcome, so that
 * nobody can use up the id of another event. Amounts are in minor units of the order database as it is shipped.
 * `ignored`: the capture does not carry our mark. `provider_unreachable`: it cannot be read.
 */
orders_problem_t *orders_paypal_event_capture(orders_event_t *event, apr_pool_t *pool,
                                              const char *text, apr_size_t length) ORDERS_MUSTCHECK;

/**
 * The same of a refund. `*capture_id`: its capture, which must be read too (orders_paypal_event_owner) to learn whose refund
 * it is, or NULL when there is no need. `ignored`: it failed, or tells neither. `provider_unreachable`: it is still pending.
 */
orders_problem_t *orders_paypal_event_refund(orders_event_t *event, const char **capture_id,
                                             apr_pool_t *pool, const char *text,
                                             apr_size_t length) ORDERS_MUSTCHECK;

/** Completes the event with the payment and the intent of a capture, as PayPal shows it. `provider_unreachable`. */
orders_problem_t *orders_paypal_event_owner(orders_event_t *event, apr_pool_t *pool,
                                            const char *text, apr_size_t length) ORDERS_MUSTCHECK;

#endif
