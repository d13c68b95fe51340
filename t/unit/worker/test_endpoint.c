/* SPDX-License-Identifier: Apache-2.0 */
/** An endpoint of webhooks that the worker owns: the window, the pauses, the sequence of messages, and the end of the lease. */
#include <string.h>

#include "core/clock.h"
#include "net/http_sender.h"
#include "store/webhook_queue.h"
#include "worker/bodies.h"

static apr_time_t test_clock(void);
#define orders_clock_now test_clock
#define orders_webhook_queue_take test_take
#define orders_webhook_queue_record test_record
#define orders_webhook_queue_release test_release
#define orders_webhook_add_bodies test_add_bodies
#define orders_http_sender_add test_send
#define orders_http_sender_cancel_of test_cancel
#define orders_http_sender_active test_active

static orders_problem_t *test_take(const orders_reader_t *reader, int64_t endpoint, int limit,
                                   apr_array_header_t **messages);
static orders_problem_t *test_record(const orders_reader_t *reader, int64_t endpoint,
                                     const char *results, orders_webhook_progress_t **progress);
static orders_problem_t *test_release(const orders_reader_t *reader, int64_t endpoint, int pause,
                                      const orders_webhook_lease_t *lease);
static orders_problem_t *test_add_bodies(const orders_reader_t *reader,
                                         const orders_webhook_target_t *target,
                                         apr_array_header_t *messages);
static bool test_send(orders_http_sender_t *sender, const orders_http_message_t *message);
static void test_cancel(orders_http_sender_t *sender, const void *context);
static int test_active(const orders_http_sender_t *sender);

#include "worker/endpoint.c"
#undef orders_clock_now

#include "support.h"

#define MESSAGES 40

static apr_time_t passed; /* by the test */
static struct {
    int64_t subject;
    enum { PENDING, FLYING, DONE } state;
    orders_http_message_t sent;
} messages[MESSAGES + 1];
static int count;            /* messages 1 … count */
static int statements;       /* that have read messages */
static int recorded;         /* results */
static int released, paused; /* how often; the last pause */
static bool broken;          /* statements fail */
static apr_time_t failing_since;

static apr_time_t test_clock(void)
{
    return orders_clock_now() + passed;
}

static orders_problem_t *outcome_of(const orders_reader_t *reader)
{
    return broken ? orders_problem(reader->pool, ORDERS_E_database_unavailable, NULL) : NULL;
}

static orders_problem_t *test_take(const orders_reader_t *reader, int64_t endpoint, int limit,
                                   apr_array_header_t **taken)
{
    *taken = apr_array_make(reader->pool, MESSAGES, sizeof(orders_webhook_message_t));
    for (int i = 1; i <= count && (*taken)->nelts < limit; i++) {
        if (messages[i].state != DONE) {
            APR_ARRAY_PUSH(*taken, orders_webhook_message_t) = (orders_webhook_message_t){
                .id = i,
                .message_id = apr_psprintf(reader->pool, "0-%d-order.paid", i),
                .subject = "order",
                .subject_id = messages[i].subject,
                .body = "{}"};
        }
    }
    statements++;
    return outcome_of(reader);
}

static orders_problem_t *test_record(const orders_reader_t *reader, int64_t endpoint,
                                     const char *results, orders_webhook_progress_t **progress)
{
    static orders_webhook_progress_t now;

    now = (orders_webhook_progress_t){.state = "enabled", .failing_since = failing_since};
    *progress = &now;
    for (const char *at = results; !broken && (at = strstr(at, "\"id\"")); at++) {
        recorded++;
    }
    return outcome_of(reader);
}

static orders_problem_t *test_release(const orders_reader_t *reader, int64_t endpoint, int given,
                                      const orders_webhook_lease_t *lease)
{
    released += !broken;
    paused = given;
    return outcome_of(reader);
}

static orders_problem_t *test_add_bodies(const orders_reader_t *reader,
                                         const orders_webhook_target_t *target,
                                         apr_array_header_t *given)
{
    return NULL;
}

static int number_of(const orders_http_message_t *message)
{
    return (int)((const delivery_t *)message->context)->id;
}

static bool test_send(orders_http_sender_t *sender, const orders_http_message_t *message)
{
    const int number = number_of(message);

    messages[number].state = FLYING;
    messages[number].sent = *message;
    return true;
}

static void test_cancel(orders_http_sender_t *sender, const void *context)
{
    messages[((const delivery_t *)context)->id].state = PENDING;
}

static int test_active(const orders_http_sender_t *sender)
{
    return 0;
}

static bool log_enabled(void *context, orders_level_e level)
{
    return false;
}

/** The messages in flight, "1 3". */
static const char *flying(void)
{
    const char *text = "";

    for (int i = 1; i <= count; i++) {
        if (messages[i].state == FLYING) {
            text = apr_psprintf(pool, "%s%s%d", text, *text ? " " : "", i);
        }
    }
    return text;
}

/** A response to a message. status 0: none. */
static void respond(int number, int status, int retry_after)
{
    const orders_http_outcome_t outcome = {.arrived = status / 100 == 2,
                                           .status = status,
                                           .error = status ? NULL : "timeout",
                                           .retry_after = retry_after};

    messages[number].state = DONE;
    messages[number].sent.done(messages[number].sent.context, &outcome);
}

static orders_delivery_run_t run;
static orders_webhook_target_t target = {.id = 1,
                                         .public_id = (const unsigned char *)"0123456789abcdef",
                                         .url = "http://127.0.0.1:9/",
                                         .payload = "thin",
                                         .salt = (const unsigned char *)"fedcba9876543210"};

/** An endpoint with pending messages of orders 1, 1, 2, 3, 4 … */
static orders_endpoint_t *have(int pending)
{
    static orders_job_tally_t tally;
    static orders_job_context_t context;
    static orders_log_t log;
    static orders_job_run_t job;

    log = (orders_log_t){.enabled = log_enabled};
    context = (orders_job_context_t){.log = &log};
    job = (orders_job_run_t){.context = &context, .tally = &tally};
    run = (orders_delivery_run_t){
        .job = &job,
        .pool = pool,
        .settings = {.secret = (const unsigned char *)"secret", .secret_length = 6},
        .lease = {.owner = 1, .seconds = 60},
    };
    apr_pool_create(&run.scratch, pool);
    for (int i = 0; i <= MESSAGES; i++) {
        messages[i].state = PENDING;
        messages[i].subject = i > 1 ? i - 1 : 1;
    }
    count = pending;
    statements = recorded = released = 0;
    passed = 0;
    broken = false;
    paused = -1;
    return orders_endpoint_open(&run, 1, &target, test_clock());
}

static void test_messages_of_an_order_follow_each_other(void **state)
{
    orders_endpoint_t *endpoint = have(3);

    orders_endpoint_work(endpoint);
    assert_string_equal(flying(), "1 3");
    respond(3, 204, 0);
    orders_endpoint_work(endpoint);
    assert_string_equal(flying(), "1");
    respond(1, 204, 0);
    orders_endpoint_work(endpoint);
    assert_string_equal(flying(), "2");
    assert_false(orders_endpoint_is_idle(endpoint));
    respond(2, 204, 0);
    orders_endpoint_work(endpoint);
    assert_true(orders_endpoint_is_idle(endpoint));
    assert_int_equal(recorded, 3);
    orders_endpoint_close(endpoint);
    assert_int_equal(released, 1);
    assert_int_equal(paused, 0);
}

static void test_the_window_grows_with_successes(void **state)
{
    orders_endpoint_t *endpoint = have(40);

    orders_endpoint_work(endpoint);
    respond(1, 204, 0);
    orders_endpoint_work(endpoint);
    assert_string_equal(flying(), "2 3 4 5");
    respond(3, 204, 0);
    orders_endpoint_work(endpoint);
    assert_string_equal(flying(), "2 4 5 6 7 8 9 10");
    respond(4, 204, 0);
    orders_endpoint_work(endpoint);
    assert_string_equal(flying(), "2 5 6 7 8 9 10 11");
    respond(5, 500, 0);
    orders_endpoint_work(endpoint);
    assert_string_equal(flying(), "2 6 7 8 9 10 11");
    orders_endpoint_close(endpoint);
}

static void test_failures_in_a_row_pause_an_endpoint(void **state)
{
    orders_endpoint_t *endpoint = have(40);

    for (int i = 0; i < MAX_FAILURES; i++) {
        assert_int_equal(endpoint->pause, 0);
        orders_endpoint_work(endpoint);
        failing_since = apr_time_now();
        respond((int)endpoint->flying[0]->id, 500, 0);
    }
    orders_endpoint_work(endpoint);
    assert_int_equal(endpoint->pause, MIN_PAUSE);
    while (endpoint->in_flight) {
        respond((int)endpoint->flying[0]->id, 0, 0);
    }
    orders_endpoint_work(endpoint);
    assert_string_equal(flying(), "");
    assert_true(orders_endpoint_is_idle(endpoint));
    orders_endpoint_close(endpoint);
    assert_int_equal(paused, MIN_PAUSE);
    failing_since = 0;
}

static void test_a_failure_pauses_an_endpoint_that_was_failing(void **state)
{
    orders_endpoint_t *endpoint;

    target.failing_since = failing_since = apr_time_now() - apr_time_from_sec(240);
    endpoint = have(40);
    orders_endpoint_work(endpoint);
    assert_string_equal(flying(), "1");
    respond(1, 500, 0);
    assert_in_range(endpoint->pause, 29, 31); /* an eighth of the time */
    orders_endpoint_close(endpoint);

    endpoint = have(40);
    orders_endpoint_work(endpoint);
    respond(1, 204, 0); /* it works again */
    orders_endpoint_work(endpoint);
    respond(2, 500, 0);
    assert_int_equal(endpoint->pause, 0);
    orders_endpoint_close(endpoint);
    target.failing_since = failing_since = 0;
}

static void test_retry_after_pauses_an_endpoint(void **state)
{
    static const struct {
        int status, retry_after, pause;
    } cases[] = {{503, 90, 90}, {429, 7, 7}, {503, 86400, MAX_REQUESTED_PAUSE}, {500, 90, 0}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        orders_endpoint_t *endpoint = have(5);

        orders_endpoint_work(endpoint);
        respond(1, cases[i].status, cases[i].retry_after);
        assert_int_equal(endpoint->pause, cases[i].pause);
        orders_endpoint_close(endpoint);
        assert_int_equal(paused, cases[i].pause);
    }
}

static void test_further_messages_are_read_while_one_hangs(void **state)
{
    orders_endpoint_t *endpoint = have(1);

    orders_endpoint_work(endpoint);
    assert_string_equal(flying(), "1");
    count = 4;
    orders_endpoint_work(endpoint);
    assert_int_equal(statements, 1);
    passed += READ_INTERVAL;
    orders_endpoint_work(endpoint);
    assert_string_equal(flying(), "1 3");
    orders_endpoint_close(endpoint);
}

static void test_a_lost_endpoint_sends_nothing_more(void **state)
{
    orders_endpoint_t *endpoint = have(5);

    orders_endpoint_work(endpoint);
    assert_string_equal(flying(), "1 3");
    respond(1, 204, 0);
    orders_endpoint_update(endpoint, NULL, test_clock());
    assert_string_equal(flying(), "");
    orders_endpoint_work(endpoint);
    assert_string_equal(flying(), "");
    assert_int_equal(recorded, 1);
    assert_true(orders_endpoint_is_idle(endpoint));

    orders_endpoint_update(endpoint, &target, test_clock()); /* claimed again */
    assert_false(orders_endpoint_is_idle(endpoint));
    orders_endpoint_work(endpoint);
    assert_string_equal(flying(), "2 3 4 5");
    orders_endpoint_update(endpoint, NULL, test_clock());
    orders_endpoint_close(endpoint);
    assert_int_equal(released, 0);
}

static void test_the_lease_ends_before_another_worker_claims_the_endpoint(void **state)
{
    orders_endpoint_t *endpoint = have(5);

    orders_endpoint_work(endpoint);
    passed = apr_time_from_sec(44);
    orders_endpoint_work(endpoint);
    assert_string_equal(flying(), "1 3");
    orders_endpoint_update(endpoint, &target, test_clock());
    passed = apr_time_from_sec(88);
    orders_endpoint_work(endpoint);
    assert_string_equal(flying(), "1 3");
    passed = apr_time_from_sec(90);
    orders_endpoint_work(endpoint);
    assert_string_equal(flying(), "");
    orders_endpoint_close(endpoint);
    assert_int_equal(released, 0);
}

static void test_results_and_releases_are_repeated_after_a_problem(void **state)
{
    orders_endpoint_t *endpoint = have(1);

    orders_endpoint_work(endpoint);
    broken = true;
    respond(1, 204, 0);
    orders_endpoint_work(endpoint);
    assert_int_equal(recorded, 0);
    assert_false(orders_endpoint_is_idle(endpoint));
    broken = false;
    orders_endpoint_work(endpoint); /* too early */
    assert_int_equal(recorded, 0);
    passed += ORDERS_DELIVERY_RETRY_TIME;
    orders_endpoint_work(endpoint);
    assert_int_equal(recorded, 1);
    assert_true(orders_endpoint_is_idle(endpoint));
    broken = true;
    assert_false(orders_endpoint_release(endpoint));
    broken = false;
    assert_false(orders_endpoint_release(endpoint)); /* too early */
    passed += ORDERS_DELIVERY_RETRY_TIME;
    assert_true(orders_endpoint_release(endpoint));
    orders_endpoint_close(endpoint);
    assert_int_equal(released, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_messages_of_an_order_follow_each_other),
        TEST(test_the_window_grows_with_successes),
        TEST(test_failures_in_a_row_pause_an_endpoint),
        TEST(test_a_failure_pauses_an_endpoint_that_was_failing),
        TEST(test_retry_after_pauses_an_endpoint),
        TEST(test_further_messages_are_read_while_one_hangs),
        TEST(test_a_lost_endpoint_sends_nothing_more),
        TEST(test_the_lease_ends_before_another_worker_claims_the_endpoint),
        TEST(test_results_and_releases_are_repeated_after_a_problem),
    };

    return RUN(tests);
}
