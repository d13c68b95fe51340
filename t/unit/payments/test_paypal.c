/* SPDX-License-Identifier: Apache-2.0 */
/* PayPal's messages, amounts and signatures, without a network. */
#include <jansson.h>

#include "core/money.h"
#include "core/text.h"
#include "net/http_client.h"
#include "payments/paypal/call.h"
#include "payments/paypal/certificates.h"
#include "payments/paypal/json.h"
#include "payments/paypal/messages.h"
#include "payments/paypal/money.h"
#include "payments/paypal/webhook.h"
#include "support.h"

/* --- money --- */

static const struct {
    int64_t minor;
    const char *currency;
    int exponent;
    const char *text; /**< NULL: refused */
} amounts[] = {
    {1990, "EUR", 2, "19.90"},
    {1, "USD", ORDERS_EXPONENT_UNKNOWN, "0.01"},
    {100000000000000000, "EUR", 2, "1000000000000000.00"},
    {1234, "JPY", 0, "1234"},
    {1234, "JPY", ORDERS_EXPONENT_UNKNOWN, "1234"},
    {200000, "HUF", 2, "2000"},
    {200000, "TWD", ORDERS_EXPONENT_UNKNOWN, "2000"},
    {200050, "HUF", 2, NULL},
    {12345, "EUR", 3, NULL},
    {12340, "EUR", 3, "12.34"},
    {0, "EUR", 2, NULL},
    {-1990, "EUR", 2, NULL},
    {1990, "TND", 3, NULL},
    {1990, "eur", 2, NULL},
    {INT64_MAX, "JPY", 0, "9223372036854775807"},
};

static void writes_amounts_exactly_or_not_at_all(void **state)
{
    for (size_t i = 0; i < COUNT(amounts); i++) {
        const char *text = NULL;
        orders_problem_t *problem = orders_paypal_money_write(
            &text, pool, amounts[i].minor, amounts[i].currency, amounts[i].exponent);

        if (amounts[i].text) {
            int64_t back = 0;

            assert_null(problem);
            assert_string_equal(text, amounts[i].text);
            assert_true(
                orders_paypal_money_read(&back, text, amounts[i].currency, amounts[i].exponent));
            assert_int_equal(back, amounts[i].minor);
        } else {
            assert_string_equal(code_of(problem), "provider_refused");
        }
    }
}

static void reads_amounts_exactly_or_not_at_all(void **state)
{
    static const char *const bad[] = {"",     "x",     "19.905", "-1.00",
                                      "1,00", " 1.00", "1.0.",   "99999999999999999999"};
    int64_t minor = 0;

    assert_true(orders_paypal_money_read(&minor, "19.9", "EUR", 2));
    assert_int_equal(minor, 1990);
    assert_true(orders_paypal_money_read(&minor, "2000", "HUF", ORDERS_EXPONENT_UNKNOWN));
    assert_int_equal(minor, 200000);
    assert_false(orders_paypal_money_read(&minor, "10.50", "JPY", 0));
    assert_false(orders_paypal_money_read(&minor, "1.00", "XAU", 2));
    assert_false(orders_paypal_money_read(&minor, NULL, "EUR", 2));
    assert_false(orders_paypal_money_read(&minor, "1.00", NULL, 2));
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(orders_paypal_money_read(&minor, bad[i], "EUR", 2));
    }
}

/* --- requests --- */

#define PAYMENT "0f8b3c1e-5d2a-4c7b-9e10-6a7b8c9d0e1f"
#define REFUND "5d2a0f8b-3c1e-4c7b-9e10-0e1f6a7b8c9d"

static void writes_the_request_for_an_order(void **state)
{
    const orders_intent_request_t request = {.payment_key = PAYMENT,
                                             .tenant = 1,
                                             .order_number = "ORD-20261121-000057",
                                             .amount = 1990,
                                             .currency = "EUR",
                                             .exponent = 2,
                                             .return_url = "https://shop.example/thanks",
                                             .cancel_url = "https://shop.example/cart"};
    const char *text;
    apr_size_t length;

    assert_null(orders_paypal_order_text(&text, pool, &request, &length));
    assert_string_equal(
        text, "{\"intent\":\"CAPTURE\",\"purchase_units\":[{\"reference_id\":\"1-" PAYMENT "\","
              "\"custom_id\":\"1-" PAYMENT "\","
              "\"invoice_id\":\"ORD-20261121-000057-1-" PAYMENT "\","
              "\"amount\":{\"currency_code\":\"EUR\",\"value\":\"19.90\"}}],"
              "\"payment_source\":{\"paypal\":{\"experience_context\":{"
              "\"user_action\":\"PAY_NOW\",\"shipping_preference\":\"NO_SHIPPING\","
              "\"return_url\":\"https://shop.example/thanks\","
              "\"cancel_url\":\"https://shop.example/cart\"}}}}");
    assert_int_equal(length, strlen(text));
}

static void writes_the_note_to_the_payer(void **state)
{
    orders_refund_request_t request = {.refund_key = REFUND,
                                       .payment_key = PAYMENT,
                                       .tenant = 1,
                                       .amount = 990,
                                       .currency = "EUR",
                                       .exponent = 2,
                                       .reason = "too\tlate\n"};
    const char *text;
    apr_size_t length;

    assert_null(orders_paypal_refund_text(&text, pool, &request, &length));
    assert_string_equal(text, "{\"amount\":{\"currency_code\":\"EUR\",\"value\":\"9.90\"},"
                              "\"custom_id\":\"1-" PAYMENT "\",\"invoice_id\":\"1-" REFUND "\","
                              "\"note_to_payer\":\"too late \"}");
    request.reason = apr_psprintf(pool, "%0300d\xc3\xa9", 0);
    assert_null(orders_paypal_refund_text(&text, pool, &request, &length));
    assert_null(strstr(text, apr_psprintf(pool, "%0256d", 0)));
    assert_non_null(strstr(text, apr_psprintf(pool, "%0255d", 0)));
}

/* --- responses --- */

#define LINKS                                                                                      \
    "\"links\":[{\"rel\":\"self\",\"href\":\"https://api.example/1\"},"                            \
    "{\"rel\":\"payer-action\",\"href\":\"https://www.paypal.com/checkoutnow?token=5O19\"}]"

static void reads_a_new_order(void **state)
{
    static const char *const bad[] = {
        "{",
        "[]",
        "{" LINKS "}",
        "{\"id\":\"5O19/..\"," LINKS "}",
        "{\"id\":17," LINKS "}",
        "{\"id\":\"5O19\"}",
        "{\"id\":\"5O19\",\"links\":[{\"rel\":\"payer-action\",\"href\":\"javascript:x\"}]}",
    };
    const char *good = "{\"id\":\"5O19\",\"status\":\"PAYER_ACTION_REQUIRED\"," LINKS "}";
    orders_intent_reply_t reply;

    assert_null(orders_paypal_intent_read(&reply, pool, good, strlen(good)));
    assert_string_equal(reply.intent_id, "5O19");
    assert_string_equal(reply.pay_url, "https://www.paypal.com/checkoutnow?token=5O19");
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_string_equal(
            code_of(orders_paypal_intent_read(&reply, pool, bad[i], strlen(bad[i]))),
            "provider_unreachable");
    }
}

#define CAPTURE(id, status)                                                                        \
    "{\"id\":\"" id "\",\"status\":\"" status "\",\"amount\":{\"currency_code\":\"EUR\","          \
    "\"value\":\"19.90\"},\"status_details\":{\"reason\":\"R\"}}"
#define ORDER(status, captures)                                                                    \
    "{\"id\":\"5O19\",\"status\":\"" status "\",\"payer\":{\"email_address\":\"a@b.example\"},"    \
    "\"purchase_units\":[{\"payments\":{\"captures\":[" captures "]}}]," LINKS "}"

static const struct {
    const char *text, *outcome, *transaction_id; /**< outcome NULL: cannot be read */
} captures[] = {
    {ORDER("COMPLETED", CAPTURE("3C6", "COMPLETED")), "paid", "3C6"},
    {ORDER("COMPLETED", CAPTURE("3C6", "PARTIALLY_REFUNDED")), "paid", "3C6"},
    {ORDER("COMPLETED", CAPTURE("3C6", "REFUNDED")), "paid", "3C6"},
    {ORDER("COMPLETED", CAPTURE("3C6", "PENDING")), "confirming", "3C6"},
    {ORDER("COMPLETED", CAPTURE("3C6", "DECLINED")), "failed", "3C6"},
    {ORDER("COMPLETED", CAPTURE("3C6", "FAILED")), "failed", "3C6"},
    {ORDER("COMPLETED", CAPTURE("1", "DECLINED") "," CAPTURE("2", "COMPLETED")), "paid", "2"},
    {ORDER("CREATED", ""), "waiting", NULL},
    {ORDER("PAYER_ACTION_REQUIRED", ""), "waiting", NULL},
    {ORDER("APPROVED", ""), "approved", NULL},
    {ORDER("VOIDED", ""), "gone", NULL},
    {ORDER("COMPLETED", ""), NULL, NULL},
    {ORDER("COMPLETED", CAPTURE("3C6", "SOMETHING_NEW")), NULL, NULL},
    {ORDER("COMPLETED", CAPTURE("../3", "COMPLETED")), NULL, NULL},
    {ORDER("COMPLETED", "{\"id\":\"3C6\",\"status\":\"COMPLETED\"}"), NULL, NULL},
    {"{}", NULL, NULL},
    {"nonsense", NULL, NULL},
};

static void reads_the_outcome_of_an_order(void **state)
{
    for (size_t i = 0; i < COUNT(captures); i++) {
        orders_capture_reply_t reply;
        orders_problem_t *problem = orders_paypal_capture_read(
            &reply, pool, captures[i].text, strlen(captures[i].text), ORDERS_EXPONENT_UNKNOWN);

        if (!captures[i].outcome) {
            assert_string_equal(code_of(problem), "provider_unreachable");
            continue;
        }
        assert_null(problem);
        assert_string_equal(reply.outcome, captures[i].outcome);
        assert_string_equal(reply.payer, "a@b.example");
        assert_string_equal(reply.transaction_id ? reply.transaction_id : "-",
                            captures[i].transaction_id ? captures[i].transaction_id : "-");
        if (!strcmp(reply.outcome, "paid") || !strcmp(reply.outcome, "confirming")) {
            assert_int_equal(reply.amount, 1990);
            assert_string_equal(reply.currency, "EUR");
        }
        assert_true(!reply.pay_url == !!strcmp(reply.outcome, "waiting"));
        assert_true(!reply.failure_code == !!strcmp(reply.outcome, "failed"));
    }
}

static const struct {
    const char *text, *code, *transaction_id;
    bool pending;
} refunds[] = {
    {"{\"id\":\"1JU\",\"status\":\"COMPLETED\"}", "", "1JU", false},
    {"{\"id\":\"1JU\",\"status\":\"PENDING\"}", "", "1JU", true},
    {"{\"id\":\"1JU\",\"status\":\"FAILED\"}", "provider_refused", NULL, false},
    {"{\"id\":\"1JU\",\"status\":\"CANCELLED\"}", "provider_refused", NULL, false},
    {"{\"id\":\"1JU\"}", "provider_unreachable", NULL, false},
    {"{\"status\":\"COMPLETED\"}", "provider_unreachable", NULL, false},
};

static void reads_a_refund(void **state)
{
    for (size_t i = 0; i < COUNT(refunds); i++) {
        orders_refund_reply_t reply;

        assert_string_equal(code_of(orders_paypal_refund_read(&reply, pool, refunds[i].text,
                                                              strlen(refunds[i].text))),
                            refunds[i].code);
        if (!*refunds[i].code) {
            assert_string_equal(reply.transaction_id, refunds[i].transaction_id);
            assert_int_equal(reply.pending, refunds[i].pending);
        }
    }
}

#define REFUNDED(status, refunds)                                                                  \
    "{\"purchase_units\":[{\"payments\":{\"captures\":[{\"status\":\"" status "\"}],"              \
    "\"refunds\":[" refunds "]}}]}"
#define MARKED(mark) "{\"id\":\"1JU\",\"status\":\"COMPLETED\",\"invoice_id\":\"" mark "\"}"

static const struct {
    const char *text;
    bool found;
    const char *transaction_id;
} forgotten[] = {
    {REFUNDED("REFUNDED", MARKED("1-refund-8") "," MARKED("1-refund-9")), true, "1JU"},
    {REFUNDED("PARTIALLY_REFUNDED", MARKED("1-refund-9")), true, "1JU"},
    {REFUNDED("REFUNDED", MARKED("1-refund-8")), false, NULL},
    {REFUNDED("REFUNDED", "{\"id\":\"1JU\",\"status\":\"COMPLETED\"}"), true, NULL},
    {REFUNDED("PARTIALLY_REFUNDED", "{\"id\":\"1JU\",\"status\":\"COMPLETED\"}"), false, NULL},
    {"{}", false, NULL},
};

static void finds_a_refund_whose_key_has_expired(void **state)
{
    for (size_t i = 0; i < COUNT(forgotten); i++) {
        orders_refund_reply_t reply;
        bool found;

        assert_null(orders_paypal_refund_find(&reply, &found, pool, "1-refund-9", forgotten[i].text,
                                              strlen(forgotten[i].text)));
        assert_int_equal(found, forgotten[i].found);
        assert_string_equal(reply.transaction_id ? reply.transaction_id : "-",
                            forgotten[i].transaction_id ? forgotten[i].transaction_id : "-");
    }
}

static void reads_refusals(void **state)
{
    const char *text =
        "{\"name\":\"UNPROCESSABLE_ENTITY\",\"debug_id\":\"5ca10b\",\"details\":"
        "[{\"issue\":\"INSTRUMENT_DECLINED\",\"description\":\"It was\\ndeclined.\"}],"
        "\"links\":[{\"rel\":\"redirect\",\"href\":\"https://www.paypal.com/x\"}]}";
    orders_paypal_error_t error;

    orders_paypal_error(&error, pool, 422, text, strlen(text));
    assert_string_equal(error.code, "INSTRUMENT_DECLINED");
    assert_string_equal(error.message, "It was declined.");
    assert_string_equal(error.pay_url, "https://www.paypal.com/x");
    assert_string_equal(error.log, "PayPal replied 422: INSTRUMENT_DECLINED, debug_id 5ca10b");
    orders_paypal_error(&error, pool, 404, "<h1>Not Found", 13);
    assert_string_equal(error.code, "");
    assert_string_equal(error.log, "PayPal replied 404");
    text = "{\"name\":\"a\\u0000b\"}";
    orders_paypal_error(&error, pool, 400, text, strlen(text));
    assert_string_equal(error.code, "");
    text = "{\"name\":\"INVALID REQUEST\\r\\nX: y\",\"debug_id\":\"\\r\\nforged\"}";
    orders_paypal_error(&error, pool, 400, text, strlen(text));
    assert_string_equal(error.log, "PayPal replied 400");
}

/* --- signatures --- */

static const char *header(void *context, const char *name)
{
    return json_string_value(json_object_get(context, name));
}

static void builds_the_signed_text(void **state)
{
    json_t *headers = json_pack("{ss ss ss ss}", "PAYPAL-TRANSMISSION-ID", "id",
                                "PAYPAL-TRANSMISSION-TIME", "2026-11-21T10:00:00Z",
                                "PAYPAL-TRANSMISSION-SIG", "c2ln", "PAYPAL-CERT-URL", "https://x");
    orders_signed_body_t received = {
        .header = header, .context = headers, .body = "123456789", .length = 9};

    assert_string_equal(orders_paypal_signed_text(&received, "WH1", pool),
                        "id|2026-11-21T10:00:00Z|WH1|3421780262");
    received.length = 0;
    assert_string_equal(orders_paypal_signed_text(&received, "WH1", pool),
                        "id|2026-11-21T10:00:00Z|WH1|0");
    assert_false(orders_paypal_is_signed(&received));
    json_object_set_new(headers, "PAYPAL-AUTH-ALGO", json_string("SHA256withRSA"));
    assert_true(orders_paypal_is_signed(&received));
    json_decref(headers);
}

static void fetches_certificates_from_paypal_only(void **state)
{
    static const char own[] = "https://api-m.paypal.com";
    static const char local[] = "http://127.0.0.1:8500";
    static const char *const good[] = {
        "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-a5cafa77",
        "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1",
        "https://API.PAYPAL.COM:443/v1/notifications/certs/CERT-1",
    };
    static const char *const bad[] = {
        "http://api.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com:8443/v1/notifications/certs/CERT-1",
        "https://api.paypal.com.evil.example/v1/notifications/certs/CERT-1",
        "https://evilpaypal.com/v1/notifications/certs/CERT-1",
        "https://paypal.com@evil.example/v1/notifications/certs/CERT-1",
        "https://evil.example/v1/notifications/certs/CERT-1#.paypal.com",
        "https://evil.example?x=.paypal.com/v1/notifications/certs/CERT-1",
        "https://evil.example\\.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com/v1/notifications/certs/../../elsewhere",
        "https://api.paypal.com/v1/notifications/certs/%2e%2e/x",
        "https://api.paypal.com/v1/notifications/certs/CERT-1?to=x",
        "https://api.paypal.com/elsewhere/v1/notifications/certs/CERT-1",
        "https://api.paypal.com",
        "http://127.0.0.1:8500/v1/notifications/certs/CERT-1",
        "file:///v1/notifications/certs/CERT-1",
        "",
    };

    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(orders_paypal_certificate_url_ok(own, good[i], pool));
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(orders_paypal_certificate_url_ok(own, bad[i], pool));
    }
    assert_true(orders_paypal_certificate_url_ok(
        local, "http://127.0.0.1:8500/v1/notifications/certs/good", pool));
    assert_false(orders_paypal_certificate_url_ok(
        local, "http://127.0.0.1:8501/v1/notifications/certs/good", pool));
}

static void refuses_texts_that_are_not_certificates(void **state)
{
    static const char *const bad[] = {"", "nonsense",
                                      "-----BEGIN CERTIFICATE-----\nAAAA\n"
                                      "-----END CERTIFICATE-----\n"};

    for (size_t i = 0; i < COUNT(bad); i++) {
        const char *why = NULL;

        assert_null(orders_paypal_certificate_key(bad[i], strlen(bad[i]), NULL, 0, pool, &why));
        assert_string_equal(why, "it is not a PEM certificate");
    }
}

static void sanitises_texts(void **state)
{
    assert_string_equal(orders_text_sanitise(pool, "a\x01z\xff\xc3\xa9", 9), "a z \xc3\xa9");
    assert_string_equal(orders_text_sanitise(pool, "\xc3\xa9\xc3\xa9\xc3\xa9", 2),
                        "\xc3\xa9\xc3\xa9");
    assert_null(orders_text_sanitise(pool, NULL, 9));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(writes_amounts_exactly_or_not_at_all),
        TEST(reads_amounts_exactly_or_not_at_all),
        TEST(writes_the_request_for_an_order),
        TEST(writes_the_note_to_the_payer),
        TEST(reads_a_new_order),
        TEST(reads_the_outcome_of_an_order),
        TEST(reads_a_refund),
        TEST(finds_a_refund_whose_key_has_expired),
        TEST(reads_refusals),
        TEST(builds_the_signed_text),
        TEST(fetches_certificates_from_paypal_only),
        TEST(refuses_texts_that_are_not_certificates),
        TEST(sanitises_texts),
    };

    return RUN(tests);
}
