/* SPDX-License-Identifier: Apache-2.0 */
/* Orders, captures and refunds by provider=paypal, with the PayPal simulator. */
#include "paypal.h"

#include "net/breaker.h"

/* --- orders --- */

static void creates_an_order_once(void **state)
{
    orders_intent_request_t request = order_of(1);
    orders_intent_reply_t first, second;
    const json_t *unit;

    assert_null(orders_paypal_provider.create_intent(&channel, pool, &request, &first));
    assert_null(orders_paypal_provider.create_intent(&channel, pool, &request, &second));
    assert_string_equal(first.intent_id, second.intent_id);
    assert_non_null(strstr(first.pay_url, "/checkoutnow?token="));
    assert_int_equal(counted("tokens"), 1);
    assert_int_equal(counted("repeats"), 1);
    unit = json_array_get(json_object_get(the_order(), "purchase_units"), 0);
    assert_string_equal(json_string_value(json_object_get(unit, "custom_id")),
                        apr_pstrcat(pool, "1-", key_of(1), NULL));
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(unit, "amount"), "value")), "19.90");
    assert_string_equal(json_string_value(json_object_get(the_order(), "status")),
                        "PAYER_ACTION_REQUIRED");
}

static const char *caller_header(const char *name)
{
    return json_string_value(
        json_object_get(json_object_get(control("/state", NULL), "caller"), name));
}

static void sends_the_request_id_and_the_trace(void **state)
{
    const orders_channel_t saved = channel;
    orders_intent_request_t request = order_of(1);
    orders_intent_reply_t reply;

    assert_null(orders_paypal_provider.create_intent(&channel, pool, &request, &reply));
    assert_null(caller_header("x-request-id"));
    assert_null(caller_header("traceparent"));
    channel.request_id = "request-1";
    channel.trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    assert_null(orders_paypal_provider.create_intent(&channel, pool, &request, &reply));
    assert_string_equal(caller_header("x-request-id"), channel.request_id);
    assert_string_equal(caller_header("traceparent"), channel.trace);
    channel = saved;
}

static void distinguishes_failures_from_refusals(void **state)
{
    static const char *const trouble[] = {"500",       "garbage", "huge",    "redirect",
                                          "throttled", "html",    "conflict"};
    orders_intent_request_t request = order_of(2);
    orders_intent_reply_t reply;
    orders_problem_t *problem;

    for (size_t i = 0; i < COUNT(trouble); i++) {
        set(apr_psprintf(pool, "{\"trouble\":\"%s\"}", trouble[i]));
        problem = orders_paypal_provider.create_intent(&channel, pool, &request, &reply);
        assert_string_equal(code_of(problem), "provider_unreachable");
        assert_int_not_equal(problem->retry_after, 0);
    }
    set("{\"trouble\":\"refused\"}");
    problem = orders_paypal_provider.create_intent(&channel, pool, &request, &reply);
    assert_string_equal(code_of(problem), "provider_refused");
    assert_string_equal(problem->extra, "{\"code\":\"PAYEE_ACCOUNT_RESTRICTED\","
                                        "\"message\":\"The merchant account is restricted.\"}");
    set("{}");
    request.amount = 200050;
    request.currency = "HUF";
    problem = orders_paypal_provider.create_intent(&channel, pool, &request, &reply);
    assert_non_null(strstr(problem->extra, "amount_not_payable"));
    request.amount = 200000;
    assert_null(orders_paypal_provider.create_intent(&channel, pool, &request, &reply));
}

static void repeats_a_request_after_a_lost_response(void **state)
{
    orders_capture_request_t request;
    orders_intent_request_t order = order_of(3);
    orders_intent_reply_t reply;

    set("{\"trouble\":\"lose_reply\",\"on\":\"create\",\"times\":1}");
    assert_string_equal(
        code_of(orders_paypal_provider.create_intent(&channel, pool, &order, &reply)),
        "provider_unreachable");
    assert_null(orders_paypal_provider.create_intent(&channel, pool, &order, &reply));
    the_order();
    control(apr_pstrcat(pool, "/orders/", reply.intent_id, "/approve", NULL), "");
    request = (orders_capture_request_t){
        .payment_key = key_of(3), .tenant = 1, .intent_id = reply.intent_id, .exponent = 2};
    set("{\"trouble\":\"lose_reply\",\"on\":\"capture\",\"times\":1}");
    assert_string_equal(capture_fails(&request), "provider_unreachable");
    assert_string_equal(capture(&request).outcome, "paid");
    assert_int_equal(captures(), 1);
}

/* --- captures --- */

static void captures_once(void **state)
{
    orders_capture_request_t request = ordered(true);
    orders_capture_reply_t first = capture(&request), second = capture(&request);

    assert_string_equal(first.outcome, "paid");
    assert_int_equal(first.amount, 1990);
    assert_string_equal(first.currency, "EUR");
    assert_string_equal(first.payer, "buyer@example.test");
    assert_string_equal(second.outcome, "paid");
    assert_string_equal(first.transaction_id, second.transaction_id);
    set("{\"forget\":1}"); /* an expired key: ORDER_ALREADY_CAPTURED, then the order is read */
    second = capture(&request);
    assert_string_equal(second.outcome, "paid");
    assert_string_equal(first.transaction_id, second.transaction_id);
    request.read_first = true;
    second = capture(&request);
    assert_string_equal(second.outcome, "paid");
    assert_string_equal(first.transaction_id, second.transaction_id);
    assert_int_equal(captures(), 1);
}

static void waits_for_the_buyer(void **state)
{
    orders_capture_request_t request = ordered(false);
    orders_capture_reply_t reply = capture(&request);

    assert_string_equal(reply.outcome, "waiting");
    assert_non_null(strstr(reply.pay_url, "/checkoutnow?token="));
    request.read_first = true;
    reply = capture(&request);
    assert_string_equal(reply.outcome, "waiting");
    assert_non_null(strstr(reply.pay_url, "/checkoutnow?token="));
    control(apr_pstrcat(pool, "/orders/", request.intent_id, "/approve", NULL), "");
    request.read_only = true;
    assert_string_equal(capture(&request).outcome, "approved");
    assert_int_equal(captures(), 0);
    request.read_only = false;
    assert_string_equal(capture(&request).outcome, "paid");
    request.read_only = true;
    assert_string_equal(capture(&request).outcome, "paid");
    assert_int_equal(captures(), 1);
}

static void reports_a_declined_payment(void **state)
{
    orders_capture_request_t request = ordered(true);
    orders_capture_reply_t reply;
    const char *id;

    set("{\"decline\":1}");
    reply = capture(&request);
    assert_string_equal(reply.outcome, "failed");
    assert_string_equal(reply.failure_code, "INSTRUMENT_DECLINED");
    assert_non_null(strstr(reply.failure_message, "declined"));
    set("{\"capture\":\"PENDING\"}");
    reply = capture(&request);
    assert_string_equal(reply.outcome, "confirming");
    assert_int_equal(reply.amount, 1990);
    id = reply.transaction_id;
    set("{\"forget\":1}");
    assert_string_equal(capture(&request).outcome, "confirming");
    control(apr_pstrcat(pool, "/captures/", id, "/complete", NULL), "");
    assert_string_equal(capture(&request).outcome, "paid");
    set("{\"capture\":\"PENDING\",\"forget\":1}");
    request = ordered(true);
    reply = capture(&request);
    control(apr_pstrcat(pool, "/captures/", reply.transaction_id, "/deny", NULL), "");
    reply = capture(&request);
    assert_string_equal(reply.outcome, "failed");
    assert_string_equal(reply.failure_code, "DECLINED");
}

static void reports_an_order_that_does_not_exist(void **state)
{
    orders_capture_request_t request = ordered(false);

    control(apr_pstrcat(pool, "/orders/", request.intent_id, "/void", NULL), "");
    request.read_first = true;
    assert_string_equal(capture(&request).outcome, "gone");
    request.intent_id = "NOSUCHORDER";
    assert_string_equal(capture(&request).outcome, "gone");
    request.read_first = false;
    assert_string_equal(capture(&request).outcome, "gone");
    request.intent_id = "../captures/x";
    assert_string_equal(capture_fails(&request), "not_configured");
    request.intent_id = "NOSUCHORDER";
    set("{\"trouble\":\"html\"}"); /* a 404 that is not PayPal's */
    assert_string_equal(capture_fails(&request), "provider_unreachable");
}

static void reports_an_unknown_outcome_without_a_response(void **state)
{
    orders_capture_request_t request = ordered(true);
    orders_channel_t hasty = channel;
    orders_capture_reply_t reply;

    set("{\"trouble\":\"500\",\"on\":\"capture\"}");
    assert_string_equal(capture_fails(&request), "provider_unreachable");
    set("{\"trouble\":\"slow\",\"delay\":3,\"on\":\"capture\",\"times\":1}");
    hasty.timeout_ms = 300;
    assert_string_equal(code_of(orders_paypal_provider.capture(&hasty, pool, &request, &reply)),
                        "provider_unreachable");
    request.read_first = true;
    assert_string_equal(capture(&request).outcome, "paid");
    assert_int_equal(captures(), 1);
}

/* --- refunds --- */

static void refunds_once(void **state)
{
    orders_refund_request_t request = refund_of(1, 990);
    orders_refund_reply_t first, second;

    assert_null(refund(&request, &first));
    assert_null(refund(&request, &second));
    assert_string_equal(first.transaction_id, second.transaction_id);
    assert_false(first.pending);
    request.refund_key = key_of(2);
    request.amount = 1001;
    assert_string_equal(code_of(refund(&request, &second)), "provider_refused");
    request.amount = 1000;
    assert_null(refund(&request, &second));
    request.refund_key = key_of(3);
    assert_non_null(strstr(refund(&request, &second)->extra, "CAPTURE_FULLY_REFUNDED"));
    request.transaction_id = NULL;
    assert_string_equal(code_of(refund(&request, &second)), "not_configured");
}

static void finds_a_refund_whose_key_has_expired(void **state)
{
    orders_refund_request_t request = refund_of(11, 1990);
    orders_refund_reply_t first, second;

    set("{\"trouble\":\"lose_reply\",\"on\":\"refund\",\"times\":1}");
    assert_string_equal(code_of(refund(&request, &first)), "provider_unreachable");
    assert_null(refund(&request, &first));
    set("{\"forget\":1}");
    assert_null(refund(&request, &second));
    assert_string_equal(first.transaction_id, second.transaction_id);
    set("{\"forget\":1,\"unmarked\":1}");
    assert_null(refund(&request, &second));
    assert_null(second.transaction_id);
}

static void waits_for_refunds(void **state)
{
    orders_refund_request_t request = refund_of(21, 990);
    orders_refund_reply_t reply;

    set("{\"refund\":\"PENDING\"}");
    assert_null(refund(&request, &reply));
    assert_true(reply.pending);
    set("{\"refund\":\"FAILED\"}");
    request.refund_key = key_of(22);
    assert_string_equal(code_of(refund(&request, &reply)), "provider_refused");
    set("{\"trouble\":\"500\"}");
    request.refund_key = key_of(23);
    assert_string_equal(code_of(refund(&request, &reply)), "provider_unreachable");
}

/* --- a PayPal that does not respond --- */

static void is_quiet(const orders_problem_t *problem)
{
    assert_string_equal(code_of(problem), "provider_unreachable");
    assert_true(problem->quiet);
    assert_int_not_equal(problem->retry_after, 0);
}

static void makes_no_call_while_calls_are_suspended(void **state)
{
    orders_channel_t bounded = channel;
    orders_capture_request_t order = ordered(true);
    orders_refund_request_t back = refund_of(31, 990);
    orders_intent_request_t another = order_of(32);
    orders_capture_reply_t said;
    orders_refund_reply_t done;
    orders_intent_reply_t made;
    json_int_t asked;

    bounded.breaker = orders_breaker_create(pool, "paypal", 1);
    set("{\"trouble\":\"500\"}");
    for (int i = 0; i < 5; i++) {
        assert_false(orders_paypal_provider.refund(&bounded, pool, &back, &done)->quiet);
    }
    set("{}");
    asked = counted("requests");
    is_quiet(orders_paypal_provider.create_intent(&bounded, pool, &another, &made));
    is_quiet(orders_paypal_provider.capture(&bounded, pool, &order, &said));
    order.read_only = true;
    is_quiet(orders_paypal_provider.capture(&bounded, pool, &order, &said));
    is_quiet(orders_paypal_provider.refund(&bounded, pool, &back, &done));
    orders_paypal_tokens_forget();
    is_quiet(orders_paypal_provider.create_intent(&bounded, pool, &another, &made));
    assert_int_equal(counted("requests"), asked);
    assert_string_equal(capture(&order).outcome,
                        "approved"); /* calls of another channel are not suspended */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAYPAL_TEST(creates_an_order_once),
        PAYPAL_TEST(sends_the_request_id_and_the_trace),
        PAYPAL_TEST(distinguishes_failures_from_refusals),
        PAYPAL_TEST(repeats_a_request_after_a_lost_response),
        PAYPAL_TEST(captures_once),
        PAYPAL_TEST(waits_for_the_buyer),
        PAYPAL_TEST(reports_a_declined_payment),
        PAYPAL_TEST(reports_an_order_that_does_not_exist),
        PAYPAL_TEST(reports_an_unknown_outcome_without_a_response),
        PAYPAL_TEST(refunds_once),
        PAYPAL_TEST(finds_a_refund_whose_key_has_expired),
        PAYPAL_TEST(waits_for_refunds),
        PAYPAL_TEST(makes_no_call_while_calls_are_suspended),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
