/* SPDX-License-Identifier: Apache-2.0 */
#include "orders.h"

#include "api/common/projection.h"
#include "api/common/return_url.h"
#include "api/user/user.h"

static void user_status_follows_the_states(void **state)
{
    static const struct {
        const char *state, *payment_state, *value;
    } cases[] = {
        {"open", "unpaid", "pending_payment"},
        {"open", "confirming", "pending_payment"},
        {"open", "paid", "paid"},
        {"completed", "paid", "paid"},
        {"completed", "refund_pending", "paid"},
        {"completed", "partially_refunded", "partially_refunded"},
        {"completed", "refunded", "refunded"},
        {"open", "failed", "payment_failed"},
        {"error", "failed", "payment_failed"},
        {"error", "unpaid", "payment_failed"},
        {"cancelled", "closed", "cancelled"},
        {"cancelled", "refunded", "refunded"},
        {"cancelled", "refund_pending", "cancelled"},
        {"cancelled", "partially_refunded", "cancelled"},
        {"expired", "closed", "cancelled"},
        {"expired", "refund_pending", "cancelled"},
        {"expired", "refunded", "refunded"},
        {"error", "refunded", "refunded"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(
            word_of(orders_user_status, cases[i].state, cases[i].payment_state, "none"),
            cases[i].value);
    }
}

static void user_payment_status_follows_the_payment(void **state)
{
    static const char *const cases[][2] = {
        {"unpaid", "pending"},        {"confirming", "pending"},
        {"paid", "succeeded"},        {"failed", "failed"},
        {"closed", "pending"},        {"refund_pending", "succeeded"},
        {"refunded", "succeeded"},    {"partially_refunded", "succeeded"},
        {"a newer state", "pending"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(word_of(orders_user_payment_status, "open", cases[i][0], "none"),
                            cases[i][1]);
    }
}

static bool has(const apr_array_header_t *pairs, const char *pair)
{
    for (int i = 0; i < pairs->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(pairs, i, const char *), pair) == 0) {
            return true;
        }
    }
    return false;
}

static void a_filter_selects_the_states_with_its_word(void **state)
{
    int total = 0;
    for (int i = 0; orders_user_status_values[i]; i++) {
        const orders_shown_t filter = {orders_user_status, orders_user_status_values[i]};
        apr_array_header_t *pairs = orders_states_shown(pool, &filter, 1);
        assert_true(pairs->nelts > 0);
        total += pairs->nelts;
    }
    assert_int_equal(total, ORDERS_ORDER__COUNT * ORDERS_PAYMENT__COUNT);
}

static void filters_are_combined(void **state)
{
    const orders_shown_t both[] = {
        {orders_user_status, "cancelled"},
        {orders_user_payment_status, "succeeded"},
    };
    apr_array_header_t *pairs = orders_states_shown(pool, both, 2);
    assert_true(has(pairs, "cancelled/refund_pending"));
    assert_false(has(pairs, "cancelled/refunded"));
    assert_false(has(pairs, "cancelled/closed"));
    assert_false(has(pairs, "open/paid"));
    const orders_shown_t odd[] = {
        {orders_user_status, "paid"},
        {orders_user_payment_status, "pending"},
    };
    assert_int_equal(orders_states_shown(pool, odd, 2)->nelts, 0);
    const orders_shown_t none[] = {{orders_user_status, NULL}, {orders_user_payment_status, NULL}};
    assert_null(orders_states_shown(pool, none, 2));
}

static void methods_have_an_alias(void **state)
{
    assert_string_equal(orders_user_method("offline")->canonical, "manual");
    assert_string_equal(orders_user_method("balance")->canonical, "balance");
    assert_false(orders_user_method("balance")->by_channel);
    assert_true(orders_user_method("external")->by_channel);
    assert_null(orders_user_method("Balance"));
    assert_null(orders_user_method(""));
}

static void accepts_return_urls_of_allowed_prefixes_only(void **state)
{
    static const char *const allowed[] = {
        "https://shop.example",   "https://shop.example/",     "https://shop.example/a?b=c#d",
        "https://shop.example?x", "https://pay.example/back/", "https://pay.example/back/1",
    };
    static const char *const refused[] = {
        "http://shop.example/",
        "https://shop.example.evil/",
        "https://shop.example@evil/",
        "https://shop.example:444/",
        "https://shop.examples/",
        "https://pay.example/",
        "https://pay.example/back",
        "https://pay.example/back/..",
        "https://shop.example/%2E%2e/x",
        "https://shop.example\\@evil",
        "https:///shop.example/",
        "javascript:alert(1)",
        "https://shop.example/ x",
        "",
        "https://",
    };
    apr_array_header_t *prefixes = apr_array_make(pool, 2, sizeof(const char *));
    APR_ARRAY_PUSH(prefixes, const char *) = "https://shop.example";
    APR_ARRAY_PUSH(prefixes, const char *) = "https://pay.example/back/";
    for (size_t i = 0; i < COUNT(allowed); i++) {
        assert_true(orders_return_url_allowed(allowed[i], prefixes));
        assert_false(orders_return_url_allowed(allowed[i], NULL));
    }
    for (size_t i = 0; i < COUNT(refused); i++) {
        assert_false(orders_return_url_allowed(refused[i], prefixes));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(user_status_follows_the_states),
        TEST(user_payment_status_follows_the_payment),
        TEST(a_filter_selects_the_states_with_its_word),
        TEST(filters_are_combined),
        TEST(methods_have_an_alias),
        TEST(accepts_return_urls_of_allowed_prefixes_only),
    };
    return RUN(tests);
}
