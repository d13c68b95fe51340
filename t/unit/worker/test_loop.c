/* SPDX-License-Identifier: Apache-2.0 */
/** The runs of several jobs side by side, on threads. */
#include "support.h"

#include <apr_thread_proc.h>
#include <string.h>

#include "core/clock.h"
#include "net/breaker.h"
#include "worker/loop.h"
#include "worker/step.h"

static bool stopping;
/* How many turns of each job have begun, how many wait for `released`, and the most that did at a time. Atomic. */
static int begun, waiting, most, released, quick;
static int left; /* items of the waiting job */

static bool is_stopping(void *data)
{
    return __atomic_load_n(&stopping, __ATOMIC_RELAXED);
}

static void set_tenant(void *data, int32_t tenant, orders_settings_t *settings)
{
    *settings = (orders_settings_t){.tenant = tenant};
}

static void open_context(void *data, apr_pool_t *own, orders_job_context_t *context)
{
    *context = (orders_job_context_t){
        .channel = data, .is_stopping = is_stopping, .set_tenant = set_tenant};
}

static orders_problem_t *one_tenant(const orders_reader_t *reader, const orders_channel_t *channel,
                                    apr_array_header_t **tenants)
{
    *tenants = apr_array_make(reader->pool, 1, sizeof(int32_t));
    APR_ARRAY_PUSH(*tenants, int32_t) = 1;
    return NULL;
}

/** Claims an item and waits like a call: until it is released or cancelled. */
static orders_problem_t *wait_turn(const orders_job_run_t *run, int64_t *count)
{
    int now;

    if (__atomic_sub_fetch(&left, 1, __ATOMIC_SEQ_CST) < 0) {
        return NULL;
    }
    *count = 1;
    orders_job_claimed(run);
    __atomic_add_fetch(&begun, 1, __ATOMIC_SEQ_CST);
    now = __atomic_add_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
    if (now > __atomic_load_n(&most, __ATOMIC_SEQ_CST)) {
        __atomic_store_n(&most, now, __ATOMIC_SEQ_CST);
    }
    while (!__atomic_load_n(&released, __ATOMIC_SEQ_CST) && !orders_job_stopping(run)) {
        apr_sleep(1000);
    }
    __atomic_sub_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

static orders_problem_t *quick_turn(const orders_job_run_t *run, int64_t *count)
{
    __atomic_add_fetch(&quick, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

static const orders_job_t waits = {.name = "waits",
                                   .needs = ORDERS_JOB_NEEDS_CHANNEL,
                                   .batch = 1,
                                   .parallel = 8,
                                   .tenants = one_tenant,
                                   .turn = wait_turn};
static const orders_job_t ticks = {
    .name = "ticks", .batch = 1, .parallel = 1, .tenants = one_tenant, .turn = quick_turn};

/** `interval`: between two runs of the job that waits. */
static orders_loop_t *fresh_every(apr_pool_t *own, orders_channel_t *channel,
                                  apr_interval_time_t interval)
{
    orders_loop_t *loop = orders_loop_create(own);

    orders_loop_add(loop, &(orders_loop_instance_t){.job = &waits,
                                                    .channel = channel,
                                                    .interval = interval,
                                                    .breaker = channel->breaker,
                                                    .open = open_context,
                                                    .data = channel});
    orders_loop_add(loop, &(orders_loop_instance_t){.job = &ticks,
                                                    .interval = apr_time_from_msec(50),
                                                    .open = open_context,
                                                    .data = channel});
    begun = waiting = most = released = quick = 0;
    stopping = false;
    return loop;
}

static orders_loop_t *fresh(apr_pool_t *own, orders_channel_t *channel)
{
    return fresh_every(own, channel, apr_time_from_msec(50));
}

/** Ticks until a counter has reached a value, for at most five seconds. */
static bool reaches(orders_loop_t *loop, const int *counter, int value)
{
    const apr_time_t until = orders_clock_now() + apr_time_from_sec(5);

    while (__atomic_load_n(counter, __ATOMIC_SEQ_CST) < value) {
        if (orders_clock_now() >= until) {
            return false;
        }
        orders_loop_tick(loop);
        apr_sleep(10000);
    }
    return true;
}

static void test_items_of_a_counterpart_are_under_way_side_by_side(void **state)
{
    apr_pool_t *own;
    orders_channel_t channel = {.name = "card"};
    orders_loop_t *loop;

    apr_pool_create(&own, pool);
    loop = fresh(own, &channel);
    left = 20;
    assert_true(reaches(loop, &waiting, 8));
    assert_true(reaches(loop, &quick, 20)); /* the other job goes on */
    assert_int_equal(begun, 8);
    __atomic_store_n(&released, 1, __ATOMIC_SEQ_CST);
    assert_true(reaches(loop, &begun, 20));
    apr_pool_destroy(own);
    assert_int_equal(most, 8);
    assert_int_equal(waiting, 0);
}

/** The interval lets the job start only once. */
static void test_each_claim_starts_the_next_run(void **state)
{
    apr_pool_t *own;
    orders_channel_t channel = {.name = "card"};
    orders_loop_t *loop;

    apr_pool_create(&own, pool);
    loop = fresh_every(own, &channel, apr_time_from_sec(3600));
    left = 20;
    assert_true(reaches(loop, &waiting, 8));
    __atomic_store_n(&stopping, true, __ATOMIC_RELAXED);
    apr_pool_destroy(own);
    assert_int_equal(most, 8);
}

static void test_a_stop_ends_all_runs(void **state)
{
    apr_pool_t *own;
    orders_channel_t channel = {.name = "card"};
    orders_loop_t *loop;
    apr_time_t from;

    apr_pool_create(&own, pool);
    loop = fresh(own, &channel);
    left = 20;
    assert_true(reaches(loop, &waiting, 8));
    from = orders_clock_now();
    __atomic_store_n(&stopping, true, __ATOMIC_RELAXED);
    apr_pool_destroy(own);
    assert_int_equal(waiting, 0);
    assert_true(orders_clock_now() - from < apr_time_from_sec(2));
}

/** Each of several runs would claim an item whose call is refused. */
static void test_one_run_probes_a_counterpart_that_has_failed(void **state)
{
    apr_pool_t *own;
    orders_channel_t channel = {.name = "card"};
    orders_admission_t admission;
    orders_loop_t *loop;

    apr_pool_create(&own, pool);
    channel.breaker = orders_breaker_create(own, "card", 8);
    for (int i = 0; i < 5; i++) {
        assert_null(orders_breaker_enter(channel.breaker, ORDERS_CALLER_WORKER, NULL, &admission));
        orders_breaker_leave(channel.breaker, &admission, ORDERS_CALL_FAILED, NULL);
    }
    loop = fresh(own, &channel);
    left = 20;
    assert_true(reaches(loop, &waiting, 1)); /* after the pause */
    assert_true(reaches(loop, &quick, quick + 10));
    assert_int_equal(waiting, 1);
    __atomic_store_n(&stopping, true, __ATOMIC_RELAXED);
    apr_pool_destroy(own);
}

static void test_each_instance_has_a_report(void **state)
{
    apr_pool_t *own;
    orders_channel_t channel = {.name = "card"};
    orders_loop_t *loop;
    const orders_job_report_t *reports;
    int count;

    apr_pool_create(&own, pool);
    loop = fresh(own, &channel);
    left = 3;
    released = 1;
    assert_true(reaches(loop, &quick, 10));
    orders_loop_stop(loop);
    apr_array_header_t *all = orders_loop_reports(loop, pool);
    reports = (const orders_job_report_t *)(const void *)all->elts;
    count = all->nelts;
    apr_pool_destroy(own);
    assert_int_equal(count, 2);
    assert_string_equal(reports[0].job, "waits");
    assert_string_equal(reports[0].channel, "card");
    assert_int_equal(reports[0].done, 3);
    assert_string_equal(reports[1].job, "ticks");
    assert_null(reports[1].channel);
    assert_true(reports[1].last_run > 0 && reports[1].last_success >= reports[1].last_run);
}

/** Lets the turns of a failed test end, so that its pool can be destroyed. */
static int finish(void **state)
{
    __atomic_store_n(&stopping, true, __ATOMIC_RELAXED);
    return pool_close(state);
}

#define LOOP_TEST(function) cmocka_unit_test_setup_teardown(function, pool_open, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOOP_TEST(test_items_of_a_counterpart_are_under_way_side_by_side),
        LOOP_TEST(test_each_claim_starts_the_next_run),
        LOOP_TEST(test_a_stop_ends_all_runs),
        LOOP_TEST(test_one_run_probes_a_counterpart_that_has_failed),
        LOOP_TEST(test_each_instance_has_a_report),
    };

    return RUN(tests);
}
