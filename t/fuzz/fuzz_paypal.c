/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of PayPal, or of a sender that pretends to be PayPal: replies, refusals, events, certificates and their URLs. The first
 * byte selects the parser. */
#include <strings.h>

#include "payments/http_messages.h"
#include "payments/paypal/call.h"
#include "payments/paypal/certificates.h"
#include "payments/paypal/events.h"
#include "payments/paypal/json.h"
#include "payments/paypal/messages.h"
#include "payments/paypal/search.h"
#include "support.h"

static void read_event(apr_pool_t *pool, const char *text, size_t length)
{
    orders_paypal_hint_t hint;
    orders_parsed_event_t event;
    orders_notice_t notice;

    orders_paypal_notice_read(&notice, pool, text, length);
    HOLDS(!notice.resource_kind == !notice.resource_id);
    HOLDS(!notice.resource_kind || (!notice.unreadable && notice.raw_type));
    HOLDS(!notice.resource_id || orders_paypal_id_ok(notice.resource_id));
    HOLDS(!notice.resource_kind || orders_paypal_notice_hint(&event, &hint, &notice));
    if (orders_paypal_event_read(&event, &hint, pool, text, length)) {
        return;
    }
    HOLDS(event.id && *event.id && event.type);
    HOLDS(hint.resource == ORDERS_PAYPAL_NOTHING || orders_paypal_id_ok(hint.id));
    HOLDS(!event.intent_id || orders_paypal_id_ok(event.intent_id));
    HOLDS(strcmp(event.type, "approved") || (event.payment_key && event.tenant > 0));
    HOLDS(!event.transaction_id && !event.amount);
}

static void check_subject(const orders_parsed_event_t *event)
{
    HOLDS(orders_provider_id_ok(event->id) && orders_paypal_id_ok(event->transaction_id));
    HOLDS(!event->intent_id || orders_paypal_id_ok(event->intent_id));
    HOLDS(event->amount >= 0);
}

static void read_subject(apr_pool_t *pool, const char *text, size_t length)
{
    orders_parsed_event_t event = {.type = "paid"};
    const char *capture_id;

    if (!orders_paypal_event_capture(&event, pool, text, length)) {
        check_subject(&event);
        HOLDS(!strcmp(event.type, "ignored") || (event.payment_key && event.tenant > 0));
    }
    if (!orders_paypal_event_refund(&event, &capture_id, pool, text, length)) {
        if (!strcmp(event.type, "undecided")) {
            return;
        }
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

static void check_next(apr_pool_t *pool, const orders_listing_t *listing)
{
    const orders_listing_request_t request = {.tenant = 1, .page = listing->next};
    orders_paypal_window_t window;

    HOLDS(!listing->next || !orders_paypal_window_read(&window, pool, &request, 0));
}

static void read_search(apr_pool_t *pool, const char *text, size_t length)
{
    const orders_paypal_window_t window = {1700000000, 1700086400, 1700172800, 1};
    orders_listing_t listing;

    if (!orders_paypal_search_refused(&listing, pool, &window, 400, text, length)) {
        HOLDS(apr_is_empty_array(listing.entries) && listing.next);
        check_next(pool, &listing);
    }
    if (orders_paypal_search_read(&listing, pool, &window, 1, text, length)) {
        return;
    }
    check_next(pool, &listing);
    for (int i = 0; i < listing.entries->nelts; i++) {
        const orders_listed_t *entry = &APR_ARRAY_IDX(listing.entries, i, orders_listed_t);

        HOLDS(orders_paypal_id_ok(entry->transaction_id) && entry->amount >= 0 && entry->currency);
        HOLDS(strcmp(entry->kind, "capture") || entry->payment_key);
        HOLDS(strcmp(entry->kind, "refund") || entry->payment_key || entry->capture_id);
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
    orders_parsed_event_t event = {.type = "refunded"};
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
        read_search(pool, text + 1, length - 1);
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
