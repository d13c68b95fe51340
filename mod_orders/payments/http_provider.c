/* SPDX-License-Identifier: Apache-2.0 */
#include "payments/http_provider.h"

#include <apr_strings.h>
#include <apr_time.h>
#include <string.h>

#include "net/signature.h"
#include "payments/channel_call.h"
#include "payments/http_messages.h"
#include "payments/provider_problem.h"

/** Sets the headers of a message. The message id is also the idempotency key. */
static orders_problem_t *sign_headers(const orders_channel_t *channel, apr_pool_t *pool,
                                      const orders_message_t *message, apr_table_t *headers)
{
    orders_keys_t keys;
    const char *error = orders_keys_read(&keys, pool, channel->secret, channel->secret_length);
    const char *signature = error ? NULL : orders_signature_make(&keys, message, pool);

    if (!signature) {
        return orders_provider_unusable(pool, error ? error : "a signature cannot be computed");
    }
    apr_table_setn(headers, "Content-Type", "application/json");
    apr_table_setn(headers, "Accept", "application/json");
    apr_table_setn(headers, "Expect", "");
    apr_table_setn(headers, "Idempotency-Key", message->id);
    apr_table_setn(headers, "webhook-id", message->id);
    apr_table_setn(headers, "webhook-timestamp", message->timestamp);
    apr_table_setn(headers, "webhook-signature", signature);
    return NULL;
}

/** Posts a message. NULL only for a complete 2xx reply. */
static orders_problem_t *post_message(const orders_channel_t *channel, apr_pool_t *pool,
                                      const char *path, const orders_message_t *message,
                                      orders_http_reply_t *reply)
{
    apr_table_t *headers = apr_table_make(pool, 8);
    orders_http_request_t request = {
        .url = orders_http_url_join(pool, channel->url, path),
        .body = message->body,
        .length = message->length,
    };

    ORDERS_TRY(sign_headers(channel, pool, message, headers));
    ORDERS_TRY(orders_channel_call(channel, pool, &request, headers, reply));
    if (reply->status < 200 || reply->status > 299) {
        return orders_refusal_read(reply->status, pool, reply->body, reply->length);
    }
    return NULL;
}

static orders_message_t make_message(apr_pool_t *pool, const char *key)
{
    orders_message_t message = {
        .id = key,
        .timestamp =
            apr_psprintf(pool, "%" APR_INT64_T_FMT, (apr_int64_t)apr_time_sec(apr_time_now())),
    };

    return message;
}

static orders_problem_t *create_intent(const orders_channel_t *channel, apr_pool_t *pool,
                                       const orders_intent_request_t *request,
                                       orders_intent_reply_t *reply)
{
    orders_message_t message = make_message(pool, request->payment_key);
    orders_http_reply_t http_reply;

    message.body = orders_intent_text(request, pool, &message.length);
    ORDERS_TRY(post_message(channel, pool, "/intents", &message, &http_reply));
    return orders_intent_read(reply, pool, http_reply.body, http_reply.length);
}

static orders_problem_t *refund(const orders_channel_t *channel, apr_pool_t *pool,
                                const orders_refund_request_t *request,
                                orders_refund_reply_t *reply)
{
    orders_message_t message = make_message(pool, request->refund_key);
    orders_http_reply_t http_reply;

    if (!orders_provider_id_ok(request->intent_id)) {
        return orders_provider_unusable(pool, "the payment has no intent to refund");
    }
    message.body = orders_refund_text(request, pool, &message.length);
    ORDERS_TRY(post_message(channel, pool,
                            apr_pstrcat(pool, "/intents/", request->intent_id, "/refunds", NULL),
                            &message, &http_reply));
    return orders_refund_read(reply, pool, http_reply.body, http_reply.length);
}

static bool is_signed(const orders_signed_body_t *received)
{
    static const char *const names[] = {"webhook-id", "webhook-timestamp", "webhook-signature"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!received->header(received->context, names[i])) {
            return false;
        }
    }
    return true;
}

static orders_problem_t *read_event(const orders_channel_t *channel, apr_pool_t *pool,
                                    const orders_signed_body_t *received,
                                    orders_parsed_event_t *event)
{
    orders_message_t message = {
        .id = received->header(received->context, "webhook-id"),
        .timestamp = received->header(received->context, "webhook-timestamp"),
        .body = received->body,
        .length = received->length,
    };
    const char *signatures = received->header(received->context, "webhook-signature");
    orders_keys_t keys;
    const char *error = orders_keys_read(&keys, pool, channel->secret, channel->secret_length);

    memset(event, 0, sizeof(*event));
    if (error) {
        return orders_provider_unusable(pool, error);
    }
    if (!orders_signature_valid(&keys, &message, signatures, apr_time_now(), pool)) {
        return orders_problem(pool, ORDERS_E_invalid_signature, NULL);
    }
    if (!orders_provider_id_ok(message.id)) {
        return orders_problem(
            pool, ORDERS_E_malformed_request,
            "webhook-id must be 1 to 255 letters, digits and _ - . : ~, and must not begin with a "
            "dot.");
    }
    event->id = message.id;
    return orders_event_read(event, pool, received->body, received->length);
}

/** The secret file has 1 to 4 lines of at least 16 bytes each; more than one during a rotation. */
static const char *check_options(const orders_channel_t *channel, apr_pool_t *pool)
{
    orders_keys_t keys;

    if (channel->client_id || channel->webhook_id) {
        return "client-id= and webhook-id= are not allowed with provider=http";
    }
    return orders_keys_read(&keys, pool, channel->secret, channel->secret_length);
}

const orders_provider_t orders_http_provider = {
    .name = "http",
    .calls = 1,
    .options_check = check_options,
    .create_intent = create_intent,
    .refund = refund,
    .is_signed = is_signed,
    .read_event = read_event,
};
