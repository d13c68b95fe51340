/* SPDX-License-Identifier: Apache-2.0 */
/* Authentication in both directions: access tokens and signed events, with the PayPal simulator. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "paypal.h"

/* --- tokens --- */

static void reuses_its_token(void **state)
{
    ordered(false);
    ordered(false);
    assert_int_equal(counted("tokens"), 1);
    control("/revoke", "");
    ordered(false); /* one 401, then a new token */
    assert_int_equal(counted("tokens"), 2);
    assert_int_equal(counted("unauthorized"), 1);
    set("{\"trouble\":\"unauthorized\"}");
    assert_string_equal(capture_fails(&(orders_capture_request_t){.intent_id = "X"}),
                        "provider_unreachable");
    assert_int_equal(counted("tokens"), 3); /* only one retry */
}

static void takes_a_new_token_before_the_old_one_ends(void **state)
{
    set("{\"expires_in\":1}"); /* half a second is rounded down to 0 */
    ordered(false);
    ordered(false);
    assert_int_equal(counted("tokens"), 2);
    assert_int_equal(counted("unauthorized"), 0);
}

static void fails_with_a_wrong_secret(void **state)
{
    orders_channel_t stranger = channel;
    orders_intent_request_t request = order_of(90);
    orders_intent_reply_t reply;
    orders_problem_t *problem;

    ordered(false); /* this channel's token must not serve another one */
    stranger.secret = (const unsigned char *)"another secret of the same length, or so";
    stranger.secret_length = 40;
    problem = orders_paypal_provider.create_intent(&stranger, pool, &request, &reply);
    assert_string_equal(code_of(problem), "provider_unreachable");
    assert_non_null(strstr(problem->log, "check client-id= and secret-file="));
    assert_null(strstr(problem->log, "another secret"));
}

#define THREADS 6
#define CALLS 8

static void *call_often(void *number)
{
    apr_pool_t *own;
    intptr_t refused = 0;

    if (apr_pool_create(&own, NULL)) {
        return (void *)(intptr_t)CALLS;
    }
    for (int i = 0; i < CALLS; i++) {
        orders_intent_request_t request = order_of(1000 + CALLS * (int64_t)(intptr_t)number + i);
        orders_intent_reply_t reply;

        refused += orders_paypal_provider.create_intent(&channel, own, &request, &reply) != NULL;
    }
    apr_pool_destroy(own);
    return (void *)refused;
}

static void is_thread_safe(void **state)
{
    pthread_t threads[THREADS];
    void *refused;

    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, (void *)(intptr_t)i), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], &refused), 0);
        assert_null(refused);
    }
    assert_int_equal(json_array_size(json_object_get(control("/state", NULL), "orders")),
                     THREADS * CALLS);
    assert_in_range(counted("tokens"), 1, THREADS);
}

/* --- events --- */

static const char *header(void *context, const char *name)
{
    return json_string_value(json_object_get(context, name));
}

/** The log text of the last refused event. */
static const char *why;

/** Verifies a delivery, and its resource at once. */
static orders_problem_t *receive_event(const orders_signed_body_t *received,
                                       orders_parsed_event_t *event)
{
    orders_notice_t notice;
    orders_problem_t *problem =
        orders_paypal_provider.read_notice(&channel, pool, received, &notice);

    if (problem || notice.unreadable) {
        return problem ? problem : notice.unreadable;
    }
    return orders_paypal_provider.verify_notice(&channel, pool, &notice, event);
}

/** The code of the event's problem, "" if it is accepted, after signing `signed_body` in the manner of `how` and sending `body`. */
static const char *send_event(const char *signed_body, const char *body, const char *how,
                              orders_parsed_event_t *event)
{
    json_t *ask = json_loads(how, 0, NULL);
    char *text;
    json_t *headers;
    orders_signed_body_t received = {.header = header, .body = body, .length = strlen(body)};
    orders_parsed_event_t unused;
    orders_problem_t *problem;

    json_object_set_new(ask, "body", json_string(signed_body));
    text = json_dumps(ask, 0);
    headers = control("/sign", text);
    free(text);
    json_decref(ask);
    received.context = headers;
    assert_true(orders_paypal_provider.is_signed(&received));
    problem = receive_event(&received, event ? event : &unused);
    why = problem ? problem->log : NULL;
    return code_of(problem);
}

#define PAYMENT "0f8b3c1e-5d2a-4c7b-9e10-6a7b8c9d0e1f"
#define EVENT                                                                                      \
    "{\"id\":\"WH-1\",\"event_type\":\"CHECKOUT.ORDER.APPROVED\",\"resource\":{\"id\":\"3C6\","    \
    "\"purchase_units\":[{\"custom_id\":\"1-" PAYMENT "\"}]}}"

static void accepts_events_signed_by_paypal(void **state)
{
    orders_parsed_event_t event;

    assert_string_equal(send_event(EVENT, EVENT, "{}", &event), "");
    assert_string_equal(event.type, "approved");
    assert_string_equal(event.intent_id, "3C6");
    assert_null(event.payment_key); /* the claims of a body are not verified */
    assert_string_equal(send_event(EVENT, EVENT, "{\"skew\":-259200}", NULL), ""); /* sent again */
    assert_string_equal(send_event(EVENT, EVENT, "{\"skew\":200}", NULL), "");
    assert_int_equal(counted("certificates"), 1);
    orders_paypal_certificates_forget();
    assert_string_equal(send_event(EVENT, EVENT, "{}", NULL), "");
    assert_int_equal(counted("certificates"), 2);
}

static void refuses_other_events(void **state)
{
    static const struct {
        const char *body, *how, *why;
    } bad[] = {
        {EVENT " ", "{}", "does not match"},
        {EVENT, "{\"webhook_id\":\"ANOTHER\"}", "does not match"},
        {EVENT, "{\"certificate\":\"other\"}", "unable to get local issuer"},
        {EVENT, "{\"certificate\":\"named\"}", "common name is not"},
        {EVENT, "{\"certificate\":\"expired\"}", "expired"},
        {EVENT, "{\"certificate\":\"weak\"}", "is not an RSA signature"},
        {EVENT, "{\"skew\":-432000}", "out of range"},
        {EVENT, "{\"skew\":600}", "out of range"},
        {EVENT, "{\"cert_url\":\"https://evil.example/v1/notifications/certs/good\"}",
         "not a URL of PayPal"},
        {EVENT, "{\"cert_url\":\"http://127.0.0.1:9/v1/notifications/certs/good\"}",
         "not a URL of PayPal"},
    };

    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_string_equal(send_event(EVENT, bad[i].body, bad[i].how, NULL), "invalid_signature");
        if (!strstr(why, bad[i].why)) {
            fail_msg("%s: %s", bad[i].how, why);
        }
    }
    assert_string_equal(
        send_event(EVENT, EVENT,
                   apr_psprintf(pool, "{\"cert_url\":\"%s/v1/notifications/certs/nowhere\"}", base),
                   NULL),
        "provider_unreachable");
    assert_string_equal(send_event("{\"id\":", "{\"id\":", "{}", NULL), "malformed_json");
}

/* --- certificates --- */

/** Seconds that the monotonic clock of this program is ahead. */
static time_t ahead;

int clock_gettime(clockid_t clock, struct timespec *now)
{
    long failed = syscall(SYS_clock_gettime, clock, now);

    now->tv_sec += clock == CLOCK_MONOTONIC ? ahead : 0;
    return (int)failed;
}

static const char *certificate_at(const orders_channel_t *at, const char *url)
{
    EVP_PKEY *key = NULL;
    orders_problem_t *problem = orders_paypal_certificate(&key, at, pool, url, apr_time_now());

    why = problem ? problem->log : NULL;
    assert_true(problem || key);
    return code_of(problem);
}

static const char *certificate_url(const char *origin, const char *name)
{
    return apr_pstrcat(pool, origin, "/v1/notifications/certs/", name, NULL);
}

static void fetches_a_certificate_again_after_an_hour(void **state)
{
    assert_string_equal(certificate_at(&channel, certificate_url(base, "good")), "");
    ahead += 3590;
    assert_string_equal(certificate_at(&channel, certificate_url(base, "good")), "");
    assert_int_equal(counted("certificates"), 1);
    ahead += 20;
    assert_string_equal(certificate_at(&channel, certificate_url(base, "good")), "");
    assert_int_equal(counted("certificates"), 2);
}

static void does_not_fetch_a_failed_url_again_at_once(void **state)
{
    const char *nowhere = certificate_url(base, "nowhere"), *weak = certificate_url(base, "weak");

    assert_string_equal(certificate_at(&channel, nowhere), "provider_unreachable");
    assert_non_null(strstr(why, "404"));
    assert_string_equal(certificate_at(&channel, nowhere), "provider_unreachable");
    assert_non_null(strstr(why, "less than 30 s ago"));
    assert_string_equal(certificate_at(&channel, weak), "invalid_signature");
    assert_non_null(strstr(why, "at least 2048 bits"));
    assert_string_equal(certificate_at(&channel, weak), "invalid_signature");
    assert_non_null(strstr(why, "less than 30 s ago"));
    assert_int_equal(counted("certificates"), 2);
    for (int i = 0; i < 100; i++) { /* more than are remembered */
        assert_string_equal(
            certificate_at(&channel, certificate_url(base, apr_psprintf(pool, "nowhere%d", i))),
            "provider_unreachable");
    }
    ahead += 31;
    assert_string_equal(certificate_at(&channel, weak), "invalid_signature");
    assert_non_null(strstr(why, "at least 2048 bits"));
}

/** A socket that accepts connections and never responds, and a channel with its URL. */
static int hung_channel(orders_channel_t *hung, char *origin, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(listener, 64), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    snprintf(origin, size, "http://127.0.0.1:%d", ntohs(address.sin_port));
    *hung = channel;
    hung->url = origin;
    return listener;
}

typedef struct fetch_t {
    const orders_channel_t *at;
    const char *url;
    apr_pool_t *own;
    const char *code;
    char log[200];
} fetch_t;

static void *fetch(void *context)
{
    fetch_t *task = context;
    EVP_PKEY *key;
    orders_problem_t *problem =
        orders_paypal_certificate(&key, task->at, task->own, task->url, apr_time_now());

    task->code = code_of(problem);
    snprintf(task->log, sizeof(task->log), "%s", problem && problem->log ? problem->log : "");
    return NULL;
}

/** Waits until the process has the connections of this number of fetches. */
static void accept_fetches(int listener, int *sockets, int count)
{
    for (int i = 0; i < count; i++) {
        sockets[i] = accept(listener, NULL, NULL);
        assert_true(sockets[i] >= 0);
    }
}

static void fetches_two_certificates_at_once(void **state)
{
    orders_channel_t hung;
    char origin[64];
    const int listener = hung_channel(&hung, origin, sizeof(origin));
    fetch_t tasks[2];
    pthread_t threads[2];
    int sockets[2];
    apr_time_t begun;
    bool told = false;

    assert_string_equal(send_event(EVENT, EVENT, "{}", NULL), "");
    for (int i = 0; i < 2; i++) {
        tasks[i] =
            (fetch_t){.at = &hung, .url = certificate_url(origin, apr_psprintf(pool, "hung%d", i))};
        assert_int_equal(apr_pool_create(&tasks[i].own, NULL), 0);
        assert_int_equal(pthread_create(&threads[i], NULL, fetch, &tasks[i]), 0);
    }
    accept_fetches(listener, sockets, 2);
    begun = apr_time_now();
    assert_string_equal(certificate_at(&hung, tasks[0].url), "provider_unreachable");
    assert_non_null(strstr(why, "is fetching"));
    for (int i = 0; i < 100; i++) {
        assert_string_equal(
            certificate_at(&hung, certificate_url(origin, apr_psprintf(pool, "more%d", i))),
            "provider_unreachable");
        assert_non_null(strstr(why, "limit of concurrent"));
    }
    assert_in_range(apr_time_now() - begun, 0, apr_time_from_msec(1000));
    /* Events with a cached certificate are verified, even if the certificate is old. */
    assert_string_equal(certificate_at(&channel, certificate_url(base, "good")), "");
    ahead += 7200;
    assert_string_equal(certificate_at(&channel, certificate_url(base, "good")), "");
    ahead += 86400;
    assert_string_equal(certificate_at(&channel, certificate_url(base, "good")),
                        "provider_unreachable");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_string_equal(tasks[i].code, "provider_unreachable");
        told = told || strstr(tasks[i].log, "; 103 other events");
        apr_pool_destroy(tasks[i].own);
        close(sockets[i]);
    }
    assert_true(told); /* events that were not logged separately */
    close(listener);
    assert_string_equal(certificate_at(&channel, certificate_url(base, "good")), "");
}

/* --- events --- */

/** The body of the last event of a type. */
static const char *last_event(const char *type)
{
    json_t *deliveries = json_object_get(control("/state", NULL), "deliveries");

    for (size_t i = json_array_size(deliveries); i > 0; i--) {
        json_t *delivery = json_array_get(deliveries, i - 1);

        if (!strcmp(json_string_value(json_object_get(delivery, "type")), type)) {
            return json_string_value(json_object_get(delivery, "body"));
        }
    }
    fail_msg("no event %s", type);
    return NULL;
}

static void reads_every_event(void **state)
{
    orders_refund_request_t request;
    orders_refund_reply_t reply;
    orders_parsed_event_t event;
    const char *body;

    set("{\"bare\":1}"); /* the event of a refund does not name the payment, but its capture does */
    request = refund_of(31, 990);
    body = last_event("CHECKOUT.ORDER.APPROVED");
    assert_string_equal(send_event(body, body, "{}", &event), "");
    assert_string_equal(event.type, "approved");
    assert_string_equal(event.intent_id, request.intent_id);
    assert_null(refund(&request, &reply));
    body = last_event("PAYMENT.CAPTURE.REFUNDED");
    assert_string_equal(send_event(body, body, "{}", &event), "");
    assert_string_equal(event.type, "refunded");
    assert_string_equal(event.transaction_id, reply.transaction_id);
    assert_string_equal(event.intent_id, request.intent_id);
    assert_string_equal(event.payment_key, request.payment_key);
    assert_int_equal(event.amount, 990);
    control(apr_pstrcat(pool, "/captures/", request.transaction_id, "/reverse", NULL),
            "{\"amount\":{\"currency_code\":\"EUR\",\"value\":\"10.00\"}}");
    body = last_event("PAYMENT.CAPTURE.REVERSED");
    assert_string_equal(send_event(body, body, "{}", &event), "");
    assert_string_equal(event.type, "refunded");
    assert_int_equal(event.amount, 1000);
    body = last_event("PAYMENT.CAPTURE.COMPLETED"); /* late: the capture is refunded by now */
    assert_string_equal(send_event(body, body, "{}", &event), "");
    assert_string_equal(event.type, "paid");
    assert_string_equal(event.transaction_id, request.transaction_id);
    assert_string_equal(event.intent_id, request.intent_id);
    assert_int_equal(event.amount, 1990);
}

/** The body of a signed event is not trusted, because its CRC-32 can be forged. */
static void trusts_only_data_that_it_reads_back(void **state)
{
    const orders_refund_request_t request = refund_of(32, 990);
    const char *body = apr_psprintf(
        pool,
        "{\"id\":\"WH-1\",\"event_type\":\"PAYMENT.CAPTURE.DENIED\",\"resource\":{\"id\":\"%s\","
        "\"status\":\"DECLINED\",\"custom_id\":\"1-" PAYMENT "\","
        "\"amount\":{\"currency_code\":\"USD\",\"value\":\"1.00\"},"
        "\"supplementary_data\":{\"related_ids\":{\"order_id\":\"5O19\"}}}}",
        request.transaction_id);
    const char *unknown = "{\"id\":\"WH-1\",\"event_type\":\"PAYMENT.CAPTURE.COMPLETED\","
                          "\"resource\":{\"id\":\"3C6\",\"custom_id\":\"1-" PAYMENT "\"}}";
    orders_parsed_event_t event;

    assert_string_equal(send_event(body, body, "{}", &event), "");
    assert_string_equal(event.type, "paid");
    assert_string_equal(event.payment_key, request.payment_key);
    assert_string_equal(event.intent_id, request.intent_id);
    assert_string_equal(event.currency, "EUR");
    assert_int_equal(event.amount, 1990);
    assert_null(strstr(event.id, "WH-1"));
    assert_string_equal(send_event(unknown, unknown, "{}", NULL), "provider_unreachable");
    assert_non_null(strstr(why, "does not return"));
    set("{\"trouble\":\"500\",\"on\":\"get\"}");
    assert_string_equal(send_event(body, body, "{}", NULL), "provider_unreachable");
}

static void ends_at_the_timeout_of_the_channel(void **state)
{
    const orders_refund_request_t request = refund_of(33, 990);
    const int timeout_ms = channel.timeout_ms;
    const char *body = last_event("PAYMENT.CAPTURE.COMPLETED");
    apr_time_t begun;

    assert_non_null(request.transaction_id);
    set("{\"trouble\":\"stuck\",\"on\":\"get\",\"delay\":4}");
    channel.timeout_ms = 1000;
    begun = apr_time_now();
    assert_string_equal(send_event(body, body, "{}", NULL), "provider_unreachable");
    channel.timeout_ms = timeout_ms;
    assert_in_range(apr_time_now() - begun, 0, apr_time_from_msec(3500));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAYPAL_TEST(reuses_its_token),
        PAYPAL_TEST(takes_a_new_token_before_the_old_one_ends),
        PAYPAL_TEST(fails_with_a_wrong_secret),
        PAYPAL_TEST(is_thread_safe),
        PAYPAL_TEST(accepts_events_signed_by_paypal),
        PAYPAL_TEST(refuses_other_events),
        PAYPAL_TEST(fetches_a_certificate_again_after_an_hour),
        PAYPAL_TEST(does_not_fetch_a_failed_url_again_at_once),
        PAYPAL_TEST(fetches_two_certificates_at_once),
        PAYPAL_TEST(reads_every_event),
        PAYPAL_TEST(trusts_only_data_that_it_reads_back),
        PAYPAL_TEST(ends_at_the_timeout_of_the_channel),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
