/* SPDX-License-Identifier: Apache-2.0 */
/**
 * PayPal's events, and the resources that they name. No I/O.
 *
 * The signature covers only a CRC-32 of the body, so anybody can forge a body. An event is therefore only a hint: it names the capture or
 * refund to read from PayPal's API, and ids, amounts and outcomes are taken from that reply.
 */
#ifndef ORDERS_PAYMENTS_PAYPAL_EVENTS_H
#define ORDERS_PAYMENTS_PAYPAL_EVENTS_H

#include "payments/provider.h"

typedef enum {
    ORDERS_PAYPAL_NOTHING, /**< no capture or refund to read: the event names an order */
    ORDERS_PAYPAL_CAPTURE,
    ORDERS_PAYPAL_REFUND
} orders_paypal_resource_e;

/** The resource to read. */
typedef struct orders_paypal_hint_t {
    orders_paypal_resource_e resource;
    const char *id; /**< can be used in a path */
} orders_paypal_hint_t;

/**
 * Parses an event. Type `approved`: `event` has the intent, which the caller must read from PayPal before it captures. `ignored`: another type, or a
 * resource without a valid custom_id. Otherwise `hint` names the resource, and `event` has only its id and types. `malformed_json`, `invalid_fields`.
 */
orders_problem_t *orders_paypal_event_read(orders_parsed_event_t *event, orders_paypal_hint_t *hint,
                                           apr_pool_t *pool, const char *text,
                                           apr_size_t length) ORDERS_MUSTCHECK;

/**
 * Reads the claims of a signed body. `notice->unreadable` is the problem of orders_paypal_event_read(). A notice without a resource,
 * a payment and a transaction does not concern the tenant.
 */
void orders_paypal_notice_read(orders_notice_t *notice, apr_pool_t *pool, const char *text,
                               apr_size_t length);

/**
 * The resource to read for a notice, and the types of its event; ORDERS_PAYPAL_NOTHING: the event names an order as its intent. False: the
 * type is unknown, or the id is invalid.
 */
bool orders_paypal_notice_hint(orders_parsed_event_t *event, orders_paypal_hint_t *hint,
                               const orders_notice_t *notice);

/**
 * Converts a capture, as returned by PayPal's API, to an event. The event id consists of the id and outcome of the capture, so that a forged event
 * cannot use up the id of a genuine one. Amounts are in minor units of the currency table as shipped.
 * Type `ignored`: the capture has no valid custom_id. `provider_unreachable`: the reply is malformed.
 */
orders_problem_t *orders_paypal_event_capture(orders_parsed_event_t *event, apr_pool_t *pool,
                                              const char *text, apr_size_t length) ORDERS_MUSTCHECK;

/**
 * The same for a refund. `*capture_id`: the capture to read with orders_paypal_event_owner() to find the payment, or NULL if the refund names the payment.
 * Type `refund_failed`: PayPal could not complete the refund. `ignored`: it names neither payment nor capture. `undecided`: it is still pending.
 */
orders_problem_t *orders_paypal_event_refund(orders_parsed_event_t *event, const char **capture_id,
                                             apr_pool_t *pool, const char *text,
                                             apr_size_t length) ORDERS_MUSTCHECK;

/** Adds the payment and intent of a capture, as returned by PayPal's API. `provider_unreachable`: the reply is malformed. */
orders_problem_t *orders_paypal_event_owner(orders_parsed_event_t *event, apr_pool_t *pool,
                                            const char *text, apr_size_t length) ORDERS_MUSTCHECK;

#endif
