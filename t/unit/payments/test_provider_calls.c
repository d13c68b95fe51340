/* SPDX-License-Identifier: Apache-2.0 */
/* The signed HTTP provider with the simulator (t/lib/simulator), which runs as a separate process. */
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <apr_time.h>
#include <jansson.h>

#include "net/http_client.h"
#include "payments/http_provider.h"

#define SECRET "the secret of the simulator, shared"

#define LOST_HOST "names.nobody.answers.example"

/** Simulates a name server that does not respond: libcurl calls this function instead of libc's. */
__attribute__((visibility("default"))) int getaddrinfo(const char *node, const char *service,
                                                       const struct addrinfo *hints,
                                                       struct addrinfo **found)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

    if (node && !strcmp(node, LOST_HOST)) {
        apr_sleep(apr_time_from_sec(3));
        return EAI_AGAIN;
    }
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    return real(node, service, hints, found);
}

static apr_pool_t *pool;
static pid_t simulator;
static char base[64];
static char secret_file[] = "/tmp/orders-secret-XXXXXX";

static orders_channel_t channel = {.name = "card",
                                   .provider = &orders_http_provider,
                                   .url = base,
                                   .secret = (const unsigned char *)SECRET,
                                   .secret_length = sizeof(SECRET) - 1,
                                   .timeout_ms = 2000};

static void run_simulator(int out)
{
    const char *directory = getenv("srcdir");
    const char *program = apr_pstrcat(pool, directory ? directory : ".", "/t/lib/simulator", NULL);

    if (dup2(out, STDOUT_FILENO) >= 0) {
        execlp("perl", "perl", program, "--port", "0", "--secret-file", secret_file, (char *)NULL);
    }
    _exit(127);
}

static int start(void **state)
{
    int ends[2];
    int file = mkstemp(secret_file);
    FILE *out;
    char line[128];

    if (apr_pool_create(&pool, NULL) || file < 0 || pipe(ends)) {
        return -1;
    }
    if (write(file, SECRET "\n", sizeof(SECRET)) != (ssize_t)sizeof(SECRET) || close(file)) {
        return -1;
    }
    simulator = fork();
    if (simulator == 0) {
        run_simulator(ends[1]);
    }
    close(ends[1]);
    out = fdopen(ends[0], "r");
    if (!out || !fgets(line, sizeof(line), out) || sscanf(line, "listening on %63s", base) != 1) {
        return -1;
    }
    fclose(out);
    orders_providers_startup();
    return 0;
}

static int stop(void **state)
{
    orders_providers_shutdown();
    kill(simulator, SIGTERM);
    waitpid(simulator, NULL, 0);
    unlink(secret_file);
    apr_pool_destroy(pool);
    return 0;
}

/** Calls a control route of the simulator, with POST if there is a body. */
static json_t *control(const char *path, const char *body)
{
    apr_table_t *headers = apr_table_make(pool, 1);
    orders_http_request_t request = {.url = apr_pstrcat(pool, base, path, NULL),
                                     .headers = headers,
                                     .body = body,
                                     .length = body ? strlen(body) : 0,
                                     .timeout_ms = 5000};
    orders_http_reply_t reply;
    json_t *answer;

    assert_null(orders_http_call(&request, &reply, pool));
    assert_int_equal(reply.status, 200);
    answer = json_loadb(reply.body, reply.length, 0, NULL);
    assert_non_null(answer);
    return answer;
}

static void mode(const char *body)
{
    json_decref(control("/control/reset", ""));
    json_decref(control("/control", body));
}

static json_int_t intents(json_int_t *captures)
{
    json_t *state = control("/control/state", NULL);
    json_t *all = json_object_get(state, "intents");
    json_int_t count = (json_int_t)json_array_size(all);
    size_t i;
    json_t *intent;

    *captures = 0;
    json_array_foreach(all, i, intent)
    {
        *captures += json_integer_value(json_object_get(intent, "captures"));
    }
    json_decref(state);
    return count;
}

/** The key of a payment or refund, a UUID. */
static const char *key_of(apr_pool_t *from, int64_t number)
{
    return apr_psprintf(from, "00000000-0000-4000-8000-%012" APR_INT64_T_FMT, (apr_int64_t)number);
}

static orders_problem_t *create(int64_t payment, orders_intent_reply_t *reply)
{
    orders_intent_request_t request = {.payment_key = key_of(pool, payment),
                                       .tenant = 1,
                                       .order_number = "ORD-20261121-000001",
                                       .amount = 1990,
                                       .currency = "EUR"};

    return orders_http_provider.create_intent(&channel, pool, &request, reply);
}

static void creates_an_intent_once(void **state)
{
    orders_intent_reply_t first, second;
    json_int_t captures;

    mode("{\"mode\":\"manual\"}");
    assert_null(create(1, &first));
    assert_null(create(1, &second));
    assert_string_equal(first.intent_id, second.intent_id);
    assert_non_null(first.pay_url);
    assert_int_equal(intents(&captures), 1);
    assert_null(create(2, &second));
    assert_string_not_equal(first.intent_id, second.intent_id);
}

static void repeats_a_request_after_a_lost_response(void **state)
{
    orders_intent_reply_t reply;
    json_int_t captures;
    orders_problem_t *problem;

    mode("{\"mode\":\"lose_reply\",\"times\":1,\"then\":\"approve\"}");
    problem = create(3, &reply);
    assert_non_null(problem);
    assert_int_equal(problem->error, ORDERS_E_provider_unreachable);
    assert_null(create(3, &reply));
    apr_sleep(100000);
    assert_int_equal(intents(&captures), 1);
    assert_int_equal(captures, 1);
}

static void distinguishes_failures_from_refusals(void **state)
{
    static const char *const trouble[] = {"500", "garbage", "huge", "redirect", "throttled"};
    orders_intent_reply_t reply;
    orders_problem_t *problem;

    for (size_t i = 0; i < sizeof(trouble) / sizeof(trouble[0]); i++) {
        mode(apr_psprintf(pool, "{\"mode\":\"%s\"}", trouble[i]));
        problem = create(4, &reply);
        assert_non_null(problem);
        assert_int_equal(problem->error, ORDERS_E_provider_unreachable);
        assert_non_null(problem->log);
    }
    mode("{\"mode\":\"decline\"}");
    problem = create(4, &reply);
    assert_int_equal(problem->error, ORDERS_E_provider_refused);
    assert_non_null(strstr(problem->extra, "card_declined"));
}

static void ends_at_the_timeout(void **state)
{
    orders_intent_reply_t reply;
    orders_channel_t hasty = channel;
    orders_intent_request_t request = {
        .payment_key = key_of(pool, 5), .tenant = 1, .amount = 1, .currency = "EUR"};
    apr_time_t start_time;

    mode("{\"mode\":\"slow\",\"delay\":3}");
    hasty.timeout_ms = 300;
    start_time = apr_time_now();
    assert_int_equal(orders_http_provider.create_intent(&hasty, pool, &request, &reply)->error,
                     ORDERS_E_provider_unreachable);
    assert_true(apr_time_now() - start_time < apr_time_from_sec(2));
    hasty.url = "http://127.0.0.1:9";
    assert_int_equal(orders_http_provider.create_intent(&hasty, pool, &request, &reply)->error,
                     ORDERS_E_provider_unreachable);
}

/** True from the third time on. */
static bool third_time(void *context)
{
    return ++*(int *)context >= 3;
}

static void ends_when_the_caller_stops(void **state)
{
    int asked = 0;
    apr_array_header_t *channels = apr_array_make(pool, 1, sizeof(orders_channel_t));
    orders_providers_t providers = {
        .channels = channels, .cancelled = third_time, .context = &asked};
    orders_intent_request_t request = {
        .payment_key = key_of(pool, 12), .tenant = 1, .amount = 1, .currency = "EUR"};
    orders_intent_reply_t reply;
    orders_channel_t hurried;
    orders_problem_t *problem;
    apr_time_t start_time;

    APR_ARRAY_PUSH(channels, orders_channel_t) = channel;
    assert_false(orders_channel_open(&providers, "nobody", &hurried));
    assert_true(orders_channel_open(&providers, "card", &hurried));
    hurried.timeout_ms = 20000;
    mode("{\"mode\":\"slow\",\"delay\":5}");
    start_time = apr_time_now();
    problem = orders_http_provider.create_intent(&hurried, pool, &request, &reply);
    assert_true(apr_time_now() - start_time < apr_time_from_sec(2));
    assert_int_equal(problem->error, ORDERS_E_provider_unreachable);
    assert_non_null(strstr(problem->log, "cancelled"));
    assert_int_equal(asked, 4); /* the last one classifies the outcome */
    mode("{\"mode\":\"manual\"}");
    assert_null(create(12, &reply));
}

static void ends_while_a_name_is_resolved(void **state)
{
    orders_http_request_t request = {
        .url = "https://" LOST_HOST "/", .headers = apr_table_make(pool, 1), .timeout_ms = 300};
    orders_http_reply_t reply;
    apr_time_t start_time = apr_time_now();

    assert_non_null(orders_http_call(&request, &reply, pool));
    assert_in_range(apr_time_now() - start_time, apr_time_from_msec(250), apr_time_from_sec(2));
}

static void signs_its_requests(void **state)
{
    orders_intent_reply_t reply;
    orders_channel_t stranger = channel;
    orders_intent_request_t request = {
        .payment_key = key_of(pool, 6), .tenant = 1, .amount = 1, .currency = "EUR"};
    json_t *answer;

    mode("{\"mode\":\"manual\"}");
    stranger.secret = (const unsigned char *)"another secret, not the simulator's";
    assert_int_equal(orders_http_provider.create_intent(&stranger, pool, &request, &reply)->error,
                     ORDERS_E_provider_unreachable);
    answer = control("/control/state", NULL);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(answer, "counts"), "bad_signatures")),
        1);
    json_decref(answer);
}

#define THREADS 8
#define CALLS 20

static void *call_often(void *number)
{
    const int64_t first = 1000 + CALLS * (int64_t)(intptr_t)number;
    orders_intent_request_t request = {.tenant = 1, .amount = 1, .currency = "EUR"};
    orders_intent_reply_t reply;
    apr_pool_t *own;
    intptr_t refused = 0;

    if (apr_pool_create(&own, NULL)) {
        return (void *)(intptr_t)CALLS;
    }
    for (int i = 0; i < CALLS; i++) {
        request.payment_key = key_of(own, first + i);
        refused += orders_http_provider.create_intent(&channel, own, &request, &reply) != NULL;
    }
    apr_pool_destroy(own);
    return (void *)refused;
}

static void is_thread_safe(void **state)
{
    pthread_t threads[THREADS];
    json_int_t captures;
    void *refused;

    mode("{\"mode\":\"manual\"}");
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, (void *)(intptr_t)i), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], &refused), 0);
        assert_null(refused);
    }
    assert_int_equal(intents(&captures), THREADS * CALLS);
}

static void refunds_once(void **state)
{
    orders_intent_reply_t intent;
    orders_refund_reply_t first, second;
    orders_refund_request_t request = {
        .refund_key = key_of(pool, 9), .tenant = 1, .amount = 990, .currency = "EUR"};

    mode("{\"mode\":\"manual\"}");
    assert_null(create(7, &intent));
    json_decref(
        control(apr_pstrcat(pool, "/control/intents/", intent.intent_id, "/approve", NULL), ""));
    request.intent_id = intent.intent_id;
    assert_null(orders_http_provider.refund(&channel, pool, &request, &first));
    assert_null(orders_http_provider.refund(&channel, pool, &request, &second));
    assert_string_equal(first.transaction_id, second.transaction_id);
    assert_false(first.pending);
    request.refund_key = key_of(pool, 10);
    request.amount = 1001;
    assert_int_equal(orders_http_provider.refund(&channel, pool, &request, &second)->error,
                     ORDERS_E_provider_refused);
    request.intent_id = "../pay";
    assert_int_equal(orders_http_provider.refund(&channel, pool, &request, &second)->error,
                     ORDERS_E_not_configured);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(creates_an_intent_once),
        cmocka_unit_test(repeats_a_request_after_a_lost_response),
        cmocka_unit_test(distinguishes_failures_from_refusals),
        cmocka_unit_test(ends_at_the_timeout),
        cmocka_unit_test(ends_when_the_caller_stops),
        cmocka_unit_test(ends_while_a_name_is_resolved),
        cmocka_unit_test(signs_its_requests),
        cmocka_unit_test(refunds_once),
        cmocka_unit_test(is_thread_safe),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, start, stop);
}
