/* SPDX-License-Identifier: Apache-2.0 */
/* The canonical order and event as JSON, and the text of a position in the feed. */
#include "orders.h"

#include "canonical/event.h"
#include "canonical/order.h"

static const char *order_text(const char *pay_url, orders_canonical_links_e links)
{
    orders_order_t order = order_of(false, NULL, 0);
    apr_array_header_t *none = apr_array_make(pool, 1, 1);
    order.of.refunds = order.of.addresses = order.of.history = none;
    order.of.tracking = order.of.returns = order.of.invoices = none;
    APR_ARRAY_PUSH(order.of.payments, orders_payment_t) =
        (orders_payment_t){.id = 9, .status = "pending", .pay_url = pay_url};
    orders_json_t *json = orders_json_open(pool);
    orders_canonical_write_order(json, &order, links);
    return orders_json_text(json, pool, NULL);
}

static void pay_links_can_be_left_out(void **state)
{
    const char *with = order_text("https://pay.example/1", ORDERS_CANONICAL_WITH_PAY_LINKS);
    const char *without = order_text("https://pay.example/1", ORDERS_CANONICAL_WITHOUT_PAY_LINKS);
    assert_non_null(strstr(with, "\"pay_url\":\"https://pay.example/1\""));
    assert_non_null(strstr(without, "\"pay_url\":null,"));
    assert_null(strstr(without, "https://pay.example/1"));
    assert_int_equal(strlen(with) - strlen(without),
                     strlen("\"https://pay.example/1\"") - strlen("null"));
}

static orders_event_t event_of(const char *types)
{
    orders_event_t event = {
        .id = 812,
        .epoch = 3,
        .xid = 7731,
        .types = {types, (int)strlen(types)},
        .subject = "order",
        .subject_id = 57,
        .public_id = (const unsigned char *)"0123456789abcdef",
        .order_number = "ORD-57",
        .version = 2,
        .actor = "operator",
        .api = "operator",
        .created_at = APR_INT64_C(1767225600123456),
        .hash = "ab",
    };
    event.steps = apr_array_make(pool, 2, sizeof(orders_event_step_t));
    return event;
}

static const char *event_text(const orders_event_t *event)
{
    orders_json_t *json = orders_json_open(pool);
    orders_canonical_write_event(json, event);
    return orders_json_text(json, pool, NULL);
}

static void an_event_has_its_position_subject_and_steps(void **state)
{
    orders_event_t event = event_of("[\"order.paid\", \"order.completed\"]");
    event.actor_id = 4;
    APR_ARRAY_PUSH(event.steps, orders_event_step_t) =
        (orders_event_step_t){"payment", "unpaid", "paid", "by cheque"};
    APR_ARRAY_PUSH(event.steps, orders_event_step_t) =
        (orders_event_step_t){"order", "open", "completed", NULL};
    assert_string_equal(
        event_text(&event),
        "{\"id\":812,\"cursor\":\"3.7731.812\",\"types\":[\"order.paid\", \"order.completed\"],"
        "\"subject\":\"order\",\"order\":{\"id\":57,\"public_id\":"
        "\"30313233-3435-3637-3839-616263646566\",\"number\":\"ORD-57\"},\"webhook\":null,"
        "\"version\":2,\"at\":\"2026-01-01T00:00:00Z\",\"actor\":{\"kind\":\"operator\",\"id\":4},"
        "\"api\":\"operator\",\"return_id\":null,\"steps\":["
        "{\"axis\":\"payment\",\"from\":\"unpaid\",\"to\":\"paid\",\"comment\":\"by cheque\"},"
        "{\"axis\":\"order\",\"from\":\"open\",\"to\":\"completed\",\"comment\":null}],"
        "\"hash\":\"ab\"}");
}

static void an_event_of_a_webhook_has_no_order(void **state)
{
    orders_event_t event = event_of("[\"webhook_endpoint.disabled\"]");
    event.subject = "webhook_endpoint";
    event.order_number = NULL;
    const char *text = event_text(&event);
    assert_non_null(strstr(text, "\"order\":null,\"webhook\":{\"id\":\"30313233-"));
}

static void cursors_are_read_as_they_are_written(void **state)
{
    static const orders_event_cursor_t cursors[] = {
        {0, 0, 0}, {0, 7731, 812}, {INT32_MAX, INT64_MAX, INT64_MAX}};
    for (size_t i = 0; i < COUNT(cursors); i++) {
        char text[ORDERS_EVENT_CURSOR_SIZE];
        orders_event_cursor_t read;
        orders_event_cursor_write(text, &cursors[i]);
        assert_true(orders_event_cursor_parse(&read, text));
        assert_memory_equal(&read, &cursors[i], sizeof(read));
    }
}

static void malformed_cursors_are_refused(void **state)
{
    static const char *const texts[] = {"",
                                        "0",
                                        "0.0",
                                        "0.0.0.0",
                                        "0.0.",
                                        ".0.0",
                                        "0..0",
                                        "a.0.0",
                                        "0.0.x",
                                        "-1.0.0",
                                        "0.-1.0",
                                        "0.0.-1",
                                        "00.0.0",
                                        "0.00.0",
                                        "0.0.01",
                                        " 0.0.0",
                                        "0.0.0 ",
                                        "+1.0.0",
                                        "0x1.0.0",
                                        "0.0.1e1",
                                        "0,0,0",
                                        "2147483648.0.0",
                                        "0.9223372036854775808.0",
                                        "0.0.9223372036854775808",
                                        "1.0.0.",
                                        "0.0.-0",
                                        "99999999999999999999.0.0"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        orders_event_cursor_t read;
        if (orders_event_cursor_parse(&read, texts[i])) {
            fail_msg("%s is read as a cursor", texts[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pay_links_can_be_left_out),          TEST(an_event_has_its_position_subject_and_steps),
        TEST(an_event_of_a_webhook_has_no_order), TEST(cursors_are_read_as_they_are_written),
        TEST(malformed_cursors_are_refused),
    };
    return RUN(tests);
}
