/* SPDX-License-Identifier: Apache-2.0 */
#include "services/paypal_events.h"
#include "core/text.h"

#include <apr_strings.h>
#include <string.h>

#include "core/text.h"
#include "services/http_messages.h"
#include "services/paypal_json.h"
#include "services/paypal_money.h"
#include "services/refusal.h"

#define MAX_CODE 64
#define CAPTURE_PATH "/v2/payments/captures/"
#define ORDER_ID "supplementary_data.related_ids.order_id"

typedef enum { ORDER, CAPTURE, REFUND } resource_e;

/** The events that matter, and what their resource is. */
static const struct {
    const char *name, *type;
    resource_e resource;
} known[] = {
    {"CHECKOUT.ORDER.APPROVED", "approved", ORDER},
    {"PAYMENT.CAPTURE.COMPLETED", "paid", CAPTURE},
    {"PAYMENT.CAPTURE.PENDING", "confirming", CAPTURE},
    {"PAYMENT.CAPTURE.DENIED", "failed", CAPTURE},
    {"PAYMENT.CAPTURE.DECLINED", "failed", CAPTURE},
    {"PAYMENT.CAPTURE.REFUNDED", "refunded", REFUND},
    {"PAYMENT.CAPTURE.REVERSED", "refunded", REFUND},
};

/** A whole number of at most 18 digits that is not 0. */
static bool take_number(const char **at, int64_t *number)
{
    size_t digits = strspn(*at, "0123456789");

    if (!digits || digits > 18 || **at == '0') {
        return false;
    }
    *number = apr_atoi64(*at);
    *at += digits;
    return true;
}

/** Ours is "<tenant>-<UUID of the payment>". */
static bool take_mark(orders_event_t *event, const char *custom_id)
{
    int64_t tenant = 0;

    if (!custom_id || !take_number(&custom_id, &tenant) || *custom_id++ != '-' ||
        !orders_text_is_uuid(custom_id) || tenant > INT32_MAX) {
        return false;
    }
    event->tenant = (int32_t)tenant;
    event->payment_key = custom_id;
    return true;
}

static const char *take_id(const json_t *json, const char *path)
{
    const char *id = orders_paypal_text(json, path);

    return orders_paypal_id_ok(id) ? id : NULL;
}

/** The capture that a refund's link leads to, or NULL. */
static const char *capture_of(const json_t *refund)
{
    const char *link = orders_paypal_link(refund, "up");
    const char *id = link ? strstr(link, CAPTURE_PATH) : NULL;

    return id && orders_paypal_id_ok(id + strlen(CAPTURE_PATH)) ? id + strlen(CAPTURE_PATH) : NULL;
}

/** An amount that the order database cannot hold is none there, and the event is refused and kept. */
static orders_problem_t *read_money(orders_event_t *event, apr_pool_t *pool, const json_t *resource)
{
    orders_problem_t *problem = NULL;

    event->currency = orders_paypal_text(resource, "amount.currency_code");
    if (!orders_paypal_money_read(&event->amount, orders_paypal_text(resource, "amount.value"),
                                  event->currency, ORDERS_EXPONENT_UNKNOWN)) {
        event->amount = 0;
    }
    event->transaction_id = take_id(resource, "id");
    if (!event->transaction_id) {
        orders_problem_field(&problem, pool, "resource.id", ORDERS_E_invalid_field,
                             "It is missing, or has characters that it may not have.");
    }
    return problem;
}

static void read_failure(orders_event_t *event, apr_pool_t *pool, const json_t *resource)
{
    const char *reason = orders_paypal_text(resource, "status_details.reason");

    reason = reason ? reason : orders_paypal_text(resource, "status");
    event->transaction_id = take_id(resource, "id");
    event->failure_code = orders_text_sanitise(pool, reason ? reason : "DENIED", MAX_CODE);
    event->failure_message = "PayPal could not take the money.";
}

static orders_problem_t *read_resource(orders_event_t *event, const char **capture_id,
                                       apr_pool_t *pool, const json_t *resource, resource_e what)
{
    orders_problem_t *problem;
    bool marked =
        take_mark(event, orders_paypal_text(resource, what == ORDER ? "purchase_units.0.custom_id"
                                                                    : "custom_id"));

    event->intent_id = take_id(resource, what == ORDER ? "id" : ORDER_ID);
    if (what == REFUND && !event->intent_id) {
        *capture_id = capture_of(resource);
    }
    if ((!marked && !*capture_id) || (what == ORDER && !event->intent_id)) {
        event->type = "ignored";
        return NULL;
    }
    if (what == ORDER) {
        return NULL;
    }
    if (!strcmp(event->type, "failed")) {
        read_failure(event, pool, resource);
        return NULL;
    }
    problem = read_money(event, pool, resource);
    if (!marked && (problem || !event->amount)) { /* a refund of somebody else's, most likely */
        event->type = "ignored";
        return NULL;
    }
    return problem;
}

orders_problem_t *orders_paypal_event_read(orders_event_t *event, const char **capture_id,
                                           apr_pool_t *pool, const char *text, apr_size_t length)
{
    orders_problem_t *problem = NULL;
    const char *name;
    const json_t *root;

    memset(event, 0, sizeof(*event));
    *capture_id = NULL;
    ORDERS_TRY(orders_paypal_json(&root, pool, text, length));
    event->id = orders_paypal_text(root, "id");
    name = orders_paypal_text(root, "event_type");
    if (!orders_provider_id_ok(event->id)) {
        orders_problem_field(&problem, pool, "id", ORDERS_E_invalid_field,
                             "It is missing, or has characters that it may not have.");
        return problem;
    }
    event->type = "ignored";
    for (size_t i = 0; name && i < sizeof(known) / sizeof(known[0]); i++) {
        if (!strcmp(name, known[i].name)) {
            event->type = known[i].type;
            event->raw_type = known[i].name;
            return read_resource(event, capture_id, pool, json_object_get(root, "resource"),
                                 known[i].resource);
        }
    }
    return NULL;
}

orders_problem_t *orders_paypal_event_owner(orders_event_t *event, apr_pool_t *pool,
                                            const char *text, apr_size_t length)
{
    const json_t *root;

    if (orders_paypal_json(&root, pool, text, length)) {
        return orders_provider_unreachable(pool, "PayPal's capture cannot be read");
    }
    event->intent_id = take_id(root, ORDER_ID);
    if (!take_mark(event, orders_paypal_text(root, "custom_id"))) {
        event->type = "ignored";
    }
    return NULL;
}
