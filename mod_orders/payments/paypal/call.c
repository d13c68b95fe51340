/* SPDX-License-Identifier: Apache-2.0 */
#include "payments/paypal/call.h"

#include <apr_strings.h>
#include <string.h>

#include "core/text.h"
#include "payments/channel_call.h"
#include "payments/http_messages.h"
#include "payments/paypal/json.h"
#include "payments/paypal/token.h"
#include "payments/provider_problem.h"

#define MAX_MESSAGE 500
#define MAX_CODE 64

static orders_problem_t *send_call(const orders_channel_t *channel, apr_pool_t *pool,
                                   const orders_paypal_call_t *call, const char *token,
                                   orders_http_reply_t *reply)
{
    apr_table_t *headers = apr_table_make(pool, 8);
    orders_http_request_t request = {
        .url = orders_http_url_join(pool, channel->url, call->path),
        .body = call->body,
        .length = call->length,
        .max_reply = call->max_reply,
    };

    apr_table_setn(headers, "Authorization", apr_pstrcat(pool, "Bearer ", token, NULL));
    apr_table_setn(headers, "Accept", "application/json");
    if (call->body) {
        apr_table_setn(headers, "Content-Type", "application/json");
        apr_table_setn(headers, "Prefer", "return=representation");
        apr_table_setn(headers, "PayPal-Request-Id", call->request_id);
        apr_table_setn(headers, "Expect", "");
    }
    return orders_channel_call(channel, pool, &request, headers, reply);
}

static bool is_handled_status(long status)
{
    return (status >= 200 && status <= 299) || status == 400 || status == 404 || status == 422;
}

orders_problem_t *orders_paypal_call(const orders_channel_t *channel, apr_pool_t *pool,
                                     const orders_paypal_call_t *call, orders_http_reply_t *reply)
{
    const char *token;
    orders_paypal_error_t error;

    ORDERS_TRY(orders_paypal_token(channel, pool, &token));
    ORDERS_TRY(send_call(channel, pool, call, token, reply));
    if (reply->status == 401) { /* the token was revoked, or has expired by the provider's clock */
        orders_paypal_token_drop(token);
        ORDERS_TRY(orders_paypal_token(channel, pool, &token));
        ORDERS_TRY(send_call(channel, pool, call, token, reply));
    }
    if (reply->status == 403 && call->returns_403) { /* a new token may have the permission */
        orders_paypal_token_drop(token);
        return NULL;
    }
    if (!is_handled_status(reply->status)) {
        orders_paypal_error(&error, pool, reply->status, reply->body, reply->length);
        return orders_provider_unreachable(pool, error.log);
    }
    return NULL;
}

/** Returns `text` if it can be a PayPal code, otherwise "". Codes are compared, stored and logged. */
static const char *get_valid_code(const char *text)
{
    return text && strlen(text) <= MAX_CODE &&
                   !text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                      "0123456789_-.")]
               ? text
               : "";
}

static const char *first_non_empty(const char *text, const char *alternative)
{
    return *text ? text : alternative;
}

/** The page where the buyer can approve the payment, retry, or choose another payment method. */
static const char *find_pay_url(const json_t *root)
{
    static const char *const rels[] = {"payer-action", "redirect", "approve"};

    for (size_t i = 0; i < sizeof(rels) / sizeof(rels[0]); i++) {
        const char *link = orders_paypal_link(root, rels[i]);

        if (link && orders_provider_page_ok(link)) {
            return link;
        }
    }
    return "";
}

void orders_paypal_error(orders_paypal_error_t *error, apr_pool_t *pool, long status,
                         const char *text, apr_size_t length)
{
    const json_t *root = NULL;
    const char *debug_id, *description;

    if (orders_paypal_json(&root, pool, text, length)) {
        root = NULL;
    }
    error->code = first_non_empty(get_valid_code(orders_paypal_text(root, "details.0.issue")),
                                  get_valid_code(orders_paypal_text(root, "name")));
    description = orders_paypal_text(root, "details.0.description");
    description = orders_text_sanitise(
        pool, description ? description : orders_paypal_text(root, "message"), MAX_MESSAGE);
    error->message = description ? description : "PayPal refused the request.";
    error->pay_url = find_pay_url(root);
    debug_id = get_valid_code(orders_paypal_text(root, "debug_id"));
    error->log = apr_psprintf(pool, "PayPal replied %ld%s%s%s%s", status, *error->code ? ": " : "",
                              error->code, *debug_id ? ", debug_id " : "", debug_id);
}

orders_problem_t *orders_paypal_refused(apr_pool_t *pool, const orders_http_reply_t *reply)
{
    orders_paypal_error_t error;

    orders_paypal_error(&error, pool, reply->status, reply->body, reply->length);
    return *error.code ? orders_provider_refused(pool, error.code, error.message, error.log)
                       : orders_provider_unreachable(pool, error.log);
}
