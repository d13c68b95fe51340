/* SPDX-License-Identifier: Apache-2.0 */
#include "payments/paypal/events.h"

#include <apr_strings.h>
#include <string.h>

#include "core/text.h"
#include "payments/http_messages.h"
#include "payments/paypal/json.h"
#include "payments/paypal/messages.h"
#include "payments/paypal/money.h"
#include "payments/provider_problem.h"

#define MAX_CODE 64
#define CAPTURE_PATH "/v2/payments/captures/"
#define ORDER_ID "supplementary_data.related_ids.order_id"

#define ORDER ORDERS_PAYPAL_NOTHING

/** Handled event types, and the kind of their resource. */
static const struct {
    const char *name, *type;
    orders_paypal_resource_e resource;
} event_types[] = {
    {"CHECKOUT.ORDER.APPROVED", "approved", ORDER},
    {"PAYMENT.CAPTURE.COMPLETED", "paid", ORDERS_PAYPAL_CAPTURE},
    {"PAYMENT.CAPTURE.PENDING", "confirming", ORDERS_PAYPAL_CAPTURE},
    {"PAYMENT.CAPTURE.DENIED", "failed", ORDERS_PAYPAL_CAPTURE},
    {"PAYMENT.CAPTURE.DECLINED", "failed", ORDERS_PAYPAL_CAPTURE},
    {"PAYMENT.CAPTURE.REFUNDED", "refunded", ORDERS_PAYPAL_REFUND},
    {"PAYMENT.CAPTURE.REVERSED", "refunded", ORDERS_PAYPAL_REFUND},
};

/** Parses a positive integer of at most 18 digits. */
static bool parse_number(const char **at, int64_t *number)
{
    size_t digits = strspn(*at, "0123456789");

    if (!digits || digits > 18 || **at == '0') {
        return false;
    }
    *number = apr_atoi64(*at);
    *at += digits;
    return true;
}

/** Parses our custom_id, "<tenant>-<UUID of the payment>". */
static bool parse_custom_id(orders_event_t *event, const char *custom_id)
{
    int64_t tenant = 0;

    if (!custom_id || !parse_number(&custom_id, &tenant) || *custom_id++ != '-' ||
        !orders_text_is_uuid(custom_id) || tenant > INT32_MAX) {
        return false;
    }
    event->tenant = (int32_t)tenant;
    event->payment_key = custom_id;
    return true;
}

static const char *get_id(const json_t *json, const char *path)
{
    const char *id = orders_paypal_text(json, path);

    return orders_paypal_id_ok(id) ? id : NULL;
}

/** The capture id in the refund's `up` link, or NULL. */
static const char *get_capture_id(const json_t *refund)
{
    const char *link = orders_paypal_link(refund, "up");
    const char *id = link ? strstr(link, CAPTURE_PATH) : NULL;

    return id && orders_paypal_id_ok(id + strlen(CAPTURE_PATH)) ? id + strlen(CAPTURE_PATH) : NULL;
}

static orders_problem_t *malformed_resource(apr_pool_t *pool, const char *why)
{
    return orders_provider_unreachable(
        pool, apr_pstrcat(pool, "PayPal's reply about the resource of an event: ", why, NULL));
}

static void mark_ignored(orders_event_t *event)
{
    event->type = "ignored";
}

/** An approved order. The payment is recorded only after the order was read from PayPal and captured. */
static void read_order(orders_event_t *event, const json_t *order)
{
    event->intent_id = get_id(order, "id");
    if (!event->intent_id ||
        !parse_custom_id(event, orders_paypal_text(order, "purchase_units.0.custom_id"))) {
        mark_ignored(event);
    }
}

/** A refund made by the merchant at PayPal or by the bank has no custom_id, but its capture has one. */
static bool may_be_own(const json_t *resource, orders_paypal_resource_e kind)
{
    orders_event_t unused;

    return parse_custom_id(&unused, orders_paypal_text(resource, "custom_id")) ||
           (kind == ORDERS_PAYPAL_REFUND && get_capture_id(resource));
}

static orders_problem_t *read_hint(orders_event_t *event, orders_paypal_hint_t *hint,
                                   apr_pool_t *pool, const json_t *resource,
                                   orders_paypal_resource_e kind)
{
    orders_problem_t *problem = NULL;
    const char *id = get_id(resource, "id");

    if (!may_be_own(resource, kind)) {
        mark_ignored(event);
    } else if (!id) {
        orders_problem_field(&problem, pool, "resource.id", ORDERS_E_invalid_field,
                             "Must be 1 to 64 letters, digits and dashes.");
    } else {
        *hint = (orders_paypal_hint_t){kind, id};
    }
    return problem;
}

orders_problem_t *orders_paypal_event_read(orders_event_t *event, orders_paypal_hint_t *hint,
                                           apr_pool_t *pool, const char *text, apr_size_t length)
{
    orders_problem_t *problem = NULL;
    const char *name;
    const json_t *root, *resource;

    memset(event, 0, sizeof(*event));
    memset(hint, 0, sizeof(*hint));
    ORDERS_TRY(orders_paypal_json(&root, pool, text, length));
    event->id = orders_paypal_text(root, "id");
    name = orders_paypal_text(root, "event_type");
    resource = json_object_get(root, "resource");
    if (!orders_provider_id_ok(event->id)) {
        orders_problem_field(
            &problem, pool, "id", ORDERS_E_invalid_field,
            "Must be 1 to 255 letters, digits and _ - . : ~, and must not begin with a "
            "dot.");
        return problem;
    }
    mark_ignored(event);
    for (size_t i = 0; name && i < sizeof(event_types) / sizeof(event_types[0]); i++) {
        if (!strcmp(name, event_types[i].name)) {
            event->type = event_types[i].type;
            event->raw_type = event_types[i].name;
            if (event_types[i].resource != ORDER) {
                return read_hint(event, hint, pool, resource, event_types[i].resource);
            }
            read_order(event, resource);
        }
    }
    return NULL;
}

/** Keeps the raw type only if the resource confirms the type of the event. */
static void set_type(orders_event_t *event, const char *type)
{
    event->raw_type = event->type && !strcmp(event->type, type) ? event->raw_type : NULL;
    event->type = type;
}

/** An amount out of range becomes 0: the database then stores and refuses the event. */
static void read_money(orders_event_t *event, const json_t *resource)
{
    event->currency = orders_paypal_text(resource, "amount.currency_code");
    if (!orders_paypal_money_read(&event->amount, orders_paypal_text(resource, "amount.value"),
                                  event->currency, ORDERS_EXPONENT_UNKNOWN)) {
        event->amount = 0;
    }
}

static void read_failure(orders_event_t *event, apr_pool_t *pool, const json_t *resource)
{
    const char *reason = orders_paypal_text(resource, "status_details.reason");

    reason = reason ? reason : orders_paypal_text(resource, "status");
    event->failure_code = orders_text_sanitise(pool, reason ? reason : "DENIED", MAX_CODE);
    event->failure_message = "PayPal could not collect the payment.";
}

/** Sets transaction and type, and derives the event id from both. */
static orders_problem_t *set_identity(orders_event_t *event, apr_pool_t *pool,
                                      const json_t *resource, const char *type)
{
    event->transaction_id = get_id(resource, "id");
    if (!event->transaction_id) {
        return malformed_resource(pool, "it has no id");
    }
    set_type(event, type);
    event->id = apr_pstrcat(pool, "webhook:", event->transaction_id, ":", type, NULL);
    return NULL;
}

/** Parses the resource. Clears payment, intent and amounts of the event: only those of the resource are trusted. */
static orders_problem_t *parse_resource(orders_event_t *event, const json_t **root,
                                        apr_pool_t *pool, const char *text, apr_size_t length)
{
    *event = (orders_event_t){.type = event->type, .raw_type = event->raw_type};
    return orders_paypal_json(root, pool, text, length) ? malformed_resource(pool, "it is not JSON")
                                                        : NULL;
}

orders_problem_t *orders_paypal_event_capture(orders_event_t *event, apr_pool_t *pool,
                                              const char *text, apr_size_t length)
{
    const char *outcome;
    const json_t *root;

    ORDERS_TRY(parse_resource(event, &root, pool, text, length));
    outcome = orders_paypal_capture_outcome(orders_paypal_text(root, "status"));
    if (!outcome) {
        return malformed_resource(pool, "the capture has an unknown status");
    }
    ORDERS_TRY(set_identity(event, pool, root, outcome));
    event->intent_id = get_id(root, ORDER_ID);
    if (!parse_custom_id(event, orders_paypal_text(root, "custom_id"))) {
        mark_ignored(event);
    } else if (!strcmp(outcome, "failed")) {
        read_failure(event, pool, root);
    } else {
        read_money(event, root);
    }
    return NULL;
}

orders_problem_t *orders_paypal_event_refund(orders_event_t *event, const char **capture_id,
                                             apr_pool_t *pool, const char *text, apr_size_t length)
{
    const json_t *root;
    const char *status;
    bool has_custom_id;

    *capture_id = NULL;
    ORDERS_TRY(parse_resource(event, &root, pool, text, length));
    status = orders_paypal_text(root, "status");
    if (!status || !strcmp(status, "PENDING")) {
        return malformed_resource(pool, "the refund is not completed yet");
    }
    ORDERS_TRY(set_identity(event, pool, root, "refunded"));
    read_money(event, root);
    event->intent_id = get_id(root, ORDER_ID);
    event->capture_id = get_capture_id(root);
    has_custom_id = parse_custom_id(event, orders_paypal_text(root, "custom_id"));
    *capture_id = event->intent_id && has_custom_id ? NULL : event->capture_id;
    if (strcmp(status, "COMPLETED") != 0 || (!has_custom_id && (!*capture_id || !event->amount))) {
        *capture_id = NULL;
        mark_ignored(event);
    }
    return NULL;
}

orders_problem_t *orders_paypal_event_owner(orders_event_t *event, apr_pool_t *pool,
                                            const char *text, apr_size_t length)
{
    const json_t *root;

    if (orders_paypal_json(&root, pool, text, length)) {
        return malformed_resource(pool, "its capture is not JSON");
    }
    event->intent_id = get_id(root, ORDER_ID);
    if (!parse_custom_id(event, orders_paypal_text(root, "custom_id"))) {
        mark_ignored(event);
    }
    return NULL;
}
