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
#define MAX_TYPE 100
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CAPTURE_PATH "/v2/payments/captures/"
#define ORDER_ID "supplementary_data.related_ids.order_id"

#define ORDER ORDERS_PAYPAL_NOTHING

/** Handled event types, and the kind of their resource. */
static const struct {
    const char *name, *type;
    orders_paypal_resource_e resource;
} event_types[] = {
    {"CHECKOUT.ORDER.APPROVED", "approved", ORDER},
    {"CHECKOUT.ORDER.COMPLETED", "approved", ORDER},
    {"PAYMENT.CAPTURE.COMPLETED", "paid", ORDERS_PAYPAL_CAPTURE},
    {"PAYMENT.CAPTURE.PENDING", "confirming", ORDERS_PAYPAL_CAPTURE},
    {"PAYMENT.CAPTURE.DENIED", "failed", ORDERS_PAYPAL_CAPTURE},
    {"PAYMENT.CAPTURE.DECLINED", "failed", ORDERS_PAYPAL_CAPTURE},
    {"PAYMENT.CAPTURE.REFUNDED", "refunded", ORDERS_PAYPAL_REFUND},
    {"PAYMENT.CAPTURE.REVERSED", "refunded", ORDERS_PAYPAL_REFUND},
};

/** Types that need no action: another event reports the same, or no money moves. */
static const char *const without_action[] = {
    "CHECKOUT.ORDER.SAVED",
    "CHECKOUT.ORDER.VOIDED",
    "CHECKOUT.PAYMENT-APPROVAL.REVERSED",
};

static bool parse_custom_id(orders_parsed_event_t *event, const char *custom_id)
{
    return orders_paypal_custom_id_read(custom_id, &event->tenant, &event->payment_key);
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

static void mark_ignored(orders_parsed_event_t *event)
{
    event->type = "ignored";
}

/** An approved order. The payment is recorded only after the order was read from PayPal and captured. */
static void read_order(orders_parsed_event_t *event, const json_t *order)
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
    orders_parsed_event_t unused;

    return parse_custom_id(&unused, orders_paypal_text(resource, "custom_id")) ||
           (kind == ORDERS_PAYPAL_REFUND && get_capture_id(resource));
}

static orders_problem_t *read_hint(orders_parsed_event_t *event, orders_paypal_hint_t *hint,
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

orders_problem_t *orders_paypal_event_read(orders_parsed_event_t *event, orders_paypal_hint_t *hint,
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
    for (size_t i = 0; name && i < COUNT(event_types); i++) {
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

static void set_claims(orders_notice_t *notice, const orders_parsed_event_t *event)
{
    notice->tenant = event->tenant;
    notice->payment_key = event->payment_key;
}

/** Our custom_id in a payment, an order or a dispute. */
static const char *get_custom_id(const json_t *resource)
{
    static const char *const places[] = {"custom_id", "purchase_units.0.custom_id",
                                         "disputed_transactions.0.custom"};
    const char *id = NULL;

    for (size_t i = 0; !id && i < COUNT(places); i++) {
        id = orders_paypal_text(resource, places[i]);
    }
    return id;
}

/** What a body of an unknown type claims to be about. */
static void read_claims(orders_notice_t *notice, const json_t *resource)
{
    orders_parsed_event_t claimed = {.id = NULL};
    const char *id = get_id(resource, "disputed_transactions.0.seller_transaction_id");

    (void)parse_custom_id(&claimed, get_custom_id(resource));
    set_claims(notice, &claimed);
    id = id ? id : get_capture_id(resource);
    notice->transaction_id = id ? id : get_id(resource, "id");
}

static bool needs_no_action(const char *name)
{
    for (size_t i = 0; i < COUNT(without_action); i++) {
        if (!strcmp(name, without_action[i])) {
            return true;
        }
    }
    return false;
}

static const char *const resource_kinds[] = {
    [ORDERS_PAYPAL_NOTHING] = "order",
    [ORDERS_PAYPAL_CAPTURE] = "capture",
    [ORDERS_PAYPAL_REFUND] = "refund",
};

void orders_paypal_notice_read(orders_notice_t *notice, apr_pool_t *pool, const char *text,
                               apr_size_t length)
{
    orders_parsed_event_t event;
    orders_paypal_hint_t hint;
    const json_t *root = NULL, *resource = NULL;

    memset(notice, 0, sizeof(*notice));
    notice->unreadable = orders_paypal_event_read(&event, &hint, pool, text, length);
    if (!orders_paypal_json(&root, pool, text, length)) {
        resource = json_object_get(root, "resource");
        notice->raw_type =
            orders_text_sanitise(pool, orders_paypal_text(root, "event_type"), MAX_TYPE);
    }
    if (notice->unreadable) {
        read_claims(notice, resource);
    } else if (hint.resource != ORDER || !strcmp(event.type, "approved")) {
        notice->resource_kind = resource_kinds[hint.resource];
        notice->resource_id = hint.resource != ORDER ? hint.id : event.intent_id;
        (void)parse_custom_id(&event, get_custom_id(resource));
        set_claims(notice, &event);
    } else if (notice->raw_type && !event.raw_type && !needs_no_action(notice->raw_type)) {
        read_claims(notice, resource);
    }
}

bool orders_paypal_notice_hint(orders_parsed_event_t *event, orders_paypal_hint_t *hint,
                               const orders_notice_t *notice)
{
    memset(event, 0, sizeof(*event));
    *hint = (orders_paypal_hint_t){ORDERS_PAYPAL_NOTHING, NULL};
    for (size_t i = 0; notice->raw_type && i < COUNT(event_types); i++) {
        if (!strcmp(notice->raw_type, event_types[i].name)) {
            event->raw_type = event_types[i].name;
            event->type = event_types[i].type;
            hint->resource = event_types[i].resource;
            hint->id = notice->resource_id;
        }
    }
    if (event->type && hint->resource == ORDER) {
        event->id = notice->resource_id;
        event->intent_id = notice->resource_id;
    }
    return event->type && orders_paypal_id_ok(hint->id);
}

/** Keeps the raw type only if the resource confirms the type of the event. */
static void set_type(orders_parsed_event_t *event, const char *type)
{
    event->raw_type = event->type && !strcmp(event->type, type) ? event->raw_type : NULL;
    event->type = type;
}

/** An amount out of range becomes 0: the database then stores and refuses the event. */
static void read_money(orders_parsed_event_t *event, const json_t *resource)
{
    event->currency = orders_paypal_text(resource, "amount.currency_code");
    if (!orders_paypal_money_read(&event->amount, orders_paypal_text(resource, "amount.value"),
                                  event->currency, ORDERS_EXPONENT_UNKNOWN)) {
        event->amount = 0;
    }
}

static void read_failure(orders_parsed_event_t *event, apr_pool_t *pool, const json_t *resource)
{
    const char *reason = orders_paypal_text(resource, "status_details.reason");

    reason = reason ? reason : orders_paypal_text(resource, "status");
    event->failure_code = orders_text_sanitise(pool, reason ? reason : "DENIED", MAX_CODE);
    event->failure_message = "PayPal could not collect the payment.";
}

/** Sets transaction and type, and derives the event id from both. */
static orders_problem_t *set_identity(orders_parsed_event_t *event, apr_pool_t *pool,
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
static orders_problem_t *parse_resource(orders_parsed_event_t *event, const json_t **root,
                                        apr_pool_t *pool, const char *text, apr_size_t length)
{
    *event = (orders_parsed_event_t){.type = event->type, .raw_type = event->raw_type};
    return orders_paypal_json(root, pool, text, length) ? malformed_resource(pool, "it is not JSON")
                                                        : NULL;
}

orders_problem_t *orders_paypal_event_capture(orders_parsed_event_t *event, apr_pool_t *pool,
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

static const char *refund_outcome(const char *status)
{
    return !strcmp(status, "COMPLETED")                                ? "refunded"
           : !strcmp(status, "FAILED") || !strcmp(status, "CANCELLED") ? "refund_failed"
                                                                       : "ignored";
}

static void read_refund_failure(orders_parsed_event_t *event, apr_pool_t *pool,
                                const json_t *refund)
{
    read_failure(event, pool, refund);
    event->failure_message = "PayPal could not complete the refund.";
}

orders_problem_t *orders_paypal_event_refund(orders_parsed_event_t *event, const char **capture_id,
                                             apr_pool_t *pool, const char *text, apr_size_t length)
{
    const json_t *root;
    const char *status;
    bool has_custom_id;

    *capture_id = NULL;
    ORDERS_TRY(parse_resource(event, &root, pool, text, length));
    status = orders_paypal_text(root, "status");
    if (!status) {
        return malformed_resource(pool, "the refund has no status");
    }
    if (!strcmp(status, "PENDING")) {
        event->type = "undecided";
        return NULL;
    }
    ORDERS_TRY(set_identity(event, pool, root, refund_outcome(status)));
    read_money(event, root);
    event->intent_id = get_id(root, ORDER_ID);
    event->capture_id = get_capture_id(root);
    has_custom_id = parse_custom_id(event, orders_paypal_text(root, "custom_id"));
    *capture_id = event->intent_id && has_custom_id ? NULL : event->capture_id;
    if (!strcmp(event->type, "refund_failed")) {
        read_refund_failure(event, pool, root);
    }
    if (!strcmp(event->type, "ignored") || (!has_custom_id && (!*capture_id || !event->amount))) {
        *capture_id = NULL;
        mark_ignored(event);
    }
    return NULL;
}

orders_problem_t *orders_paypal_event_owner(orders_parsed_event_t *event, apr_pool_t *pool,
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
