/* SPDX-License-Identifier: Apache-2.0 */
/* Messages to receivers that behave in every way. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <netdb.h>

#include "net/http_client.h"
#include "net/http_sender.h"

#include "receiver.h"

/** Names and their addresses, instead of those of the system: libcurl calls this function instead of libc's. */
static const char *const names[][2] = {
    {"private.example", "10.0.0.1"},         {"loopback.example", "127.0.0.1"},
    {"metadata.example", "169.254.169.254"}, {"allowed.example", "127.0.0.1"},
    {"mapped.example", "::ffff:127.0.0.1"},  {"nat64.example", "64:ff9b::127.0.0.1"},
};
static int lookups; /* of a name above */

__attribute__((visibility("default"))) int getaddrinfo(const char *node, const char *service,
                                                       const struct addrinfo *hints,
                                                       struct addrinfo **found)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

    for (size_t i = 0; node && i < COUNT(names); i++) {
        if (!strcmp(node, names[i][0])) {
            __atomic_add_fetch(&lookups, 1, __ATOMIC_SEQ_CST);
            node = names[i][1];
        }
    }
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    return real(node, service, hints, found);
}

static orders_http_sender_t *sender;
static orders_http_outcome_t outcome; /* the last one */
static int ended;                     /* how many have ended */

static void done(void *context, const orders_http_outcome_t *given)
{
    outcome = *given;
    ended++;
    if (context) {
        *(int *)context = given->status;
    }
}

static int open_sender(void **state)
{
    static const char *const allowed[] = {"allowed.example"};
    orders_http_sender_rules_t rules = {.timeout_ms = 1000};
    apr_array_header_t *hosts;

    if (pool_open(state)) {
        return -1;
    }
    hosts = apr_array_make(pool, 1, sizeof(const char *));
    APR_ARRAY_PUSH(hosts, const char *) = allowed[0];
    rules.allowed_hosts = hosts;
    sender = orders_http_sender_create(pool, &rules);
    ended = 0;
    receiver.connections = receiver.requests = receiver.blocks = lookups = 0;
    return !sender;
}

#define SENDER_TEST(function) cmocka_unit_test_setup_teardown(function, open_sender, pool_close)

static void add(const char *url, int *status)
{
    apr_table_t *headers = apr_table_make(pool, 2);

    apr_table_setn(headers, "Content-Type", "application/json");
    apr_table_setn(headers, "webhook-id", "0-1-order.created");
    const orders_http_message_t message = {.url = url,
                                           .headers = headers,
                                           .body = "{\"type\":\"order.created\"}",
                                           .length = 24,
                                           .done = done,
                                           .context = status};
    assert_true(orders_http_sender_add(sender, &message));
}

static void drive(void)
{
    const apr_time_t end = apr_time_now() + apr_time_from_sec(20);

    while (orders_http_sender_active(sender) && apr_time_now() < end) {
        orders_http_sender_drive(sender, 100);
    }
    assert_int_equal(orders_http_sender_active(sender), 0);
}

static const char *url_of(const char *host, const char *path)
{
    return apr_psprintf(pool, "http://%s:%d%s", host, receiver.port, path);
}

/** The outcome of one message. */
static void send_to(const char *url)
{
    outcome = (orders_http_outcome_t){.status = -1};
    add(url, NULL);
    drive();
    assert_true(outcome.status >= 0);
}

static void send_path(const char *path)
{
    send_to(url_of("127.0.0.1", path));
}

static void assert_outcome(bool arrived, int status, const char *error)
{
    assert_int_equal(outcome.status, status);
    assert_string_equal(outcome.error ? outcome.error : "", error ? error : "");
    assert_int_equal(outcome.arrived, arrived);
}

static void test_a_status_decides(void **state)
{
    static const struct {
        const char *path;
        int status;
    } cases[] = {{"/ok", 200},  {"/no-content", 204}, {"/hints", 202},  {"/500", 500},
                 {"/410", 410}, {"/redirect", 302},   {"/nothing", 404}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        send_path(cases[i].path);
        assert_outcome(cases[i].status < 300, cases[i].status, NULL);
        assert_int_equal(outcome.retry_after, 0);
    }
    assert_int_equal(receiver.requests, COUNT(cases)); /* the redirect is not followed */
    assert_int_equal(receiver.connections, 1);
}

static void test_the_message_is_sent_as_given(void **state)
{
    send_path("/ok?token=abc");
    assert_ptr_equal(strstr(receiver.last, "POST /ok?token=abc HTTP/1.1\r\n"), receiver.last);
    assert_non_null(strstr(receiver.last, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(receiver.last, "\r\nwebhook-id: 0-1-order.created\r\n"));
    assert_non_null(strstr(receiver.last, "\r\nUser-Agent: mod_orders/" ORDERS_VERSION "\r\n"));
    assert_non_null(strstr(receiver.last, "\r\nContent-Length: 24\r\n"));
    assert_non_null(strstr(receiver.last, "\r\n\r\n{\"type\":\"order.created\"}"));
}

static void test_retry_after(void **state)
{
    send_path("/wait");
    assert_outcome(false, 429, NULL);
    assert_int_equal(outcome.retry_after, 120);
    send_path("/wait-long");
    assert_int_equal(outcome.retry_after, ORDERS_HTTP_MAX_RETRY_AFTER);
    send_path("/wait-date");
    assert_int_equal(outcome.retry_after, ORDERS_HTTP_MAX_RETRY_AFTER);
    send_path("/wait-past");
    assert_int_equal(outcome.retry_after, 0);
    send_path("/wait-never");
    assert_int_equal(outcome.retry_after, 0);
    assert_outcome(false, 503, NULL);
}

static void test_a_body_without_end_changes_nothing(void **state)
{
    const apr_time_t from = apr_time_now();

    send_path("/big");
    assert_outcome(true, 200, NULL);
    send_path("/big-error");
    assert_outcome(false, 500, NULL);
    apr_sleep(apr_time_from_msec(100));
    assert_true(receiver.blocks < 160); /* of 320 */
    send_path("/cut");
    assert_outcome(true, 200, NULL);
    assert_true(apr_time_now() - from < apr_time_from_sec(1));
}

static void test_a_slow_body_ends_before_the_timeout(void **state)
{
    const orders_http_sender_rules_t patient = {.timeout_ms = 20000};
    const apr_time_t from = apr_time_now();

    sender = orders_http_sender_create(pool, &patient);
    send_path("/trickle"); /* for 30 s */
    assert_outcome(true, 200, NULL);
    assert_true(outcome.ms < 900); /* until the headers */
    assert_true(apr_time_now() - from < apr_time_from_sec(5));
}

static void test_receivers_without_a_reply(void **state)
{
    send_path("/close");
    assert_outcome(false, 0, "connection_closed");
    send_path("/garbage");
    assert_outcome(false, 0, "invalid_reply");
    send_path("/half");
    assert_false(outcome.arrived);
    assert_int_equal(outcome.status, 0);
    send_to("http://127.0.0.1:1/");
    assert_outcome(false, 0, "connection_failed");
    send_to("https://no-such-name.invalid/");
    assert_outcome(false, 0, "host_not_found");
    send_to(apr_psprintf(pool, "https://127.0.0.1:%d/", receiver.port)); /* no TLS there */
    assert_false(outcome.arrived);
}

static void test_a_slow_receiver_runs_into_the_timeout(void **state)
{
    send_path("/slow");
    assert_outcome(false, 0, "timeout");
    assert_in_range(outcome.ms, 900, 3000);
}

static void test_a_receiver_that_accepts_no_connection(void **state)
{
    int port = 0;
    const int listener = listen_locally(0, &port);
    int fill[3];
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)port),
                                        .sin_addr = {htonl(INADDR_LOOPBACK)}};

    assert_true(listener >= 0);
    for (size_t i = 0; i < COUNT(fill); i++) { /* fills the queue of the kernel */
        fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fill[i], (const struct sockaddr *)&address, sizeof address);
    }
    send_to(apr_psprintf(pool, "http://127.0.0.1:%d/", port));
    assert_outcome(false, 0, "timeout");
    for (size_t i = 0; i < COUNT(fill); i++) {
        close(fill[i]);
    }
    close(listener);
}

static void test_slow_receivers_delay_no_other(void **state)
{
    const int count =
        getenv("ORDERS_VALGRIND") ? 8 : 64; /* valgrind is slower than the receivers */
    int slow[64] = {0}, quick[64] = {0};
    const apr_time_t from = apr_time_now();

    for (int i = 0; i < count; i++) {
        add(url_of("127.0.0.1", "/slow"), &slow[i]);
        add(url_of("127.0.0.1", "/ok"), &quick[i]);
    }
    while (ended < count) {
        orders_http_sender_drive(sender, 100);
    }
    assert_true(apr_time_now() - from < apr_time_from_msec(900));
    for (int i = 0; i < count; i++) {
        assert_int_equal(quick[i], 200);
    }
    assert_int_equal(orders_http_sender_active(sender), count);
    orders_http_sender_cancel_of(sender, &slow[3]);
    assert_int_equal(orders_http_sender_active(sender), count - 1);
    orders_http_sender_cancel(sender);
    assert_int_equal(orders_http_sender_active(sender), 0);
    assert_true(apr_time_now() - from < apr_time_from_msec(1200));
    assert_int_equal(ended, count); /* cancelled transfers are not reported */
    send_path("/ok");
    assert_outcome(true, 200, NULL);
}

static void test_connections_are_kept(void **state)
{
    int status[10];

    for (int round = 0; round < 5; round++) {
        for (size_t i = 0; i < COUNT(status); i++) {
            add(url_of("127.0.0.1", "/ok"), &status[i]);
        }
        drive();
    }
    assert_int_equal(receiver.requests, 50);
    assert_in_range(receiver.connections, 1, 10);
}

static void test_driving_waits_no_longer_than_asked(void **state)
{
    const apr_time_t from = apr_time_now();

    orders_http_sender_drive(sender, 50); /* without transfers */
    assert_in_range(apr_time_as_msec(apr_time_now() - from), 40, 500);
    add(url_of("127.0.0.1", "/slow"), NULL);
    orders_http_sender_drive(sender, 50);
    assert_in_range(apr_time_as_msec(apr_time_now() - from), 90, 700);
}

/** The address that is used is the one that is judged: whatever a name resolved to before. */
static void test_only_public_addresses_are_used(void **state)
{
    static const char *const hosts[] = {"private.example",
                                        "loopback.example",
                                        "metadata.example",
                                        "mapped.example",
                                        "nat64.example",
                                        "10.0.0.1",
                                        "169.254.169.254",
                                        "[fe80::1]",
                                        "0.0.0.0",
                                        "[::ffff:7f00:1]",
                                        "[::]",
                                        "192.168.0.1"};

    for (size_t i = 0; i < COUNT(hosts); i++) {
        send_to(url_of(hosts[i], "/ok"));
        assert_outcome(false, 0, "address_not_allowed");
        assert_true(outcome.ms < 900); /* without a connection that is refused or hangs */
    }
    assert_true(lookups > 0);
    assert_int_equal(receiver.connections, 0);
}

static void test_a_host_is_allowed_by_its_name(void **state)
{
    send_to(url_of("allowed.example", "/ok"));
    assert_outcome(true, 200, NULL);
    send_to(url_of("ALLOWED.example.", "/ok"));
    assert_true(outcome.arrived || !strcmp(outcome.error, "host_not_found"));
    send_to(url_of("not-allowed.example", "/ok"));
    assert_outcome(false, 0, "host_not_found");
    send_to(url_of("loopback.example", "/ok"));
    assert_outcome(
        false, 0, "address_not_allowed"); /* a kept connection to this address is of another name */
    send_to(url_of("localhost", "/ok"));
    assert_outcome(true, 200, NULL);
}

static void test_no_proxy_of_the_environment(void **state)
{
    static const char *const variables[] = {"http_proxy", "https_proxy", "all_proxy", "ALL_PROXY",
                                            "HTTPS_PROXY"};

    for (size_t i = 0; i < COUNT(variables); i++) {
        setenv(variables[i], "http://127.0.0.1:1", 1);
    }
    send_to(url_of("allowed.example", "/ok"));
    assert_outcome(true, 200, NULL);
    send_to(apr_psprintf(pool, "https://allowed.example:%d/ok", receiver.port));
    assert_false(outcome.arrived);
    assert_string_not_equal(outcome.error, "connection_failed");
    for (size_t i = 0; i < COUNT(variables); i++) {
        unsetenv(variables[i]);
    }
}

static void test_urls_of_endpoints(void **state)
{
    assert_null(orders_http_endpoint_check("https://hooks.example/orders?token=a"));
    assert_null(orders_http_endpoint_check("http://127.0.0.1:8080/"));
    assert_non_null(orders_http_endpoint_check("http://hooks.example/"));
    assert_non_null(orders_http_endpoint_check("https://hooks.example/#a"));
    assert_non_null(orders_http_endpoint_check("https://user:word@hooks.example/"));
    assert_non_null(orders_http_endpoint_check("ftp://hooks.example/"));
    assert_string_equal(orders_http_host(pool, "https://Hooks.Example.:8443/a?b"), "hooks.example");
    assert_string_equal(orders_http_host(pool, "http://[::1]:80/"), "[::1]");
    assert_string_equal(orders_http_host(pool, "http://0x7f.1/"), "127.0.0.1");
    assert_null(orders_http_host(pool, "https://"));
}

static int start(void **state)
{
    if (apr_open(state) || receiver_start()) {
        return -1;
    }
    orders_http_startup();
    return 0;
}

static int stop(void **state)
{
    orders_http_shutdown();
    return apr_close(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SENDER_TEST(test_a_status_decides),
        SENDER_TEST(test_the_message_is_sent_as_given),
        SENDER_TEST(test_retry_after),
        SENDER_TEST(test_a_body_without_end_changes_nothing),
        SENDER_TEST(test_a_slow_body_ends_before_the_timeout),
        SENDER_TEST(test_receivers_without_a_reply),
        SENDER_TEST(test_a_slow_receiver_runs_into_the_timeout),
        SENDER_TEST(test_a_receiver_that_accepts_no_connection),
        SENDER_TEST(test_slow_receivers_delay_no_other),
        SENDER_TEST(test_connections_are_kept),
        SENDER_TEST(test_driving_waits_no_longer_than_asked),
        SENDER_TEST(test_only_public_addresses_are_used),
        SENDER_TEST(test_a_host_is_allowed_by_its_name),
        SENDER_TEST(test_no_proxy_of_the_environment),
        SENDER_TEST(test_urls_of_endpoints),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
