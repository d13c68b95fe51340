/* SPDX-License-Identifier: Apache-2.0 */
/**
 * One call of PayPal's REST API with an access token, and what its refusals say.
 */
#ifndef ORDERS_PAYMENTS_PAYPAL_CALL_H
#define ORDERS_PAYMENTS_PAYPAL_CALL_H

#include "net/http_client.h"
#include "payments/provider.h"

typedef struct orders_paypal_call_t {
    const char *path; /**< its segments are known to be ids */
    const char *body; /**< POSTed; NULL: GET */
    apr_size_t length;
    const char *request_id; /**< the key by which PayPal knows a repeat of a POST */
} orders_paypal_call_t;

/**
 * Any 2xx, 400, 404 or 422 is a reply. All else is `provider_unreachable`: no answer, trouble at PayPal's, too many calls,
 * or credentials that it refuses, also those of a fresh token.
 */
orders_problem_t *orders_paypal_call(const orders_channel_t *channel, apr_pool_t *pool,
                                     const orders_paypal_call_t *call,
                                     orders_http_reply_t *reply) ORDERS_MUSTCHECK;

/** A refusal, {"name", "details": [{"issue", "description"}], "debug_id"}. Nothing in it is NULL. */
typedef struct orders_paypal_error_t {
    const char *
        code; /**< the first issue, or the name; "" when there is neither: not PayPal's own words */
    const char *message; /**< for people */
    const char *pay_url; /**< where the buyer may go on, or "" */
    const char *log;     /**< the status, the code and PayPal's number of the case */
} orders_paypal_error_t;

void orders_paypal_error(orders_paypal_error_t *error, apr_pool_t *pool, long status,
                         const char *text, apr_size_t length);

/** The refusal as a problem: `provider_refused`, or `provider_unreachable` when it is not PayPal's own. */
orders_problem_t *orders_paypal_refused(apr_pool_t *pool, const orders_http_reply_t *reply);

#endif
