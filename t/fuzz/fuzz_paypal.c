/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of PayPal, or of a sender that pretends to be PayPal: replies, refusals, webhooks, certificates and their URLs. The first
 * byte selects the parser. */
#include <strings.h>

#include "payments/http_messages.h"
#include "payments/paypal/call.h"
#include "payments/paypal/certificates.h"
#include "payments/paypal/events.h"
#include "payments/paypal/json.h"
#include "payments/paypal/messages.h"
#include "support.h"

static void read_event(apr_pool_t *pool, const char *text, size_t length)
{
    orders_paypal_hint_t hint;
    orders_event_t event;

    if (orders_paypal_event_read(&event, &hint, pool, text, length)) {
        return;
    }
    HOLDS(event.id && *event.id && event.type);
    HOLDS(hint.resource == ORDERS_PAYPAL_NOTHING || orders_paypal_id_ok(hint.id));
    HOLDS(!event.intent_id || orders_paypal_id_ok(event.intent_id));
    HOLDS(strcmp(event.type, "approved") || (event.payment_key && event.tenant > 0));
    HOLDS(!event.transaction_id && !event.amount);
}

static void check_subject(const orders_event_t *event)
{
    HOLDS(orders_provider_id_ok(event->id) && orders_paypal_id_ok(event->transaction_id));
    HOLDS(!event->intent_id || orders_paypal_id_ok(event->intent_id));
    HOLDS(event->amount >= 0);
}

static void read_subject(apr_pool_t *pool, const char *text, size_t length)
{
    orders_event_t event = {.type = "paid"};
    const char *capture_id;

    if (!orders_paypal_event_capture(&event, pool, text, length)) {
        check_subject(&event);
        HOLDS(!strcmp(event.type, "ignored") || (event.payment_key && event.tenant > 0));
    }
    if (!orders_paypal_event_refund(&event, &capture_id, pool, text, length)) {
        check_subject(&event);
        HOLDS(!capture_id || orders_paypal_id_ok(capture_id));
        HOLDS(!strcmp(event.type, "ignored") || event.payment_key || capture_id);
    }
}

static void read_capture(apr_pool_t *pool, const char *text, size_t length)
{
    orders_capture_reply_t reply;

    if (orders_paypal_capture_read(&reply, pool, text, length, ORDERS_EXPONENT_UNKNOWN)) {
        return;
    }
    HOLDS(reply.outcome && reply.amount >= 0);
    if (!strcmp(reply.outcome, "paid")) {
        HOLDS(orders_paypal_id_ok(reply.transaction_id) && strlen(reply.currency) == 3);
    }
    HOLDS(!reply.pay_url || strstr(reply.pay_url, "://"));
}

static void read_refund(apr_pool_t *pool, const char *text, size_t length)
{
    orders_refund_reply_t reply;
    bool found;

    if (!orders_paypal_refund_read(&reply, pool, text, length)) {
        HOLDS(orders_paypal_id_ok(reply.transaction_id));
    }
    if (!orders_paypal_refund_find(&reply, &found, pool, "1-refund-9", text, length)) {
        HOLDS(!reply.transaction_id || (found && orders_paypal_id_ok(reply.transaction_id)));
    }
}

static void read_certificate(apr_pool_t *pool, const char *text, size_t length)
{
    char *string = fuzz_string(text, length);
    const char *why;

    HOLDS(!orders_paypal_certificate_key(text, length, "/dev/null", 0, pool, &why) && why);
    if (orders_paypal_certificate_url_ok("https://api-m.paypal.com", string, pool)) {
        HOLDS(!strncasecmp(string, "https://", 8) && strcasestr(string, ".paypal.com"));
    }
    free(string);
}

static void fuzz_one(const char *text, size_t length, apr_pool_t *pool)
{
    orders_event_t event = {.type = "refunded"};
    orders_paypal_error_t error;
    orders_intent_reply_t intent;

    switch (length ? text[0] % 6 : -1) {
    case 0:
        read_event(pool, text + 1, length - 1);
        break;
    case 1:
        read_capture(pool, text + 1, length - 1);
        read_subject(pool, text + 1, length - 1);
        break;
    case 2:
        read_refund(pool, text + 1, length - 1);
        read_subject(pool, text + 1, length - 1);
        break;
    case 3:
        orders_paypal_error(&error, pool, 422, text + 1, length - 1);
        HOLDS(error.code && error.message && error.log && !strpbrk(error.log, "\r\n"));
        break;
    case 4:
        if (!orders_paypal_intent_read(&intent, pool, text + 1, length - 1)) {
            HOLDS(orders_paypal_id_ok(intent.intent_id) && intent.pay_url);
        }
        HOLDS(orders_paypal_event_owner(&event, pool, text + 1, length - 1) || event.type);
        break;
    case 5:
        read_certificate(pool, text + 1, length - 1);
        break;
    default:
        break;
    }
}
