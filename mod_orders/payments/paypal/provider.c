/* SPDX-License-Identifier: Apache-2.0 */
#include "payments/paypal/provider.h"

#include <apr_strings.h>
#include <apr_time.h>
#include <string.h>

#include "payments/paypal/call.h"
#include "payments/paypal/events.h"
#include "payments/paypal/json.h"
#include "payments/paypal/messages.h"
#include "payments/paypal/read_back.h"
#include "payments/paypal/search.h"
#include "payments/paypal/webhook.h"
#include "payments/provider_problem.h"

/** A read, a capture and another read, each with a token request, and all repeated with a new token. */
#define MAX_CALLS 12

static const char *check_options(const orders_channel_t *channel, apr_pool_t *pool)
{
    if (!channel->client_id || !*channel->client_id || strchr(channel->client_id, ':')) {
        return "provider=paypal requires client-id=, the client id of the REST app";
    }
    if (!channel->webhook_id || !*channel->webhook_id) {
        return "provider=paypal requires webhook-id=, the id of the webhook of this channel";
    }
    return memchr(channel->secret, '\n', channel->secret_length)
               ? "the secret file of provider=paypal must have one line, the secret of the REST app"
               : NULL;
}

/** The PayPal-Request-Id. PayPal stores it for six hours for orders and captures, for 45 days for refunds. */
static const char *make_request_id(apr_pool_t *pool, const char *kind, const char *key)
{
    return apr_pstrcat(pool, kind, "-", key, NULL);
}

static bool is_ok(const orders_http_reply_t *reply)
{
    return reply->status >= 200 && reply->status <= 299;
}

static orders_problem_t *create_intent(const orders_channel_t *channel, apr_pool_t *pool,
                                       const orders_intent_request_t *request,
                                       orders_intent_reply_t *reply)
{
    orders_paypal_call_t call = {
        .path = "/v2/checkout/orders",
        .request_id = make_request_id(pool, "payment", request->payment_key),
    };
    orders_http_reply_t http_reply;

    ORDERS_TRY(orders_paypal_order_text(&call.body, pool, request, &call.length));
    ORDERS_TRY(orders_paypal_call(channel, pool, &call, &http_reply));
    return is_ok(&http_reply)
               ? orders_paypal_intent_read(reply, pool, http_reply.body, http_reply.length)
               : orders_paypal_refused(pool, &http_reply);
}

static orders_problem_t *get_resource(const orders_channel_t *channel, apr_pool_t *pool,
                                      const char *path, const char *id,
                                      orders_http_reply_t *http_reply)
{
    const orders_paypal_call_t call = {.path = apr_pstrcat(pool, path, id, NULL)};

    return orders_paypal_call(channel, pool, &call, http_reply);
}

/** Outcome of an error reply to a capture or to a read of the order. */
static orders_problem_t *read_error_outcome(orders_capture_reply_t *reply, apr_pool_t *pool,
                                            const orders_http_reply_t *http_reply)
{
    orders_paypal_error_t error;

    memset(reply, 0, sizeof(*reply));
    orders_paypal_error(&error, pool, http_reply->status, http_reply->body, http_reply->length);
    if (!*error.code) {
        return orders_provider_unreachable(pool, error.log);
    }
    if (!strcmp(error.code, "ORDER_NOT_APPROVED") || !strcmp(error.code, "PAYER_ACTION_REQUIRED")) {
        reply->outcome = "waiting";
        reply->pay_url = *error.pay_url ? error.pay_url : NULL;
    } else if (http_reply->status == 404) {
        reply->outcome = "gone";
    } else {
        reply->outcome = "failed";
        reply->failure_code = error.code;
        reply->failure_message = error.message;
    }
    return NULL;
}

static orders_problem_t *read_intent(const orders_channel_t *channel, apr_pool_t *pool,
                                     const orders_capture_request_t *request,
                                     orders_capture_reply_t *reply)
{
    orders_http_reply_t http_reply;

    ORDERS_TRY(
        get_resource(channel, pool, "/v2/checkout/orders/", request->intent_id, &http_reply));
    return is_ok(&http_reply) ? orders_paypal_capture_read(reply, pool, http_reply.body,
                                                           http_reply.length, request->exponent)
                              : read_error_outcome(reply, pool, &http_reply);
}

static bool is_already_captured(apr_pool_t *pool, const orders_http_reply_t *http_reply)
{
    orders_paypal_error_t error;

    orders_paypal_error(&error, pool, http_reply->status, http_reply->body, http_reply->length);
    return !strcmp(error.code, "ORDER_ALREADY_CAPTURED");
}

static orders_problem_t *capture_intent(const orders_channel_t *channel, apr_pool_t *pool,
                                        const orders_capture_request_t *request,
                                        orders_capture_reply_t *reply)
{
    const orders_paypal_call_t call = {
        .path = apr_pstrcat(pool, "/v2/checkout/orders/", request->intent_id, "/capture", NULL),
        .body = "{}",
        .length = 2,
        .request_id = make_request_id(pool, "capture", request->payment_key),
    };
    orders_http_reply_t http_reply;

    ORDERS_TRY(orders_paypal_call(channel, pool, &call, &http_reply));
    if (is_ok(&http_reply)) {
        ORDERS_TRY(orders_paypal_capture_read(reply, pool, http_reply.body, http_reply.length,
                                              request->exponent));
    } else if (is_already_captured(pool, &http_reply)) {
        ORDERS_TRY(read_intent(channel, pool, request, reply));
    } else {
        return read_error_outcome(reply, pool, &http_reply);
    }
    return strcmp(reply->outcome, "approved")
               ? NULL
               : orders_provider_unreachable(
                     pool, "PayPal reports a captured order but returns no capture");
}

static orders_problem_t *capture(const orders_channel_t *channel, apr_pool_t *pool,
                                 const orders_capture_request_t *request,
                                 orders_capture_reply_t *reply)
{
    if (!orders_paypal_id_ok(request->intent_id)) {
        return orders_provider_unusable(pool, "the payment has no intent to capture");
    }
    if (request->read_first || request->read_only) {
        ORDERS_TRY(read_intent(channel, pool, request, reply));
        if (request->read_only || strcmp(reply->outcome, "approved")) {
            return NULL;
        }
    }
    return capture_intent(channel, pool, request, reply);
}

/** Reads the order to find a refund whose idempotency key may have expired at PayPal. */
static orders_problem_t *find_refund(const orders_channel_t *channel, apr_pool_t *pool,
                                     const orders_refund_request_t *request,
                                     const orders_http_reply_t *refusal,
                                     orders_refund_reply_t *reply)
{
    orders_http_reply_t http_reply;
    bool found;

    if (!orders_paypal_id_ok(request->intent_id)) {
        return orders_paypal_refused(pool, refusal);
    }
    ORDERS_TRY(
        get_resource(channel, pool, "/v2/checkout/orders/", request->intent_id, &http_reply));
    if (!is_ok(&http_reply)) {
        return orders_paypal_refused(pool, refusal);
    }
    ORDERS_TRY(orders_paypal_refund_find(reply, &found, pool,
                                         orders_paypal_refund_invoice_id(request, pool),
                                         http_reply.body, http_reply.length));
    return found ? NULL : orders_paypal_refused(pool, refusal);
}

/** Whether the cause of an error reply can be that the refund was completed by an earlier request. */
static bool may_be_completed(apr_pool_t *pool, const orders_http_reply_t *http_reply)
{
    static const char *const codes[] = {"CAPTURE_FULLY_REFUNDED", "REFUND_AMOUNT_EXCEEDED",
                                        "DUPLICATE_INVOICE_ID"};
    orders_paypal_error_t error;

    orders_paypal_error(&error, pool, http_reply->status, http_reply->body, http_reply->length);
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (!strcmp(error.code, codes[i])) {
            return true;
        }
    }
    return false;
}

static orders_problem_t *refund(const orders_channel_t *channel, apr_pool_t *pool,
                                const orders_refund_request_t *request,
                                orders_refund_reply_t *reply)
{
    orders_paypal_call_t call = {
        .request_id = make_request_id(pool, "refund", request->refund_key),
    };
    orders_http_reply_t http_reply;

    if (!orders_paypal_id_ok(request->transaction_id)) {
        return orders_provider_unusable(pool, "the payment has no capture to refund");
    }
    call.path =
        apr_pstrcat(pool, "/v2/payments/captures/", request->transaction_id, "/refund", NULL);
    ORDERS_TRY(orders_paypal_refund_text(&call.body, pool, request, &call.length));
    ORDERS_TRY(orders_paypal_call(channel, pool, &call, &http_reply));
    if (is_ok(&http_reply)) {
        return orders_paypal_refund_read(reply, pool, http_reply.body, http_reply.length);
    }
    return may_be_completed(pool, &http_reply)
               ? find_refund(channel, pool, request, &http_reply, reply)
               : orders_paypal_refused(pool, &http_reply);
}

static orders_problem_t *read_notice(const orders_channel_t *channel, apr_pool_t *pool,
                                     const orders_signed_body_t *received, orders_notice_t *notice)
{
    ORDERS_TRY(orders_paypal_webhook_check(channel, pool, received, apr_time_now()));
    orders_paypal_notice_read(notice, pool, received->body, received->length);
    return NULL;
}

static orders_problem_t *verify_notice(const orders_channel_t *channel, apr_pool_t *pool,
                                       const orders_notice_t *notice, orders_parsed_event_t *event)
{
    orders_paypal_hint_t hint;

    if (!orders_paypal_notice_hint(event, &hint, notice)) {
        event->type = "ignored";
        return NULL;
    }
    return hint.resource == ORDERS_PAYPAL_NOTHING
               ? NULL
               : orders_paypal_read_back(channel, pool, &hint, event);
}

const orders_provider_t orders_paypal_provider = {
    .name = "paypal",
    .calls = MAX_CALLS,
    .options_check = check_options,
    .create_intent = create_intent,
    .capture = capture,
    .refund = refund,
    .is_signed = orders_paypal_is_signed,
    .read_notice = read_notice,
    .verify_notice = verify_notice,
    .list_transactions = orders_paypal_list_transactions,
};
