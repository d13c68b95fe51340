/* SPDX-License-Identifier: Apache-2.0 */
#include "payments/paypal/messages.h"

#include <apr_strings.h>
#include <string.h>

#include "core/json_writer.h"
#include "core/text.h"
#include "payments/http_messages.h"
#include "payments/paypal/json.h"
#include "payments/paypal/money.h"
#include "payments/provider_problem.h"

#define MAX_NOTE 255
#define MAX_INVOICE_ID 127
#define MAX_MAIL 254
#define CAPTURES "purchase_units.0.payments.captures"
#define REFUNDS "purchase_units.0.payments.refunds"

static bool equals(const char *text, const char *value)
{
    return text && !strcmp(text, value);
}

/** "<tenant>-<UUID>". The UUID is random, so the id is unique even after a restore of the database. */
static const char *make_custom_id(apr_pool_t *pool, int32_t tenant, const char *key)
{
    return apr_psprintf(pool, "%d-%s", (int)tenant, key);
}

/** Parses a positive integer of at most 18 digits. */
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

bool orders_paypal_custom_id_read(const char *custom_id, int32_t *tenant, const char **payment_key)
{
    int64_t number = 0;

    if (!custom_id || !take_number(&custom_id, &number) || *custom_id++ != '-' ||
        !orders_text_is_uuid(custom_id) || number > INT32_MAX) {
        return false;
    }
    *tenant = (int32_t)number;
    *payment_key = custom_id;
    return true;
}

/** Differs for each payment of an order, because PayPal accepts an invoice id only once. */
static const char *make_invoice_id(apr_pool_t *pool, const orders_intent_request_t *request)
{
    const char *id = make_custom_id(pool, request->tenant, request->payment_key);
    const char *number =
        orders_text_sanitise(pool, request->order_number, MAX_INVOICE_ID - strlen(id) - 1);

    return number && *number ? apr_pstrcat(pool, number, "-", id, NULL) : id;
}

static void write_amount(orders_json_t *json, const char *currency, const char *value)
{
    orders_json_key(json, "amount");
    orders_json_begin_object(json);
    orders_json_member_string(json, "currency_code", currency);
    orders_json_member_string(json, "value", value);
    orders_json_end_object(json);
}

/** No shipping address, because the order has one, and no review step: the buyer pays immediately. */
static void write_experience(orders_json_t *json, const orders_intent_request_t *request)
{
    orders_json_key(json, "payment_source");
    orders_json_begin_object(json);
    orders_json_key(json, "paypal");
    orders_json_begin_object(json);
    orders_json_key(json, "experience_context");
    orders_json_begin_object(json);
    orders_json_member_string(json, "user_action", "PAY_NOW");
    orders_json_member_string(json, "shipping_preference", "NO_SHIPPING");
    if (request->return_url) {
        orders_json_member_string(json, "return_url", request->return_url);
    }
    if (request->cancel_url) {
        orders_json_member_string(json, "cancel_url", request->cancel_url);
    }
    orders_json_end_object(json);
    orders_json_end_object(json);
    orders_json_end_object(json);
}

orders_problem_t *orders_paypal_order_text(const char **text, apr_pool_t *pool,
                                           const orders_intent_request_t *request,
                                           apr_size_t *length)
{
    const char *id = make_custom_id(pool, request->tenant, request->payment_key);
    orders_json_t *json = orders_json_open(pool);
    const char *value;

    ORDERS_TRY(orders_paypal_money_write(&value, pool, request->amount, request->currency,
                                         request->exponent));
    orders_json_begin_object(json);
    orders_json_member_string(json, "intent", "CAPTURE");
    orders_json_key(json, "purchase_units");
    orders_json_begin_array(json);
    orders_json_begin_object(json);
    orders_json_member_string(json, "reference_id", id);
    orders_json_member_string(json, "custom_id", id);
    orders_json_member_string(json, "invoice_id", make_invoice_id(pool, request));
    write_amount(json, request->currency, value);
    orders_json_end_object(json);
    orders_json_end_array(json);
    write_experience(json, request);
    orders_json_end_object(json);
    *text = orders_json_text(json, pool, length);
    return NULL;
}

const char *orders_paypal_refund_invoice_id(const orders_refund_request_t *request,
                                            apr_pool_t *pool)
{
    return make_custom_id(pool, request->tenant, request->refund_key);
}

orders_problem_t *orders_paypal_refund_text(const char **text, apr_pool_t *pool,
                                            const orders_refund_request_t *request,
                                            apr_size_t *length)
{
    const char *note = orders_text_sanitise(pool, request->reason, MAX_NOTE);
    orders_json_t *json = orders_json_open(pool);
    const char *value;

    ORDERS_TRY(orders_paypal_money_write(&value, pool, request->amount, request->currency,
                                         request->exponent));
    orders_json_begin_object(json);
    write_amount(json, request->currency, value);
    if (request->payment_key) {
        orders_json_member_string(json, "custom_id",
                                  make_custom_id(pool, request->tenant, request->payment_key));
    }
    orders_json_member_string(json, "invoice_id", orders_paypal_refund_invoice_id(request, pool));
    if (note && *note) {
        orders_json_member_string(json, "note_to_payer", note);
    }
    orders_json_end_object(json);
    *text = orders_json_text(json, pool, length);
    return NULL;
}

static orders_problem_t *malformed_reply(apr_pool_t *pool, const char *why)
{
    return orders_provider_unreachable(
        pool, apr_pstrcat(pool, "PayPal's reply is malformed: ", why, NULL));
}

static orders_problem_t *decode(const json_t **root, apr_pool_t *pool, const char *text,
                                apr_size_t length)
{
    return orders_paypal_json(root, pool, text, length) ? malformed_reply(pool, "it is not JSON")
                                                        : NULL;
}

/** The name of the link depends on whether the order has a payment source. */
static const char *get_pay_url(const json_t *root)
{
    const char *url = orders_paypal_link(root, "payer-action");

    url = url ? url : orders_paypal_link(root, "approve");
    return url && orders_provider_page_ok(url) ? url : NULL;
}

orders_problem_t *orders_paypal_intent_read(orders_intent_reply_t *reply, apr_pool_t *pool,
                                            const char *text, apr_size_t length)
{
    const json_t *root;

    memset(reply, 0, sizeof(*reply));
    ORDERS_TRY(decode(&root, pool, text, length));
    if (!orders_paypal_id_ok(orders_paypal_text(root, "id"))) {
        return malformed_reply(pool, "the order has no id");
    }
    if (!get_pay_url(root)) {
        return malformed_reply(pool, "the order has no link for its approval");
    }
    reply->intent_id = orders_paypal_text(root, "id");
    reply->pay_url = get_pay_url(root);
    return NULL;
}

/** Outcomes of the capture statuses, in order of preference: an order can have failed captures in addition to a completed one. */
static const struct {
    const char *status, *outcome;
} capture_states[] = {
    {"COMPLETED", "paid"},     {"PARTIALLY_REFUNDED", "paid"}, {"REFUNDED", "paid"},
    {"PENDING", "confirming"}, {"DECLINED", "failed"},         {"FAILED", "failed"},
};

const char *orders_paypal_capture_outcome(const char *status)
{
    for (size_t i = 0; i < sizeof(capture_states) / sizeof(capture_states[0]); i++) {
        if (equals(status, capture_states[i].status)) {
            return capture_states[i].outcome;
        }
    }
    return NULL;
}

static const json_t *find_best_capture(const json_t *root, const char **outcome)
{
    const json_t *captures = orders_paypal_at(root, CAPTURES);

    for (size_t i = 0; i < sizeof(capture_states) / sizeof(capture_states[0]); i++) {
        const json_t *capture;
        size_t index;

        json_array_foreach(captures, index, capture)
        {
            if (equals(orders_paypal_text(capture, "status"), capture_states[i].status)) {
                *outcome = capture_states[i].outcome;
                return capture;
            }
        }
    }
    return NULL;
}

static orders_problem_t *read_capture(orders_capture_reply_t *reply, apr_pool_t *pool,
                                      const json_t *capture, int exponent)
{
    const char *reason = orders_paypal_text(capture, "status_details.reason");

    reply->transaction_id = orders_paypal_text(capture, "id");
    if (!orders_paypal_id_ok(reply->transaction_id)) {
        return malformed_reply(pool, "the capture has no id");
    }
    if (equals(reply->outcome, "failed")) {
        reply->failure_code =
            orders_text_sanitise(pool, reason ? reason : orders_paypal_text(capture, "status"), 64);
        reply->failure_message = "PayPal could not collect the payment.";
        return NULL;
    }
    reply->currency = orders_paypal_text(capture, "amount.currency_code");
    if (!orders_paypal_money_read(&reply->amount, orders_paypal_text(capture, "amount.value"),
                                  reply->currency, exponent)) {
        return malformed_reply(pool, "the capture has no amount");
    }
    return NULL;
}

static const char *get_payer(const json_t *root, apr_pool_t *pool)
{
    const char *mail = orders_paypal_text(root, "payer.email_address");

    mail = mail ? mail : orders_paypal_text(root, "payment_source.paypal.email_address");
    return mail && strchr(mail, '@') ? orders_text_sanitise(pool, mail, MAX_MAIL) : NULL;
}

/** Outcome of an order status without a capture. */
static const struct {
    const char *status, *outcome;
} order_states[] = {
    {"CREATED", "waiting"},   {"SAVED", "waiting"}, {"PAYER_ACTION_REQUIRED", "waiting"},
    {"APPROVED", "approved"}, {"VOIDED", "gone"},
};

orders_problem_t *orders_paypal_capture_read(orders_capture_reply_t *reply, apr_pool_t *pool,
                                             const char *text, apr_size_t length, int exponent)
{
    const json_t *capture;
    const json_t *root;

    memset(reply, 0, sizeof(*reply));
    ORDERS_TRY(decode(&root, pool, text, length));
    reply->payer = get_payer(root, pool);
    capture = find_best_capture(root, &reply->outcome);
    /* A failed capture is the outcome even if the order is still approved: the payment has failed. */
    if (capture) {
        return read_capture(reply, pool, capture, exponent);
    }
    for (size_t i = 0; i < sizeof(order_states) / sizeof(order_states[0]); i++) {
        if (equals(orders_paypal_text(root, "status"), order_states[i].status)) {
            reply->outcome = order_states[i].outcome;
        }
    }
    if (!reply->outcome) {
        return malformed_reply(pool, "the order has neither a capture nor a known status");
    }
    reply->pay_url = equals(reply->outcome, "waiting") ? get_pay_url(root) : NULL;
    return NULL;
}

static orders_problem_t *read_refund(orders_refund_reply_t *reply, apr_pool_t *pool,
                                     const json_t *refund)
{
    const char *status = orders_paypal_text(refund, "status");
    const char *reason = orders_paypal_text(refund, "status_details.reason");

    reply->transaction_id = orders_paypal_text(refund, "id");
    if (!orders_paypal_id_ok(reply->transaction_id)) {
        return malformed_reply(pool, "the refund has no id");
    }
    if (equals(status, "FAILED") || equals(status, "CANCELLED")) {
        return orders_provider_refused(
            pool, orders_text_sanitise(pool, reason ? reason : status, 64),
            "PayPal could not complete the refund.", "PayPal reports a failed refund");
    }
    reply->pending = equals(status, "PENDING");
    return reply->pending || equals(status, "COMPLETED")
               ? NULL
               : malformed_reply(pool, "the refund has an unknown status");
}

orders_problem_t *orders_paypal_refund_read(orders_refund_reply_t *reply, apr_pool_t *pool,
                                            const char *text, apr_size_t length)
{
    const json_t *root;

    memset(reply, 0, sizeof(*reply));
    ORDERS_TRY(decode(&root, pool, text, length));
    return read_refund(reply, pool, root);
}

orders_problem_t *orders_paypal_refund_find(orders_refund_reply_t *reply, bool *found,
                                            apr_pool_t *pool, const char *invoice_id,
                                            const char *text, apr_size_t length)
{
    const json_t *refund;
    bool any_invoice_id = false;
    const json_t *root;
    size_t index;

    memset(reply, 0, sizeof(*reply));
    *found = false;
    ORDERS_TRY(decode(&root, pool, text, length));
    json_array_foreach(orders_paypal_at(root, REFUNDS), index, refund)
    {
        const char *refund_invoice_id = orders_paypal_text(refund, "invoice_id");

        if (equals(refund_invoice_id, invoice_id)) {
            *found = true;
            return read_refund(reply, pool, refund);
        }
        any_invoice_id = any_invoice_id || refund_invoice_id;
    }
    *found = !any_invoice_id && equals(orders_paypal_text(root, CAPTURES ".0.status"), "REFUNDED");
    return NULL;
}
