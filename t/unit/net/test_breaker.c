/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The circuit breaker of a channel: it limits concurrent calls, suspends calls while the provider does not respond, and then lets
 * one probe through.
 */
#include <apr_thread_proc.h>
#include <string.h>

#include "core/clock.h"

static apr_time_t test_clock(void);
#define orders_clock_now test_clock
#include "net/breaker.c"
#undef orders_clock_now

#include "support.h"

static apr_interval_time_t skipped; /* time that the test has added to the clock */
static int lines;
static char last_line[500];

static apr_time_t test_clock(void)
{
    return orders_clock_now() + skipped;
}

static bool all_levels(void *context, orders_level_e level)
{
    return true;
}

static void keep_line(void *context, orders_level_e level, const char *line)
{
    lines++;
    apr_cpystrn(last_line, line, sizeof last_line);
}

static const orders_log_t lines_log = {.enabled = all_levels, .write = keep_line};

static orders_breaker_t *fresh(int calls)
{
    skipped = 0;
    lines = 0;
    return orders_breaker_create(pool, "card", calls);
}

/* One call with this outcome; false: it was refused. */
static bool call(orders_breaker_t *breaker, orders_call_outcome_e outcome)
{
    orders_admission_t admission;

    if (orders_breaker_enter(breaker, ORDERS_CALLER_BUYER, &lines_log, &admission)) {
        return false;
    }
    orders_breaker_leave(breaker, &admission, outcome, &lines_log);
    return true;
}

typedef struct visitor_t {
    orders_breaker_t *breaker;
    orders_caller_e caller;
    bool admitted;
    orders_admission_t admission;
    apr_time_t waited;
    apr_thread_t *thread;
} visitor_t;

static void *APR_THREAD_FUNC visit(apr_thread_t *thread, void *data)
{
    visitor_t *visitor = data;
    const apr_time_t from = orders_clock_now();

    visitor->admitted =
        !orders_breaker_enter(visitor->breaker, visitor->caller, &lines_log, &visitor->admission);
    visitor->waited = orders_clock_now() - from;
    return NULL;
}

/* Returns when the thread is in the queue. */
static void start_waiter(visitor_t *visitor)
{
    int waiting = 0;

    assert_int_equal(apr_thread_create(&visitor->thread, NULL, visit, visitor, pool), APR_SUCCESS);
    while (!waiting) {
        pthread_mutex_lock(&visitor->breaker->lock);
        waiting = visitor->breaker->waiting;
        pthread_mutex_unlock(&visitor->breaker->lock);
        apr_sleep(1000);
    }
}

static void join(visitor_t *visitor)
{
    apr_status_t status;

    assert_int_equal(apr_thread_join(&status, visitor->thread), APR_SUCCESS);
}

static void limits_concurrent_calls(void **state)
{
    orders_breaker_t *breaker = fresh(1);
    orders_admission_t first, other;
    visitor_t visitor = {.breaker = breaker};
    const apr_time_t from = orders_clock_now();

    assert_null(orders_breaker_enter(breaker, ORDERS_CALLER_BUYER, &lines_log, &first));
    start_waiter(&visitor);
    assert_non_null(orders_breaker_enter(breaker, ORDERS_CALLER_BUYER, &lines_log, &other));
    assert_true(orders_clock_now() - from < apr_time_from_msec(900)); /* the queue is full */
    assert_null(orders_breaker_enter(breaker, ORDERS_CALLER_WORKER, &lines_log,
                                     &other)); /* limited separately */
    orders_breaker_leave(breaker, &other, ORDERS_CALL_ANSWERED, &lines_log);
    assert_int_equal(breaker->in_use, 1);
    orders_breaker_leave(breaker, &first, ORDERS_CALL_ANSWERED, &lines_log);
    join(&visitor);
    assert_true(visitor.admitted);
    orders_breaker_leave(breaker, &visitor.admission, ORDERS_CALL_ANSWERED, &lines_log);
    assert_int_equal(breaker->in_use, 0);
    assert_int_equal(lines, 1);
    assert_non_null(strstr(last_line, "channel card: the limit of 1 concurrent calls"));
}

/* Repeated events use at most half of the limit. */
static void events_use_at_most_half_of_the_limit(void **state)
{
    orders_breaker_t *breaker = fresh(4);
    orders_admission_t event[2], buyer[2], other;
    visitor_t visitor = {.breaker = breaker, .caller = ORDERS_CALLER_EVENT};

    for (int i = 0; i < 2; i++) {
        assert_null(orders_breaker_enter(breaker, ORDERS_CALLER_EVENT, &lines_log, &event[i]));
    }
    start_waiter(&visitor);
    for (int i = 0; i < 2; i++) {
        assert_null(orders_breaker_enter(breaker, ORDERS_CALLER_BUYER, &lines_log, &buyer[i]));
    }
    orders_breaker_leave(breaker, &event[0], ORDERS_CALL_ANSWERED, &lines_log);
    join(&visitor);
    assert_true(visitor.admitted);
    assert_int_equal(breaker->events, 2);
    orders_breaker_leave(breaker, &buyer[1], ORDERS_CALL_ANSWERED, &lines_log);
    assert_non_null(orders_breaker_enter(breaker, ORDERS_CALLER_EVENT, &lines_log, &other));
    assert_false(breaker->stalled);
    assert_null(orders_breaker_enter(breaker, ORDERS_CALLER_BUYER, &lines_log, &buyer[1]));
    orders_breaker_leave(breaker, &buyer[0], ORDERS_CALL_ANSWERED, &lines_log);
    orders_breaker_leave(breaker, &buyer[1], ORDERS_CALL_ANSWERED, &lines_log);
    orders_breaker_leave(breaker, &event[1], ORDERS_CALL_ANSWERED, &lines_log);
    orders_breaker_leave(breaker, &visitor.admission, ORDERS_CALL_ANSWERED, &lines_log);
    assert_int_equal(breaker->events, 0);
    assert_int_equal(breaker->events_waiting, 0);
    assert_int_equal(breaker->in_use, 0);
}

static void waits_for_a_second_at_most(void **state)
{
    orders_breaker_t *breaker = fresh(1);
    orders_admission_t first, other;
    visitor_t visitor = {.breaker = breaker};
    apr_time_t from;

    assert_null(orders_breaker_enter(breaker, ORDERS_CALLER_BUYER, &lines_log, &first));
    start_waiter(&visitor);
    join(&visitor);
    assert_false(visitor.admitted);
    assert_in_range(visitor.waited, apr_time_from_msec(950), apr_time_from_sec(5));
    from = orders_clock_now();
    assert_non_null(orders_breaker_enter(breaker, ORDERS_CALLER_BUYER, &lines_log, &other));
    assert_true(orders_clock_now() - from < apr_time_from_msec(500)); /* refused without waiting */
    orders_breaker_leave(breaker, &first, ORDERS_CALL_ANSWERED, &lines_log);
    assert_true(call(breaker, ORDERS_CALL_ANSWERED));
    assert_int_equal(lines, 1);
    skipped = apr_time_from_sec(61);
    assert_null(orders_breaker_enter(breaker, ORDERS_CALLER_BUYER, &lines_log, &first));
    breaker->stalled = true;
    assert_false(call(breaker, ORDERS_CALL_ANSWERED));
    assert_int_equal(lines, 2);
}

static void opens_after_failures_in_a_row(void **state)
{
    orders_breaker_t *breaker = fresh(4);

    for (int i = 0; i < 3 * FAILURES_TO_OPEN; i++) {
        assert_true(
            call(breaker, i % FAILURES_TO_OPEN ? ORDERS_CALL_FAILED : ORDERS_CALL_ANSWERED));
    }
    assert_true(orders_breaker_ready(breaker));
    assert_true(call(breaker, ORDERS_CALL_CANCELLED));
    assert_int_equal(lines, 0);
    assert_true(call(breaker, ORDERS_CALL_FAILED));
    assert_int_equal(lines, 1);
    assert_non_null(strstr(last_line, "channel card: 5 consecutive calls failed"));
    assert_false(orders_breaker_ready(breaker));
    for (int i = 0; i < 7; i++) {
        assert_false(call(breaker, ORDERS_CALL_ANSWERED));
    }
    skipped += OPEN_PERIOD;
    assert_true(orders_breaker_ready(breaker));
    assert_true(call(breaker, ORDERS_CALL_ANSWERED));
    assert_int_equal(lines, 2);
    assert_non_null(strstr(last_line, "replies again"));
    assert_non_null(strstr(last_line, "7 calls were refused"));
    assert_true(call(breaker, ORDERS_CALL_FAILED));
    assert_true(call(breaker, ORDERS_CALL_ANSWERED));
    assert_int_equal(lines, 2);
}

static void lets_one_probe_through(void **state)
{
    orders_breaker_t *breaker = fresh(4);
    orders_admission_t probe, other;

    for (int i = 0; i < FAILURES_TO_OPEN; i++) {
        assert_true(call(breaker, ORDERS_CALL_FAILED));
    }
    skipped += OPEN_PERIOD;
    assert_null(orders_breaker_enter(breaker, ORDERS_CALLER_WORKER, &lines_log, &probe));
    assert_false(orders_breaker_ready(breaker));
    assert_non_null(orders_breaker_enter(breaker, ORDERS_CALLER_BUYER, &lines_log, &other));
    assert_non_null(orders_breaker_enter(breaker, ORDERS_CALLER_WORKER, &lines_log, &other));
    orders_breaker_leave(breaker, &probe, ORDERS_CALL_FAILED, &lines_log);
    assert_false(call(breaker, ORDERS_CALL_ANSWERED));
    skipped += OPEN_PERIOD;
    assert_true(
        call(breaker, ORDERS_CALL_CANCELLED)); /* no outcome, so the next call is the probe */
    assert_true(call(breaker, ORDERS_CALL_ANSWERED));
    assert_true(call(breaker, ORDERS_CALL_ANSWERED));
    assert_int_equal(breaker->in_use, 0);
    assert_int_equal(lines, 2);
}

static void a_late_response_closes(void **state)
{
    orders_breaker_t *breaker = fresh(4);
    orders_admission_t slow;

    assert_null(orders_breaker_enter(breaker, ORDERS_CALLER_BUYER, &lines_log, &slow));
    for (int i = 0; i < FAILURES_TO_OPEN; i++) {
        assert_true(call(breaker, ORDERS_CALL_FAILED));
    }
    assert_false(orders_breaker_ready(breaker));
    orders_breaker_leave(breaker, &slow, ORDERS_CALL_ANSWERED, &lines_log);
    assert_true(call(breaker, ORDERS_CALL_ANSWERED));
}

static void calls_without_a_breaker_are_not_limited(void **state)
{
    orders_admission_t admission;

    assert_true(orders_breaker_ready(NULL));
    assert_null(orders_breaker_enter(NULL, ORDERS_CALLER_BUYER, &lines_log, &admission));
    orders_breaker_leave(NULL, &admission, ORDERS_CALL_FAILED, &lines_log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(limits_concurrent_calls),
        TEST(events_use_at_most_half_of_the_limit),
        TEST(waits_for_a_second_at_most),
        TEST(opens_after_failures_in_a_row),
        TEST(lets_one_probe_through),
        TEST(a_late_response_closes),
        TEST(calls_without_a_breaker_are_not_limited),
    };

    return RUN(tests);
}
