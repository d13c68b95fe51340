/* SPDX-License-Identifier: Apache-2.0 */
/* PayPal's events, and the captures and refunds that are read back for them, without a network. */
#include "payments/paypal/events.h"
#include "support.h"

#define PAYMENT "0f8b3c1e-5d2a-4c7b-9e10-6a7b8c9d0e1f"
#define EVENT(type, resource)                                                                      \
    "{\"id\":\"WH-1-2\",\"event_type\":\"" type "\",\"resource\":{" resource "}}"
#define OF_ORDER "\"supplementary_data\":{\"related_ids\":{\"order_id\":\"5O19\"}}"
#define MONEY "\"amount\":{\"currency_code\":\"EUR\",\"value\":\"19.90\"}"
#define OURS "\"custom_id\":\"2-" PAYMENT "\""
#define UP                                                                                         \
    "\"links\":[{\"rel\":\"up\",\"href\":\"https://api.paypal.com/v2/payments/captures/3C6\"}]"

static const struct {
    const char *text, *type, *intent_id, *id;
    orders_paypal_resource_e resource;
} events[] = {
    {EVENT("CHECKOUT.ORDER.APPROVED", "\"id\":\"5O19\",\"purchase_units\":[{" OURS "}]"),
     "approved", "5O19", "-", ORDERS_PAYPAL_NOTHING},
    {EVENT("PAYMENT.CAPTURE.COMPLETED", "\"id\":\"3C6\"," OURS "," MONEY "," OF_ORDER), "paid", "-",
     "3C6", ORDERS_PAYPAL_CAPTURE},
    {EVENT("PAYMENT.CAPTURE.PENDING", "\"id\":\"3C6\"," OURS), "confirming", "-", "3C6",
     ORDERS_PAYPAL_CAPTURE},
    {EVENT("PAYMENT.CAPTURE.DENIED", "\"id\":\"3C6\"," OURS "," OF_ORDER), "failed", "-", "3C6",
     ORDERS_PAYPAL_CAPTURE},
    {EVENT("PAYMENT.CAPTURE.DECLINED", "\"id\":\"3C6\"," OURS), "failed", "-", "3C6",
     ORDERS_PAYPAL_CAPTURE},
    {EVENT("PAYMENT.CAPTURE.REFUNDED", "\"id\":\"1JU\"," OURS "," MONEY "," UP), "refunded", "-",
     "1JU", ORDERS_PAYPAL_REFUND},
    {EVENT("PAYMENT.CAPTURE.REFUNDED", "\"id\":\"1JU\"," UP), "refunded", "-", "1JU",
     ORDERS_PAYPAL_REFUND},
    {EVENT("PAYMENT.CAPTURE.REVERSED", "\"id\":\"1JU\"," OURS), "refunded", "-", "1JU",
     ORDERS_PAYPAL_REFUND},
    {EVENT("PAYMENT.CAPTURE.REFUNDED", "\"id\":\"1JU\"," MONEY), "ignored", "-", "-",
     ORDERS_PAYPAL_NOTHING},
    {EVENT("PAYMENT.CAPTURE.COMPLETED", "\"id\":\"3C6\"," MONEY "," OF_ORDER), "ignored", "-", "-",
     ORDERS_PAYPAL_NOTHING},
    {EVENT("PAYMENT.CAPTURE.COMPLETED", "\"custom_id\":\"cart-5\"," MONEY), "ignored", "-", "-",
     ORDERS_PAYPAL_NOTHING},
    {EVENT("PAYMENT.CAPTURE.COMPLETED", "\"custom_id\":\"1-77\"," MONEY), "ignored", "-", "-",
     ORDERS_PAYPAL_NOTHING},
    {EVENT("PAYMENT.CAPTURE.COMPLETED", "\"custom_id\":\"0-" PAYMENT "\"," MONEY), "ignored", "-",
     "-", ORDERS_PAYPAL_NOTHING},
    {EVENT("PAYMENT.CAPTURE.COMPLETED", "\"custom_id\":\"4294967297-" PAYMENT "\"," MONEY),
     "ignored", "-", "-", ORDERS_PAYPAL_NOTHING},
    {EVENT("CHECKOUT.ORDER.APPROVED", "\"purchase_units\":[{" OURS "}]"), "ignored", "-", "-",
     ORDERS_PAYPAL_NOTHING},
    {EVENT("CUSTOMER.DISPUTE.CREATED", OURS), "ignored", "-", "-", ORDERS_PAYPAL_NOTHING},
    {EVENT("PAYMENT.CAPTURE.COMPLETED", ""), "ignored", "-", "-", ORDERS_PAYPAL_NOTHING},
    {"{\"id\":\"WH-1-2\"}", "ignored", "-", "-", ORDERS_PAYPAL_NOTHING},
};

static void same(const char *is, const char *expected)
{
    assert_string_equal(is ? is : "-", expected);
}

static void reads_events(void **state)
{
    for (size_t i = 0; i < COUNT(events); i++) {
        orders_paypal_hint_t hint;
        orders_parsed_event_t event;

        assert_null(
            orders_paypal_event_read(&event, &hint, pool, events[i].text, strlen(events[i].text)));
        assert_string_equal(event.id, "WH-1-2");
        assert_string_equal(event.type, events[i].type);
        same(event.intent_id, events[i].intent_id);
        assert_int_equal(hint.resource, events[i].resource);
        same(hint.id, events[i].id);
        /* Amounts of an event are not read. */
        same(event.transaction_id, "-");
        assert_int_equal(event.amount, 0);
        if (!strcmp(event.type, "approved")) {
            assert_int_equal(event.tenant, 2);
            assert_string_equal(event.payment_key, PAYMENT);
        }
    }
}

#define DISPUTE                                                                                    \
    "\"dispute_id\":\"PP-1\",\"disputed_transactions\":[{\"seller_transaction_id\":\"3C6\","       \
    "\"custom\":\"2-" PAYMENT "\"}]"

/** What a body claims, whether it can be verified or not. */
static void reads_notices(void **state)
{
    static const struct {
        const char *text, *raw_type, *kind, *id, *key, *transaction, *code;
    } notices[] = {
        {EVENT("PAYMENT.CAPTURE.COMPLETED", "\"id\":\"3C6\"," OURS), "PAYMENT.CAPTURE.COMPLETED",
         "capture", "3C6", PAYMENT, "-", ""},
        {EVENT("PAYMENT.CAPTURE.REFUNDED", "\"id\":\"1JU\"," UP), "PAYMENT.CAPTURE.REFUNDED",
         "refund", "1JU", "-", "-", ""},
        {EVENT("PAYMENT.CAPTURE.REVERSED", "\"id\":\"1JU\"," UP), "PAYMENT.CAPTURE.REVERSED",
         "refund", "1JU", "-", "-", ""},
        {EVENT("CHECKOUT.ORDER.APPROVED", "\"id\":\"5O19\",\"purchase_units\":[{" OURS "}]"),
         "CHECKOUT.ORDER.APPROVED", "order", "5O19", PAYMENT, "-", ""},
        {EVENT("CHECKOUT.ORDER.COMPLETED", "\"id\":\"5O19\",\"purchase_units\":[{" OURS "}]"),
         "CHECKOUT.ORDER.COMPLETED", "order", "5O19", PAYMENT, "-", ""},
        {EVENT("CUSTOMER.DISPUTE.CREATED", DISPUTE), "CUSTOMER.DISPUTE.CREATED", "-", "-", PAYMENT,
         "3C6", ""},
        {EVENT("PAYMENT.CAPTURE.SEIZED", "\"id\":\"3C6\"," OURS), "PAYMENT.CAPTURE.SEIZED", "-",
         "-", PAYMENT, "3C6", ""},
        {EVENT("PAYMENT.REFUND.LOST", "\"id\":\"1JU\"," UP), "PAYMENT.REFUND.LOST", "-", "-", "-",
         "3C6", ""},
        {EVENT("CHECKOUT.PAYMENT-APPROVAL.REVERSED", OURS), "CHECKOUT.PAYMENT-APPROVAL.REVERSED",
         "-", "-", "-", "-", ""},
        {EVENT("PAYMENT.CAPTURE.COMPLETED", "\"id\":\"3C6\"," MONEY), "PAYMENT.CAPTURE.COMPLETED",
         "-", "-", "-", "-", ""},
        {EVENT("PAYMENT.CAPTURE.COMPLETED", "\"id\":\"../x\"," OURS), "PAYMENT.CAPTURE.COMPLETED",
         "-", "-", PAYMENT, "-", "invalid_fields"},
        {EVENT("A\\nB", OURS), "A B", "-", "-", PAYMENT, "-", ""},
        {"{\"id\":\"WH-1\"}", "-", "-", "-", "-", "-", ""},
        {"[]", "-", "-", "-", "-", "-", "malformed_json"},
        {"{", "-", "-", "-", "-", "-", "malformed_json"},
    };

    for (size_t i = 0; i < COUNT(notices); i++) {
        orders_notice_t notice;

        orders_paypal_notice_read(&notice, pool, notices[i].text, strlen(notices[i].text));
        same(notice.raw_type, notices[i].raw_type);
        same(notice.resource_kind, notices[i].kind);
        same(notice.resource_id, notices[i].id);
        same(notice.payment_key, notices[i].key);
        same(notice.transaction_id, notices[i].transaction);
        assert_string_equal(code_of(notice.unreadable), notices[i].code);
        assert_int_equal(notice.tenant, notice.payment_key ? 2 : 0);
    }
}

/** A stored notice names what has to be read. */
static void finds_the_resource_of_a_notice(void **state)
{
    orders_parsed_event_t event;
    orders_paypal_hint_t hint;
    orders_notice_t notice = {"PAYMENT.CAPTURE.REFUNDED", "refund", "1JU", 0, NULL, NULL, NULL};

    assert_true(orders_paypal_notice_hint(&event, &hint, &notice));
    assert_int_equal(hint.resource, ORDERS_PAYPAL_REFUND);
    assert_string_equal(hint.id, "1JU");
    assert_string_equal(event.type, "refunded");
    notice.raw_type = "CHECKOUT.ORDER.APPROVED";
    assert_true(orders_paypal_notice_hint(&event, &hint, &notice));
    assert_int_equal(hint.resource, ORDERS_PAYPAL_NOTHING);
    assert_string_equal(event.type, "approved");
    assert_string_equal(event.intent_id, "1JU");
    notice.resource_id = "../1JU";
    assert_false(orders_paypal_notice_hint(&event, &hint, &notice));
    notice = (orders_notice_t){.raw_type = "UNKNOWN", .resource_id = "1JU"};
    assert_false(orders_paypal_notice_hint(&event, &hint, &notice));
}

static void refuses_events_that_cannot_be_read(void **state)
{
    static const struct {
        const char *text, *code;
    } bad[] = {
        {"", "malformed_json"},
        {"{\"id\":\"WH-1\",", "malformed_json"},
        {"{\"event_type\":\"PAYMENT.CAPTURE.COMPLETED\"}", "invalid_fields"},
        {"{\"id\":\"a b\",\"event_type\":\"X\"}", "invalid_fields"},
        {EVENT("PAYMENT.CAPTURE.COMPLETED", OURS "," MONEY), "invalid_fields"},
        {EVENT("PAYMENT.CAPTURE.COMPLETED", "\"id\":\"../x\"," OURS), "invalid_fields"},
        {EVENT("PAYMENT.CAPTURE.REFUNDED", UP), "invalid_fields"},
    };

    for (size_t i = 0; i < COUNT(bad); i++) {
        orders_paypal_hint_t hint;
        orders_parsed_event_t event;

        assert_string_equal(code_of(orders_paypal_event_read(&event, &hint, pool, bad[i].text,
                                                             strlen(bad[i].text))),
                            bad[i].code);
    }
}

#define SHOWN(status, more) "{\"id\":\"3C6\",\"status\":\"" status "\"," more "}"

static const struct {
    const char *text, *type, *id;
} captures[] = {
    {SHOWN("COMPLETED", OURS "," MONEY "," OF_ORDER), "paid", "webhook:3C6:paid"},
    {SHOWN("PARTIALLY_REFUNDED", OURS "," MONEY "," OF_ORDER), "paid", "webhook:3C6:paid"},
    {SHOWN("REFUNDED", OURS "," MONEY "," OF_ORDER), "paid", "webhook:3C6:paid"},
    {SHOWN("PENDING", OURS "," MONEY "," OF_ORDER), "confirming", "webhook:3C6:confirming"},
    {SHOWN("DECLINED", OURS "," OF_ORDER), "failed", "webhook:3C6:failed"},
    {SHOWN("FAILED", OURS "," OF_ORDER), "failed", "webhook:3C6:failed"},
    {SHOWN("COMPLETED", MONEY "," OF_ORDER), "ignored", "webhook:3C6:paid"},
    {SHOWN("COMPLETED", "\"custom_id\":\"cart-5\"," MONEY), "ignored", "webhook:3C6:paid"},
};

static void applies_a_capture(void **state)
{
    for (size_t i = 0; i < COUNT(captures); i++) {
        orders_parsed_event_t event = {.id = "WH-1",
                                       .type = "failed",
                                       .raw_type = "PAYMENT.CAPTURE.DENIED",
                                       .tenant = 7,
                                       .payment_key = "said",
                                       .intent_id = "SAID",
                                       .transaction_id = "SAID",
                                       .amount = 1};
        const char *text = captures[i].text;

        assert_null(orders_paypal_event_capture(&event, pool, text, strlen(text)));
        assert_string_equal(event.type, captures[i].type);
        assert_string_equal(event.id, captures[i].id);
        assert_string_equal(event.transaction_id, "3C6");
        same(event.raw_type, strcmp(event.type, "failed") ? "-" : "PAYMENT.CAPTURE.DENIED");
        if (strcmp(event.type, "ignored") != 0) {
            assert_int_equal(event.tenant, 2);
            assert_string_equal(event.payment_key, PAYMENT);
            assert_string_equal(event.intent_id, "5O19");
            assert_int_equal(event.amount, strcmp(event.type, "failed") ? 1990 : 0);
        }
    }
}

static void retries_events_whose_objects_cannot_be_read(void **state)
{
    static const char *const bad_captures[] = {"", "{", "{}", SHOWN("STRANGE", OURS "," MONEY),
                                               "{\"id\":\"a/b\",\"status\":\"COMPLETED\"," OURS
                                               "}"};
    static const char *const bad_refunds[] = {"", "{}",
                                              "{\"id\":\"a/b\",\"status\":\"COMPLETED\"," OURS "}"};
    orders_parsed_event_t event = {.type = "paid"};
    const char *capture_id;

    for (size_t i = 0; i < COUNT(bad_captures); i++) {
        assert_string_equal(code_of(orders_paypal_event_capture(&event, pool, bad_captures[i],
                                                                strlen(bad_captures[i]))),
                            "provider_unreachable");
    }
    for (size_t i = 0; i < COUNT(bad_refunds); i++) {
        assert_string_equal(code_of(orders_paypal_event_refund(
                                &event, &capture_id, pool, bad_refunds[i], strlen(bad_refunds[i]))),
                            "provider_unreachable");
    }
}

static void applies_a_refund(void **state)
{
    static const struct {
        const char *text, *type, *capture_id;
    } refunds[] = {
        {SHOWN("COMPLETED", OURS "," MONEY "," OF_ORDER), "refunded", "-"},
        {SHOWN("COMPLETED", OURS "," MONEY "," UP), "refunded", "3C6"},
        {SHOWN("COMPLETED", MONEY "," UP), "refunded", "3C6"},
        {SHOWN("COMPLETED", MONEY), "ignored", "-"},
        {SHOWN("COMPLETED", UP), "ignored", "-"},
        {SHOWN("FAILED", OURS "," MONEY "," UP), "refund_failed", "3C6"},
        {SHOWN("CANCELLED", MONEY "," UP), "refund_failed", "3C6"},
        {SHOWN("PENDING", OURS "," MONEY "," UP), "undecided", "-"},
        {SHOWN("STRANGE", OURS "," MONEY "," UP), "ignored", "-"},
    };

    for (size_t i = 0; i < COUNT(refunds); i++) {
        orders_parsed_event_t event = {
            .id = "WH-1", .type = "refunded", .raw_type = "PAYMENT.CAPTURE.REVERSED", .amount = 1};
        const char *capture_id;

        assert_null(orders_paypal_event_refund(&event, &capture_id, pool, refunds[i].text,
                                               strlen(refunds[i].text)));
        assert_string_equal(event.type, refunds[i].type);
        same(capture_id, refunds[i].capture_id);
        if (!strcmp(event.type, "refund_failed")) {
            assert_string_equal(event.id, "webhook:3C6:refund_failed");
            assert_string_equal(event.transaction_id, "3C6");
            assert_null(event.raw_type);
            assert_int_equal(event.amount, 1990);
            assert_non_null(event.failure_code);
        }
        if (!strcmp(event.type, "refunded")) {
            assert_string_equal(event.id, "webhook:3C6:refunded");
            assert_string_equal(event.transaction_id, "3C6");
            assert_string_equal(event.raw_type, "PAYMENT.CAPTURE.REVERSED");
            assert_int_equal(event.amount, 1990);
        }
    }
}

/** The order database refuses and keeps an event without a valid amount. */
static void keeps_events_without_a_usable_amount(void **state)
{
    static const char *const texts[] = {
        SHOWN("COMPLETED", OURS),
        SHOWN("COMPLETED", OURS ",\"amount\":{\"currency_code\":\"EUR\",\"value\":\"1.999\"}"),
    };

    for (size_t i = 0; i < COUNT(texts); i++) {
        orders_parsed_event_t event = {.type = "paid", .raw_type = "PAYMENT.CAPTURE.COMPLETED"};

        assert_null(orders_paypal_event_capture(&event, pool, texts[i], strlen(texts[i])));
        assert_string_equal(event.type, "paid");
        assert_string_equal(event.raw_type, "PAYMENT.CAPTURE.COMPLETED");
        assert_int_equal(event.amount, 0);
    }
}

static void finds_the_payment_of_a_refund(void **state)
{
    const char *ours = "{\"id\":\"3C6\"," OURS "," OF_ORDER "}";
    orders_parsed_event_t event = {.type = "refunded"};

    assert_null(orders_paypal_event_owner(&event, pool, ours, strlen(ours)));
    assert_string_equal(event.payment_key, PAYMENT);
    assert_string_equal(event.intent_id, "5O19");
    assert_null(orders_paypal_event_owner(&event, pool, "{}", 2));
    assert_string_equal(event.type, "ignored");
    assert_non_null(orders_paypal_event_owner(&event, pool, "{", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_events),
        TEST(reads_notices),
        TEST(finds_the_resource_of_a_notice),
        TEST(refuses_events_that_cannot_be_read),
        TEST(applies_a_capture),
        TEST(applies_a_refund),
        TEST(retries_events_whose_objects_cannot_be_read),
        TEST(keeps_events_without_a_usable_amount),
        TEST(finds_the_payment_of_a_refund),
    };

    return RUN(tests);
}
