/* SPDX-License-Identifier: Apache-2.0 */
/* The bodies and headers of messages to webhooks. */
#include "orders.h"

#include "webhooks/message.h"
#include "webhooks/signature.h"

#define SECRET (const unsigned char *)"0123456789abcdef0123456789abcdef"
#define FORMER (const unsigned char *)"another secret of 32 bytes ....."
#define UUID                                                                                       \
    (const unsigned char *)"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"
#define SALT                                                                                       \
    (const unsigned char *)"\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x20"
#define OTHER_SALT                                                                                 \
    (const unsigned char *)"\x21\x22\x23\x24\x25\x26\x27\x28\x29\x2a\x2b\x2c\x2d\x2e\x2f\x30"

static const orders_message_t message = {
    .id = "1-812-order.paid", .body = "{\"type\":\"order.paid\"}", .length = 21};

static apr_table_t *headers_of(const orders_settings_t *settings, const unsigned char *former_salt)
{
    const orders_webhook_target_t target = {
        .public_id = UUID, .salt = SALT, .former_salt = former_salt};
    orders_keys_t keys;

    assert_true(orders_webhook_keys(&keys, &target, settings, pool));
    return orders_webhook_headers(&keys, &message, apr_time_from_sec(1795255200) + 7, pool);
}

/* As `openssl dgst -sha256 -mac HMAC` computes it with the key whsec_GRqcHc7FcJ4uU2xUx+YbCnzxavTwDj55azXLEKa+IHI=. */
#define SIGNATURE "v1,I7NjLFbNnDpZwEUqxuAK6AHbPguESc9yOWxOY2K622U="

static void headers_follow_standard_webhooks(void **state)
{
    const orders_settings_t settings = {.secret = SECRET, .secret_length = 32};
    const apr_table_t *headers = headers_of(&settings, NULL);

    assert_string_equal(apr_table_get(headers, "content-type"), "application/json");
    assert_string_equal(apr_table_get(headers, "webhook-id"), "1-812-order.paid");
    assert_string_equal(apr_table_get(headers, "webhook-timestamp"), "1795255200");
    assert_string_equal(apr_table_get(headers, "webhook-signature"), SIGNATURE);
}

static int count_signatures(const char *text)
{
    int count = 0;

    for (; *text; text++) {
        count += !strncmp(text, "v1,", 3);
    }
    return count;
}

static void former_secrets_and_salts_sign_too(void **state)
{
    const orders_settings_t settings = {.secret = SECRET,
                                        .secret_length = 32,
                                        .former_secret = FORMER,
                                        .former_secret_length = 32},
                            later = {.secret = FORMER, .secret_length = 32},
                            alone = {.secret = SECRET, .secret_length = 32};
    const char *one = apr_table_get(headers_of(&later, NULL), "webhook-signature");
    const char *rotated = apr_table_get(headers_of(&alone, OTHER_SALT), "webhook-signature");
    const char *both = apr_table_get(headers_of(&settings, NULL), "webhook-signature");
    const char *four = apr_table_get(headers_of(&settings, OTHER_SALT), "webhook-signature");

    assert_int_equal(count_signatures(rotated), 2);
    assert_ptr_equal(strstr(rotated, SIGNATURE " "), rotated);
    assert_string_equal(both, apr_pstrcat(pool, SIGNATURE " ", one, NULL));
    assert_int_equal(count_signatures(four), 4);
    assert_ptr_equal(strstr(four, rotated), four);
    assert_non_null(strstr(four, one));
}

static void nothing_is_signed_without_a_secret(void **state)
{
    const orders_settings_t bare = {.tenant = 1};
    const orders_webhook_target_t target = {.public_id = UUID, .salt = SALT};
    orders_keys_t keys;

    assert_false(orders_webhook_keys(&keys, &target, &bare, pool));
}

static orders_event_t event_of(const char *number)
{
    orders_event_t event = {.id = 812,
                            .epoch = 1,
                            .xid = 7731,
                            .types = {"[\"order.paid\"]", 14},
                            .subject = number ? "order" : "webhook_endpoint",
                            .subject_id = 57,
                            .public_id = UUID,
                            .order_number = number,
                            .version = 2,
                            .actor = "system",
                            .created_at = APR_INT64_C(1795255200123456),
                            .hash = "ab"};

    event.steps = apr_array_make(pool, 1, sizeof(orders_event_step_t));
    return event;
}

static orders_webhook_t endpoint_of(void)
{
    return (orders_webhook_t){.public_id = UUID,
                              .url = "https://hooks.example/?token=secret",
                              .description = "Warehouse",
                              .state = "disabled",
                              .disabled_reason = "gone",
                              .version = 3,
                              .salt = SALT};
}

#define ORDER_NAME                                                                                 \
    "\"id\":57,\"public_id\":\"01020304-0506-0708-090a-0b0c0d0e0f10\",\"number\":\"ORD-57\""

static void thin_messages_have_the_name_of_the_order(void **state)
{
    orders_event_t event = event_of("ORD-57");
    const orders_webhook_message_t thin = {
        .type = "order.paid", .subject = "order", .event = &event};
    const char *body = orders_webhook_body(pool, &thin, NULL);

    assert_string_equal(
        body,
        "{\"type\":\"order.paid\",\"timestamp\":\"2026-11-21T10:00:00Z\",\"data\":{\"event\":{"
        "\"id\":812,\"cursor\":\"1.7731.812\",\"types\":[\"order.paid\"],\"subject\":\"order\","
        "\"order\":{" ORDER_NAME "},\"webhook\":null,\"version\":2,\"at\":"
        "\"2026-11-21T10:00:00Z\",\"actor\":{\"kind\":\"system\",\"id\":null},\"api\":null,"
        "\"return_id\":null,\"steps\":[],\"hash\":\"ab\"},\"order\":{" ORDER_NAME
        ",\"version\":2}}}");
}

static void full_messages_have_the_order_unless_it_is_large(void **state)
{
    orders_event_t event = event_of("ORD-57");
    const orders_webhook_message_t full = {
        .type = "order.paid", .subject = "order", .event = &event};
    orders_order_t order = order_of(false, NULL, 0);
    apr_array_header_t *none = apr_array_make(pool, 1, 1);
    char *large = apr_palloc(pool, 20001);
    const char *body;

    order.version = 5;
    order.of.refunds = order.of.addresses = order.of.history = none;
    order.of.tracking = order.of.returns = order.of.invoices = none;
    APR_ARRAY_PUSH(order.of.payments, orders_payment_t) =
        (orders_payment_t){.id = 9, .status = "pending", .pay_url = "https://pay.example/1"};
    body = orders_webhook_body(pool, &full, &order);
    assert_non_null(strstr(body, "\"order\":{\"id\":57,"));
    assert_non_null(strstr(body, "\"pay_url\":null"));
    assert_null(strstr(body, "https://pay.example"));
    memset(large, 'x', 20000);
    large[20000] = '\0';
    order.notes = large;
    body = orders_webhook_body(pool, &full, &order);
    assert_non_null(strstr(body, "\"order\":{" ORDER_NAME ",\"version\":5}}}"));
    assert_true(strlen(body) < 1000);
}

static void messages_about_endpoints_have_no_url(void **state)
{
    orders_event_t event = event_of(NULL);
    orders_webhook_t endpoint = endpoint_of();
    orders_webhook_message_t about = {.type = "webhook_endpoint.disabled",
                                      .subject = "webhook_endpoint",
                                      .event = &event,
                                      .endpoint = &endpoint};
    static const char webhook[] =
        "\"webhook\":{\"id\":\"01020304-0506-0708-090a-0b0c0d0e0f10\",\"description\":"
        "\"Warehouse\","
        "\"state\":\"disabled\",\"disabled_reason\":\"gone\",\"version\":3}}}";

    assert_non_null(strstr(orders_webhook_body(pool, &about, NULL), webhook));
    assert_null(strstr(orders_webhook_body(pool, &about, NULL), "hooks.example"));
    about.event = NULL;
    about.type = "webhook.test";
    about.created_at = APR_INT64_C(1795255200000000);
    assert_string_equal(
        orders_webhook_body(pool, &about, NULL),
        apr_pstrcat(pool,
                    "{\"type\":\"webhook.test\",\"timestamp\":\"2026-11-21T10:00:00Z\",\"data\":{",
                    webhook, NULL));
}

static void only_full_messages_about_orders_need_the_order(void **state)
{
    orders_event_t order = event_of("ORD-57"), endpoint = event_of(NULL);
    const orders_webhook_message_t about_order = {.event = &order},
                                   about_endpoint = {.event = &endpoint}, test = {.id = 1};
    const orders_webhook_target_t full = {.payload = "full"}, thin = {.payload = "thin"};

    assert_true(orders_webhook_needs_order(&about_order, &full));
    assert_false(orders_webhook_needs_order(&about_order, &thin));
    assert_false(orders_webhook_needs_order(&about_endpoint, &full));
    assert_false(orders_webhook_needs_order(&test, &full));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(headers_follow_standard_webhooks),
        TEST(former_secrets_and_salts_sign_too),
        TEST(nothing_is_signed_without_a_secret),
        TEST(thin_messages_have_the_name_of_the_order),
        TEST(full_messages_have_the_order_unless_it_is_large),
        TEST(messages_about_endpoints_have_no_url),
        TEST(only_full_messages_about_orders_need_the_order),
    };

    return RUN(tests);
}
