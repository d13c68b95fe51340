/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures and messages of the signed HTTP provider, without a network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <apr_time.h>

#include "core/fields.h"
#include "net/http_client.h"
#include "net/signature.h"
#include "payments/http_messages.h"
#include "payments/http_provider.h"

#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define OTHER_SECRET "a secret of some thirty bytes.."

static apr_pool_t *pool;

static int set_up(void **state)
{
    return apr_pool_create(&pool, NULL) != APR_SUCCESS;
}

static int tear_down(void **state)
{
    apr_pool_destroy(pool);
    return 0;
}

static orders_keys_t keys_of(const char *secret)
{
    orders_keys_t keys;

    assert_null(orders_keys_read(&keys, pool, (const unsigned char *)secret, strlen(secret)));
    return keys;
}

static orders_message_t sample(void)
{
    orders_message_t message = {.id = "msg_p5jXN8AQM9LWM0D4loKWxJek",
                                .timestamp = "1614265330",
                                .body = "{\"test\": 2432232314}"};

    message.length = strlen(message.body);
    return message;
}

#define SAMPLE_TIME apr_time_from_sec(1614265330)
#define SAMPLE_SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static void matches_the_published_test_vector(void **state)
{
    orders_keys_t keys = keys_of(SECRET);
    orders_message_t message = sample();

    assert_string_equal(orders_signature_make(&keys, &message, pool), SAMPLE_SIGNATURE);
}

static void signs_with_each_secret(void **state)
{
    orders_keys_t both = keys_of(OTHER_SECRET "\r\n\n" SECRET "\n");
    orders_keys_t other = keys_of(OTHER_SECRET);
    orders_message_t message = sample();
    const char *signatures = orders_signature_make(&both, &message, pool);

    assert_int_equal(both.count, 2);
    assert_string_equal(signatures, apr_pstrcat(pool, orders_signature_make(&other, &message, pool),
                                                " ", SAMPLE_SIGNATURE, NULL));
    assert_true(orders_signature_valid(&other, &message, signatures, SAMPLE_TIME, pool));
}

static void refuses_bad_secrets(void **state)
{
    static const char *const bad[] = {"",
                                      "\n",
                                      "short",
                                      "whsec_",
                                      "whsec_AAAA",
                                      "whsec_not base64 at all, is it",
                                      OTHER_SECRET "\nshort"};
    orders_keys_t keys;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_non_null(
            orders_keys_read(&keys, pool, (const unsigned char *)bad[i], strlen(bad[i])));
    }
    assert_non_null(orders_keys_read(&keys, pool, NULL, 0));
}

static bool valid(const orders_message_t *message, const char *signatures, int seconds)
{
    orders_keys_t keys = keys_of(SECRET);

    return orders_signature_valid(&keys, message, signatures,
                                  SAMPLE_TIME + apr_time_from_sec(seconds), pool);
}

static void accepts_signed_events(void **state)
{
    orders_message_t message = sample();

    assert_true(valid(&message, SAMPLE_SIGNATURE, 0));
    assert_true(valid(&message, "v1,AAAA v1a,BBBB " SAMPLE_SIGNATURE " v2,CC", 0));
    assert_true(valid(&message, SAMPLE_SIGNATURE, 300));
    assert_true(valid(&message, SAMPLE_SIGNATURE, -300));
}

static void refuses_wrong_signatures(void **state)
{
    orders_message_t message = sample();
    orders_message_t changed;

    assert_false(valid(&message, NULL, 0));
    assert_false(valid(&message, "", 0));
    assert_false(valid(&message, "v1,", 0));
    assert_false(valid(&message, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF=", 0));
    assert_false(valid(&message, "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", 0));
    assert_false(valid(&message, SAMPLE_SIGNATURE "x", 0));
    assert_false(valid(&message, SAMPLE_SIGNATURE, 301));
    assert_false(valid(&message, SAMPLE_SIGNATURE, -301));
    changed = message;
    changed.id = "msg_other";
    assert_false(valid(&changed, SAMPLE_SIGNATURE, 0));
    changed = message;
    changed.timestamp = "1614265331";
    assert_false(valid(&changed, SAMPLE_SIGNATURE, 0));
    changed = message;
    changed.length--;
    assert_false(valid(&changed, SAMPLE_SIGNATURE, 0));
    changed = message;
    changed.id = NULL;
    assert_false(valid(&changed, SAMPLE_SIGNATURE, 0));
}

static void refuses_malformed_times(void **state)
{
    static const char *const times[] = {
        "",     "-1614265330",          "1614265330 ", "1614265330.5",
        "soon", "99999999999999999999", "0x60381d72"};
    orders_message_t message = sample();
    orders_keys_t keys = keys_of(SECRET);

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        message.timestamp = times[i];
        assert_false(valid(&message, orders_signature_make(&keys, &message, pool), 0));
    }
    message.timestamp = NULL;
    assert_false(valid(&message, SAMPLE_SIGNATURE, 0));
}

static void checks_urls(void **state)
{
    assert_null(orders_http_url_check("https://pay.example/v1"));
    assert_null(orders_http_url_check("http://127.0.0.1:8400"));
    assert_null(orders_http_url_check("http://[::1]:8400/x"));
    assert_null(orders_http_url_check("http://localhost/x"));
    assert_non_null(orders_http_url_check("http://pay.example/v1"));
    assert_non_null(orders_http_url_check("http://127.0.0.1.example/"));
    assert_non_null(orders_http_url_check("ftp://127.0.0.1/"));
    assert_non_null(orders_http_url_check("file:///etc/passwd"));
    assert_non_null(orders_http_url_check("https://user:word@pay.example/"));
    assert_non_null(orders_http_url_check("https://pay.example/?a=b"));
    assert_non_null(orders_http_url_check("pay.example"));
    assert_non_null(orders_http_url_check("https:/pay.example/"));
    assert_non_null(orders_http_url_check("https:///pay.example/"));
    assert_non_null(orders_http_url_check("https:pay.example?x=://"));
    assert_non_null(orders_http_url_check(""));
    assert_null(orders_http_page_check("https://pay.example/p?a=b#c"));
    assert_non_null(orders_http_page_check("javascript:alert(1)"));
}

static void checks_ids(void **state)
{
    assert_true(orders_provider_id_ok("in_1-2.3:4~5"));
    assert_false(orders_provider_id_ok(NULL));
    assert_false(orders_provider_id_ok(""));
    assert_false(orders_provider_id_ok(".."));
    assert_false(orders_provider_id_ok("a/b"));
    assert_false(orders_provider_id_ok("a b"));
    assert_false(orders_provider_id_ok("a\r\nb"));
    assert_false(orders_provider_id_ok("\xc3\xa9"));
}

static orders_problem_t *read_intent(const char *text, orders_intent_reply_t *reply)
{
    return orders_intent_read(reply, pool, text, strlen(text));
}

static void reads_intents(void **state)
{
    orders_intent_reply_t reply;

    assert_null(read_intent("{\"intent_id\":\"in_1\",\"pay_url\":\"https://pay.example/p?x=1\","
                            "\"reference\":\"R 1\",\"more\":[1]}",
                            &reply));
    assert_string_equal(reply.intent_id, "in_1");
    assert_string_equal(reply.pay_url, "https://pay.example/p?x=1");
    assert_string_equal(reply.reference, "R 1");
    assert_null(read_intent("{\"intent_id\":\"in_1\",\"pay_url\":null}", &reply));
    assert_null(reply.pay_url);
    assert_null(reply.reference);
}

static void treats_malformed_responses_as_unknown(void **state)
{
    static const char *const bad[] = {
        "",
        "null",
        "[]",
        "{",
        "<html>",
        "{\"intent_id\":1}",
        "{\"intent_id\":\"\"}",
        "{\"intent_id\":\"../x\"}",
        "{\"intent_id\":\"a\",\"intent_id\":\"b\"}",
        "{\"intent_id\":\"a\",\"pay_url\":\"javascript:alert(1)\"}",
        "{\"intent_id\":\"a\",\"pay_url\":\"http://pay.example/\"}",
        "{\"intent_id\":\"a\",\"pay_url\":\"https://pay.example/\\u0000\"}",
        "{\"intent_id\":\"a\",\"pay_url\":\"https://pay.example/<b>\"}",
        "{\"intent_id\":\"a\",\"pay_url\":7}"};
    orders_intent_reply_t reply;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        orders_problem_t *problem = read_intent(bad[i], &reply);
        assert_non_null(problem);
        assert_int_equal(problem->error, ORDERS_E_provider_unreachable);
        assert_null(reply.intent_id);
    }
}

static void reads_refunds(void **state)
{
    orders_refund_reply_t reply;
    const char *done = "{\"transaction_id\":\"re_1\",\"status\":\"done\"}";
    const char *pending = "{\"transaction_id\":\"re_1\",\"status\":\"pending\"}";
    const char *wrong = "{\"transaction_id\":\"re_1\",\"status\":\"maybe\"}";

    assert_null(orders_refund_read(&reply, pool, done, strlen(done)));
    assert_false(reply.pending);
    assert_null(orders_refund_read(&reply, pool, pending, strlen(pending)));
    assert_true(reply.pending);
    assert_string_equal(reply.transaction_id, "re_1");
    assert_int_equal(orders_refund_read(&reply, pool, wrong, strlen(wrong))->error,
                     ORDERS_E_provider_unreachable);
}

static orders_error_e refusal(long status, const char *text)
{
    return orders_refusal_read(status, pool, text, strlen(text))->error;
}

static void distinguishes_refusals_from_failures(void **state)
{
    const char *no = "{\"code\":\"card_declined\",\"message\":\"No \\\"way\\\".\"}";
    orders_problem_t *problem = orders_refusal_read(402, pool, no, strlen(no));

    assert_int_equal(problem->error, ORDERS_E_provider_refused);
    assert_string_equal(problem->extra, no);
    assert_int_equal(refusal(422, no), ORDERS_E_provider_refused);
    assert_int_equal(refusal(422, "<html>"), ORDERS_E_provider_unreachable);
    assert_int_equal(refusal(422, "{\"code\":\"a b\"}"), ORDERS_E_provider_unreachable);
    assert_int_equal(refusal(401, no), ORDERS_E_provider_unreachable);
    assert_int_equal(refusal(429, no), ORDERS_E_provider_unreachable);
    assert_int_equal(refusal(302, no), ORDERS_E_provider_unreachable);
    assert_int_equal(refusal(500, no), ORDERS_E_provider_unreachable);
}

/** The headers of an event as a request would give them. */
typedef struct headers_t {
    const char *id, *timestamp, *signature;
} headers_t;

static const char *header(void *context, const char *name)
{
    const headers_t *headers = context;

    return !strcmp(name, "webhook-id")          ? headers->id
           : !strcmp(name, "webhook-timestamp") ? headers->timestamp
           : !strcmp(name, "webhook-signature") ? headers->signature
                                                : NULL;
}

static const orders_channel_t *channel(void)
{
    static const orders_channel_t ours = {.name = "card",
                                          .provider = &orders_http_provider,
                                          .url = "https://pay.example",
                                          .secret = (const unsigned char *)SECRET,
                                          .secret_length = sizeof(SECRET) - 1};

    return &ours;
}

static orders_problem_t *read_event(headers_t *headers, const char *body,
                                    orders_parsed_event_t *event)
{
    const orders_signed_body_t received = {
        .header = header, .context = headers, .body = body, .length = strlen(body)};

    return orders_http_provider.read_event(channel(), pool, &received, event);
}

static orders_problem_t *receive(const char *id, const char *body, orders_parsed_event_t *event)
{
    orders_keys_t keys = keys_of(SECRET);
    orders_message_t message = {.id = id, .body = body, .length = strlen(body)};
    headers_t headers = {.id = id};

    headers.timestamp = message.timestamp =
        apr_psprintf(pool, "%" APR_INT64_T_FMT, (apr_int64_t)apr_time_sec(apr_time_now()));
    headers.signature = orders_signature_make(&keys, &message, pool);
    return read_event(&headers, body, event);
}

static void reads_events(void **state)
{
    orders_parsed_event_t event;

    assert_null(receive("evt_1",
                        "{\"type\":\"paid\",\"payment_key\":\"0f8b3c1e-5d2a-4c7b-9e10-"
                        "6a7b8c9d0e1f\",\"intent_id\":\"in_1\","
                        "\"transaction_id\":\"tx_1\",\"amount\":1990,\"currency\":\"EUR\"}",
                        &event));
    assert_string_equal(event.id, "evt_1");
    assert_string_equal(event.type, "paid");
    assert_string_equal(event.payment_key, "0f8b3c1e-5d2a-4c7b-9e10-6a7b8c9d0e1f");
    assert_string_equal(event.intent_id, "in_1");
    assert_string_equal(event.transaction_id, "tx_1");
    assert_int_equal(event.amount, 1990);
    assert_string_equal(event.currency, "EUR");
    assert_null(receive("evt_2",
                        "{\"type\":\"failed\",\"intent_id\":\"in_1\","
                        "\"failure_code\":\"x\",\"failure_message\":\"y\"}",
                        &event));
    assert_string_equal(event.failure_code, "x");
    assert_null(event.payment_key);
    assert_null(event.capture_id);
    assert_null(
        receive("evt_3",
                "{\"type\":\"refunded\",\"intent_id\":\"in_1\",\"transaction_id\":\"rtx_1\","
                "\"capture_id\":\"tx_1\",\"amount\":1990,\"currency\":\"EUR\"}",
                &event));
    assert_string_equal(event.capture_id, "tx_1");
}

/** The order database checks amounts and keeps an event that it refuses. */
static void leaves_amounts_to_the_database(void **state)
{
    static const char *const texts[] = {
        "{\"type\":\"stolen\",\"intent_id\":\"in_1\"}",
        "{\"type\":\"paid\"}",
        "{\"type\":\"paid\",\"intent_id\":\"in_1\",\"amount\":1,\"currency\":\"EUR\"}",
        "{\"type\":\"refunded\",\"intent_id\":\"in_1\",\"transaction_id\":\"t\",\"amount\":-1}",
        "{\"type\":\"paid\",\"intent_id\":\"i\",\"transaction_id\":\"t\",\"amount\":1,"
        "\"currency\":\"euro\"}",
    };
    orders_parsed_event_t event;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_null(receive("evt_1", texts[i], &event));
    }
    assert_string_equal(event.currency, "euro");
}

#define FAILED(code, message)                                                                      \
    "{\"type\":\"failed\",\"intent_id\":\"in_1\",\"failure_code\":" code                           \
    ",\"failure_message\":" message "}"

/** An invalid message must not make the event invalid. */
static void sanitises_free_text(void **state)
{
    static const struct {
        const char *body, *code, *message;
    } cases[] = {
        {FAILED("\"a\"", "\"No\\nfunds.\""), "a", "No funds."},
        {FAILED("\"a\\tb\"", "\"x\\u007f\\u0085y\""), "a b", "x  y"},
        {FAILED("51", "[\"x\"]"), "51", NULL},
        {FAILED("\"a\"", "\"\xff\xc3\""), "a", "  "},
        {FAILED("\"a\"", "\"cut \\ud83d\""), "a", "cut  "},
        {FAILED("\"a\"", "\"\\ud83d\\ude00 \\udc00 \\u0000 \\\\u0000\""), "a",
         "\xf0\x9f\x98\x80     \\u0000"},
        {FAILED("\"\"", "\"\""), NULL, NULL},
    };
    orders_parsed_event_t event;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_null(receive("evt_1", cases[i].body, &event));
        if (cases[i].code) {
            assert_string_equal(event.failure_code, cases[i].code);
        } else {
            assert_null(event.failure_code);
        }
        if (cases[i].message) {
            assert_string_equal(event.failure_message, cases[i].message);
        } else {
            assert_null(event.failure_message);
        }
    }
}

static void truncates_text_between_characters(void **state)
{
    char *text = apr_palloc(pool, 1201);
    orders_parsed_event_t event;

    for (int i = 0; i < 600; i++) {
        memcpy(text + 2 * i, "\xc3\xa9", 2);
    }
    text[1200] = '\0';
    assert_null(receive("evt_1", apr_psprintf(pool, FAILED("\"a\"", "\"%s\""), text), &event));
    assert_int_equal(strlen(event.failure_message), 1000);
    assert_true(!strncmp(event.failure_message, text, 1000));
}

static void sanitises_responses(void **state)
{
    const char *intent = "{\"intent_id\":\"in_1\",\"reference\":\"a\\r\xff\"}";
    const char *no = "{\"code\":\"declined\",\"message\":\"No\\nfunds \\ud83d\"}";
    orders_intent_reply_t reply;

    assert_null(read_intent(intent, &reply));
    assert_string_equal(reply.reference, "a  ");
    assert_string_equal(orders_refusal_read(402, pool, no, strlen(no))->extra,
                        "{\"code\":\"declined\",\"message\":\"No funds  \"}");
}

static void refuses_malformed_events(void **state)
{
    static const char *const bad[] = {
        "{}",
        "{\"type\":7,\"intent_id\":\"in_1\"}",
        "{\"type\":\"failed\",\"payment_key\":77}",
        "{\"type\":\"failed\",\"payment_key\":\"77\"}",
        "{\"type\":\"failed\",\"intent_id\":\"a/../b\"}",
        "{\"type\":\"paid\",\"intent_id\":\"in_1\",\"transaction_id\":\"a b\",\"amount\":1}",
        "{\"type\":\"paid\",\"intent_id\":\"in_1\",\"transaction_id\":\"t\",\"amount\":\"1\"}",
        "{\"type\":\"refunded\",\"intent_id\":\"in_1\",\"capture_id\":\"a b\"}",
    };
    orders_parsed_event_t event;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        orders_problem_t *problem = receive("evt_1", bad[i], &event);
        assert_non_null(problem);
        assert_int_equal(problem->error, ORDERS_E_invalid_fields);
    }
    assert_int_equal(receive("evt_1", "", &event)->error, ORDERS_E_malformed_json);
    assert_int_equal(receive("evt_1", "[]", &event)->error, ORDERS_E_malformed_json);
    assert_int_equal(receive("evt 1", "{}", &event)->error, ORDERS_E_malformed_request);
}

static void refuses_unsigned_events(void **state)
{
    headers_t headers = {NULL, NULL, NULL};
    orders_parsed_event_t event;

    assert_int_equal(read_event(&headers, "{}", &event)->error, ORDERS_E_invalid_signature);
    headers = (headers_t){"msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", SAMPLE_SIGNATURE};
    assert_int_equal(read_event(&headers, "{\"test\": 2432232314}", &event)->error,
                     ORDERS_E_invalid_signature);
}

static void finds_channels(void **state)
{
    apr_array_header_t *channels = apr_array_make(pool, 1, sizeof(orders_channel_t));
    orders_providers_t providers = {.channels = channels};
    orders_channel_t wrong = *channel();

    *(orders_channel_t *)apr_array_push(channels) = *channel();
    assert_string_equal(orders_channel_find(&providers, "card")->url, "https://pay.example");
    assert_null(orders_channel_find(&providers, "cash"));
    assert_null(orders_channel_find(NULL, "card"));
    assert_string_equal(apr_array_pstrcat(pool, orders_channel_names(channels, pool), ' '), "card");
    assert_int_equal(orders_channel_names(NULL, pool)->nelts, 0);
    assert_ptr_equal(orders_provider_by_name("http"), &orders_http_provider);
    assert_null(orders_provider_by_name("carrier pigeon"));
    assert_null(orders_channel_check(channel(), pool));
    wrong.url = "http://pay.example";
    assert_non_null(orders_channel_check(&wrong, pool));
    wrong = *channel();
    wrong.secret_length = 3;
    assert_non_null(orders_channel_check(&wrong, pool));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_the_published_test_vector),
        cmocka_unit_test(signs_with_each_secret),
        cmocka_unit_test(refuses_bad_secrets),
        cmocka_unit_test(accepts_signed_events),
        cmocka_unit_test(refuses_wrong_signatures),
        cmocka_unit_test(refuses_malformed_times),
        cmocka_unit_test(checks_urls),
        cmocka_unit_test(checks_ids),
        cmocka_unit_test(reads_intents),
        cmocka_unit_test(treats_malformed_responses_as_unknown),
        cmocka_unit_test(reads_refunds),
        cmocka_unit_test(distinguishes_refusals_from_failures),
        cmocka_unit_test(reads_events),
        cmocka_unit_test(leaves_amounts_to_the_database),
        cmocka_unit_test(sanitises_free_text),
        cmocka_unit_test(truncates_text_between_characters),
        cmocka_unit_test(sanitises_responses),
        cmocka_unit_test(refuses_malformed_events),
        cmocka_unit_test(refuses_unsigned_events),
        cmocka_unit_test(finds_channels),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
