/* SPDX-License-Identifier: Apache-2.0 */
/**
 * For the tests of provider=paypal: the PayPal simulator (t/lib/paypal), which runs as a separate process, and the steps of a
 * payment.
 */
#ifndef ORDERS_UNIT_PAYPAL_H
#define ORDERS_UNIT_PAYPAL_H

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_time.h>
#include <jansson.h>

#include "net/http_client.h"
#include "payments/paypal/certificates.h"
#include "payments/paypal/provider.h"
#include "payments/paypal/token.h"
#include "support.h"

#define SECRET "EO422dn3gQLgDbuwqTjzrFgFtaRLRR5BdHEESmha49TM"
#define CLIENT "AFcWxV21C7fd0v3bYYYRCpSSRl31A"
#define WEBHOOK "9XL90610J3647323C"
#define PREFIX "/tmp/orders-paypal-"

static apr_pool_t *whole; /**< for all tests; `pool` is for one test */
static pid_t paypal;
static char base[64];
static char directory[] = PREFIX "XXXXXX";
static char ca_file[sizeof(directory) + sizeof("/ca.pem")];
static char secret_file[sizeof(directory) + sizeof("/secret")];
static int64_t last_payment = 100;

static orders_channel_t channel = {.name = "paypal",
                                   .provider = &orders_paypal_provider,
                                   .url = base,
                                   .secret = (const unsigned char *)SECRET,
                                   .secret_length = sizeof(SECRET) - 1,
                                   .client_id = CLIENT,
                                   .webhook_id = WEBHOOK,
                                   .timeout_ms = 5000,
                                   .ca_file = ca_file};

static inline void run_paypal(int out)
{
    const char *top = getenv("srcdir");
    const char *program = apr_pstrcat(whole, top ? top : ".", "/t/lib/paypal", NULL);

    if (dup2(out, STDOUT_FILENO) >= 0) {
        execlp("perl", "perl", program, "--port", "0", "--directory", directory, "--client-id",
               CLIENT, "--secret-file", secret_file, "--webhook-id", WEBHOOK, (char *)NULL);
    }
    _exit(127);
}

static inline int start(void **state)
{
    int ends[2];
    FILE *file;
    char line[128];

    if (apr_open(state) || apr_pool_create(&whole, NULL) || !mkdtemp(directory) || pipe(ends)) {
        return -1;
    }
    snprintf(ca_file, sizeof(ca_file), "%s/ca.pem", directory);
    snprintf(secret_file, sizeof(secret_file), "%s/secret", directory);
    file = fopen(secret_file, "w");
    if (!file || fputs(SECRET "\n", file) < 0 || fclose(file)) {
        return -1;
    }
    paypal = fork();
    if (paypal == 0) {
        run_paypal(ends[1]);
    }
    close(ends[1]);
    file = fdopen(ends[0], "r");
    if (!file || !fgets(line, sizeof(line), file) || sscanf(line, "listening on %63s", base) != 1) {
        return -1;
    }
    fclose(file);
    orders_providers_startup();
    return 0;
}

static inline int stop(void **state)
{
    orders_providers_shutdown();
    kill(paypal, SIGTERM);
    waitpid(paypal, NULL, 0);
    if (system(apr_pstrcat(whole, "rm -rf ", directory, NULL))) {
        return -1;
    }
    apr_pool_destroy(whole);
    return apr_close(state);
}

static inline apr_status_t release(void *json)
{
    json_decref(json);
    return APR_SUCCESS;
}

/** Calls a control route, with POST if there is a body. The result is valid until the end of the test. */
static inline json_t *control(const char *path, const char *body)
{
    orders_http_request_t request = {.url = apr_pstrcat(pool, base, "/control", path, NULL),
                                     .headers = apr_table_make(pool, 1),
                                     .body = body,
                                     .length = body ? strlen(body) : 0,
                                     .timeout_ms = 20000};
    orders_http_reply_t reply;
    json_t *answer;

    assert_null(orders_http_call(&request, &reply, pool));
    assert_int_equal(reply.status, 200);
    answer = json_loadb(reply.body, reply.length, 0, NULL);
    assert_non_null(answer);
    apr_pool_cleanup_register(pool, answer, release, apr_pool_cleanup_null);
    return answer;
}

static inline void set(const char *switches)
{
    control("", switches);
}

static inline int set_up(void **state)
{
    if (pool_open(state)) {
        return -1;
    }
    control("/reset", "");
    orders_paypal_tokens_forget();
    orders_paypal_certificates_forget();
    return 0;
}

static inline json_int_t counted(const char *name)
{
    return json_integer_value(
        json_object_get(json_object_get(control("/state", NULL), "counts"), name));
}

/** The order of the simulator, which must have exactly one. */
static inline const json_t *the_order(void)
{
    json_t *orders = json_object_get(control("/state", NULL), "orders");

    assert_int_equal(json_array_size(orders), 1);
    return json_array_get(orders, 0);
}

static inline size_t captures(void)
{
    const json_t *unit = json_array_get(json_object_get(the_order(), "purchase_units"), 0);

    return json_array_size(json_object_get(json_object_get(unit, "payments"), "captures"));
}

/** The key of a payment or refund, a UUID. */
static inline const char *key_of(int64_t number)
{
    return apr_psprintf(pool, "00000000-0000-4000-8000-%012" APR_INT64_T_FMT, (apr_int64_t)number);
}

static inline orders_intent_request_t order_of(int64_t payment)
{
    return (orders_intent_request_t){.payment_key = key_of(payment),
                                     .tenant = 1,
                                     .order_number = "ORD-20261121-000001",
                                     .amount = 1990,
                                     .currency = "EUR",
                                     .exponent = 2,
                                     .return_url = "https://shop.example/thanks?x=1",
                                     .cancel_url = "https://shop.example/cart"};
}

/** The order of a new payment, approved or not. */
static inline orders_capture_request_t ordered(bool approve)
{
    orders_intent_request_t request = order_of(++last_payment);
    orders_intent_reply_t reply;

    assert_null(orders_paypal_provider.create_intent(&channel, pool, &request, &reply));
    if (approve) {
        control(apr_pstrcat(pool, "/orders/", reply.intent_id, "/approve", NULL), "");
    }
    return (orders_capture_request_t){.payment_key = request.payment_key,
                                      .tenant = 1,
                                      .intent_id = reply.intent_id,
                                      .amount = 1990,
                                      .currency = "EUR",
                                      .exponent = 2};
}

static inline orders_capture_reply_t capture(const orders_capture_request_t *request)
{
    orders_capture_reply_t reply;

    assert_null(orders_paypal_provider.capture(&channel, pool, request, &reply));
    return reply;
}

static inline const char *capture_fails(const orders_capture_request_t *request)
{
    orders_capture_reply_t reply;

    return code_of(orders_paypal_provider.capture(&channel, pool, request, &reply));
}

static inline orders_refund_request_t refund_of(int64_t number, int64_t amount)
{
    orders_capture_request_t order = ordered(true);

    return (orders_refund_request_t){.refund_key = key_of(number),
                                     .payment_key = order.payment_key,
                                     .tenant = 1,
                                     .intent_id = order.intent_id,
                                     .transaction_id = capture(&order).transaction_id,
                                     .amount = amount,
                                     .currency = "EUR",
                                     .exponent = 2,
                                     .reason = "too late"};
}

static inline orders_problem_t *refund(const orders_refund_request_t *request,
                                       orders_refund_reply_t *reply)
{
    return orders_paypal_provider.refund(&channel, pool, request, reply);
}

#define PAYPAL_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, pool_close)

#endif
