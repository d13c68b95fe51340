/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Calls of PayPal's REST API with an access token, and its error replies.
 */
#ifndef ORDERS_PAYMENTS_PAYPAL_CALL_H
#define ORDERS_PAYMENTS_PAYPAL_CALL_H

#include "net/http_client.h"
#include "payments/provider.h"

typedef struct orders_paypal_call_t {
    const char *path; /**< the caller has checked the ids in it */
    const char *body; /**< sent by POST; NULL: GET */
    apr_size_t length;
    const char *request_id; /**< idempotency key of a POST (PayPal-Request-Id) */
    apr_size_t max_reply;   /**< as in orders_http_request_t */
    /** A refused permission is a reply with status 403, and the next call requests a new token. Otherwise it is `provider_unreachable`. */
    bool returns_403;
} orders_paypal_call_t;

/**
 * Returns a reply with status 2xx, 400, 404 or 422. Anything else is `provider_unreachable`: no reply, 5xx, 429, or credentials that
 * are refused with a new token too.
 */
orders_problem_t *orders_paypal_call(const orders_channel_t *channel, apr_pool_t *pool,
                                     const orders_paypal_call_t *call,
                                     orders_http_reply_t *reply) ORDERS_MUSTCHECK;

/** An error reply, {"name", "details": [{"issue", "description"}], "debug_id"}. No member is NULL. */
typedef struct orders_paypal_error_t {
    const char
        *code; /**< the first issue, or the name; "": the reply is not a PayPal error object */
    const char *message; /**< human-readable */
    const char *pay_url; /**< page where the buyer can continue, or "" */
    const char *log;     /**< status, code and debug_id */
} orders_paypal_error_t;

void orders_paypal_error(orders_paypal_error_t *error, apr_pool_t *pool, long status,
                         const char *text, apr_size_t length);

/** An error reply as a problem: `provider_refused`, or `provider_unreachable` if it is not a PayPal error object. */
orders_problem_t *orders_paypal_refused(apr_pool_t *pool, const orders_http_reply_t *reply);

#endif
