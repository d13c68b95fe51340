/* SPDX-License-Identifier: Apache-2.0 */
/* The limiter: admits at most `limit` callers at a time, in order of arrival; each waits until its own deadline. */
#include <apr_atomic.h>
#include <apr_thread_proc.h>
#include <semaphore.h>
#include <time.h>

static int counted_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *until);
#define sem_clockwait counted_clockwait
#include "httpd/limiter.c"
#undef sem_clockwait

#include "support.h"

#define CALLERS 24

static apr_uint32_t timed_waits;

static int counted_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *until)
{
    apr_atomic_inc32(&timed_waits);
    return sem_clockwait(semaphore, clock, until);
}

/* A thread that acquires, holds for a time and releases. */
typedef struct caller_t {
    orders_limiter_t *limiter;
    orders_limiter_user_t user;
    apr_interval_time_t timeout, hold;
    bool first;
    orders_limiter_e outcome;
    apr_time_t waited;
    apr_uint32_t sequence; /* 0 for the first that was admitted */
    apr_thread_t *thread;
} caller_t;

static apr_uint32_t admitted, in_use, most;

static void count_in_use(void)
{
    apr_uint32_t now = apr_atomic_inc32(&in_use) + 1;
    apr_uint32_t seen = apr_atomic_read32(&most);

    while (now > seen) {
        seen = apr_atomic_cas32(&most, now, seen) == seen ? now : apr_atomic_read32(&most);
    }
}

static void *APR_THREAD_FUNC hold_one(apr_thread_t *thread, void *data)
{
    caller_t *caller = data;
    apr_time_t from = orders_clock_now();

    caller->outcome = orders_limiter_acquire(caller->limiter, caller->user, from + caller->timeout,
                                             caller->first);
    caller->waited = orders_clock_now() - from;
    if (caller->outcome == ORDERS_LIMITER_ADMITTED) {
        caller->sequence = apr_atomic_inc32(&admitted);
        count_in_use();
        apr_sleep(caller->hold);
        apr_atomic_dec32(&in_use);
        orders_limiter_release(caller->limiter, caller->user);
    }
    return NULL;
}

static int queue_length(orders_limiter_t *limiter)
{
    int length = 0;

    apr_thread_mutex_lock(limiter->mutex);
    for (const waiter_t *one = limiter->first; one; one = one->next) {
        length++;
    }
    apr_thread_mutex_unlock(limiter->mutex);
    return length;
}

/* Starts a caller of a limiter without free capacity, and returns when it is in the queue. */
static void start(caller_t *caller)
{
    int before = queue_length(caller->limiter);

    assert_int_equal(apr_thread_create(&caller->thread, NULL, hold_one, caller, pool), APR_SUCCESS);
    for (int i = 0; i < 5000 && queue_length(caller->limiter) == before; i++) {
        apr_sleep(apr_time_from_msec(1));
    }
}

static void join(caller_t *caller)
{
    apr_status_t status;

    assert_int_equal(apr_thread_join(&status, caller->thread), APR_SUCCESS);
}

static orders_limiter_t *limiter_with_user_limit(int limit, int per_user)
{
    apr_pool_t *own;

    admitted = in_use = most = timed_waits = 0;
    assert_int_equal(apr_pool_create(&own, pool), APR_SUCCESS);
    return orders_limiter_create(own, limit, per_user);
}

static orders_limiter_t *limiter_of(int limit)
{
    return limiter_with_user_limit(limit, limit);
}

static apr_time_t in(int milliseconds)
{
    return orders_clock_now() + apr_time_from_msec(milliseconds);
}

static void admits_up_to_the_limit(void **state)
{
    orders_limiter_t *limiter = limiter_of(3);

    for (int i = 0; i < 3; i++) {
        assert_int_equal(orders_limiter_acquire(limiter, ORDERS_LIMITER_NO_USER, in(0), false),
                         ORDERS_LIMITER_ADMITTED);
    }
    assert_int_equal(orders_limiter_acquire(limiter, ORDERS_LIMITER_NO_USER, in(0), false),
                     ORDERS_LIMITER_TIMED_OUT);
    assert_int_equal(orders_limiter_in_use(limiter), 3);
    orders_limiter_release(limiter, ORDERS_LIMITER_NO_USER);
    assert_int_equal(orders_limiter_acquire(limiter, ORDERS_LIMITER_NO_USER, in(0), false),
                     ORDERS_LIMITER_ADMITTED);
}

static void admits_in_order_of_arrival(void **state)
{
    orders_limiter_t *limiter = limiter_of(1);
    caller_t callers[CALLERS];

    assert_int_equal(orders_limiter_acquire(limiter, ORDERS_LIMITER_NO_USER, in(0), false),
                     ORDERS_LIMITER_ADMITTED);
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (caller_t){.limiter = limiter, .timeout = apr_time_from_sec(10), .hold = 500};
        start(&callers[i]);
    }
    orders_limiter_release(limiter, ORDERS_LIMITER_NO_USER);
    for (int i = 0; i < CALLERS; i++) {
        join(&callers[i]);
        assert_int_equal(callers[i].outcome, ORDERS_LIMITER_ADMITTED);
        assert_int_equal(callers[i].sequence, i);
    }
    assert_int_equal(most, 1);
    assert_int_equal(orders_limiter_in_use(limiter), 0);
}

static void never_exceeds_the_limit(void **state)
{
    orders_limiter_t *limiter = limiter_of(4);
    caller_t callers[CALLERS];

    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (caller_t){.limiter = limiter,
                                .timeout = apr_time_from_sec(10),
                                .hold = apr_time_from_msec(1 + i % 7)};
        assert_int_equal(apr_thread_create(&callers[i].thread, NULL, hold_one, &callers[i], pool),
                         APR_SUCCESS);
    }
    for (int i = 0; i < CALLERS; i++) {
        join(&callers[i]);
    }
    assert_int_equal(admitted, CALLERS);
    assert_true(most <= 4);
}

static void stops_waiting_at_the_deadline(void **state)
{
    orders_limiter_t *limiter = limiter_of(1);
    caller_t long_timeout = {.limiter = limiter, .timeout = apr_time_from_sec(10)};
    caller_t short_timeout = {.limiter = limiter, .timeout = apr_time_from_msec(80)};

    assert_int_equal(orders_limiter_acquire(limiter, ORDERS_LIMITER_NO_USER, in(0), false),
                     ORDERS_LIMITER_ADMITTED);
    start(&short_timeout);
    start(&long_timeout);
    join(&short_timeout);
    assert_int_equal(short_timeout.outcome, ORDERS_LIMITER_TIMED_OUT);
    assert_in_range(short_timeout.waited, apr_time_from_msec(75), apr_time_from_sec(5));
    orders_limiter_release(limiter,
                           ORDERS_LIMITER_NO_USER); /* not passed to the caller that timed out */
    join(&long_timeout);
    assert_int_equal(long_timeout.outcome, ORDERS_LIMITER_ADMITTED);
}

static void admits_a_returning_caller_first(void **state)
{
    orders_limiter_t *limiter = limiter_of(1);
    caller_t queued = {.limiter = limiter, .timeout = apr_time_from_sec(10)};
    caller_t returning = {.limiter = limiter, .timeout = apr_time_from_sec(10), .first = true};

    assert_int_equal(orders_limiter_acquire(limiter, ORDERS_LIMITER_NO_USER, in(0), false),
                     ORDERS_LIMITER_ADMITTED);
    start(&queued);
    start(&returning);
    orders_limiter_release(limiter, ORDERS_LIMITER_NO_USER);
    join(&queued);
    join(&returning);
    assert_int_equal(returning.sequence, 0);
    assert_int_equal(queued.sequence, 1);
}

static void refuses_all_waiting_callers(void **state)
{
    orders_limiter_t *limiter = limiter_of(1);
    caller_t callers[3];

    assert_int_equal(orders_limiter_acquire(limiter, ORDERS_LIMITER_NO_USER, in(0), false),
                     ORDERS_LIMITER_ADMITTED);
    for (int i = 0; i < 3; i++) {
        callers[i] = (caller_t){.limiter = limiter, .timeout = apr_time_from_sec(10)};
        start(&callers[i]);
    }
    orders_limiter_refuse_waiting(limiter);
    for (int i = 0; i < 3; i++) {
        join(&callers[i]);
        assert_int_equal(callers[i].outcome, ORDERS_LIMITER_REFUSED);
    }
    orders_limiter_release(limiter, ORDERS_LIMITER_NO_USER);
    assert_int_equal(orders_limiter_acquire(limiter, ORDERS_LIMITER_NO_USER, in(0), false),
                     ORDERS_LIMITER_ADMITTED);
}

static void lowers_the_limit_and_raises_it_again(void **state)
{
    orders_limiter_t *limiter = limiter_of(3);

    for (int i = 0; i < 3; i++) {
        assert_int_equal(orders_limiter_acquire(limiter, ORDERS_LIMITER_NO_USER, in(0), false),
                         ORDERS_LIMITER_ADMITTED);
    }
    orders_limiter_release_and_lower(limiter, ORDERS_LIMITER_NO_USER, 2);
    assert_int_equal(orders_limiter_acquire(limiter, ORDERS_LIMITER_NO_USER, in(20), true),
                     ORDERS_LIMITER_TIMED_OUT);
    orders_limiter_release(limiter, ORDERS_LIMITER_NO_USER);
    assert_int_equal(orders_limiter_acquire(limiter, ORDERS_LIMITER_NO_USER, in(0), false),
                     ORDERS_LIMITER_ADMITTED);
    assert_int_equal(orders_limiter_acquire(limiter, ORDERS_LIMITER_NO_USER, in(1500), false),
                     ORDERS_LIMITER_ADMITTED); /* after a second */
    assert_int_equal(orders_limiter_acquire(limiter, ORDERS_LIMITER_NO_USER, in(0), false),
                     ORDERS_LIMITER_TIMED_OUT);
    orders_limiter_release(limiter, ORDERS_LIMITER_NO_USER);
    orders_limiter_release_and_lower(limiter, ORDERS_LIMITER_NO_USER, 1);
    orders_limiter_release(limiter, ORDERS_LIMITER_NO_USER);
    assert_int_equal(orders_limiter_in_use(limiter), 0);
}

/* Callers that are still connecting hold no session that others could wait for. */
static void keeps_the_limit_when_there_is_no_session(void **state)
{
    orders_limiter_t *limiter = limiter_of(3);

    for (int i = 0; i < 3; i++) {
        assert_int_equal(orders_limiter_acquire(limiter, ORDERS_LIMITER_NO_USER, in(0), false),
                         ORDERS_LIMITER_ADMITTED);
    }
    for (int i = 0; i < 3; i++) {
        orders_limiter_release_and_lower(limiter, ORDERS_LIMITER_NO_USER, 0);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(orders_limiter_acquire(limiter, ORDERS_LIMITER_NO_USER, in(0), false),
                         ORDERS_LIMITER_ADMITTED);
    }
    assert_int_equal(orders_limiter_acquire(limiter, ORDERS_LIMITER_NO_USER, in(0), false),
                     ORDERS_LIMITER_TIMED_OUT);
}

static void restores_the_limit_after_an_outage(void **state)
{
    orders_limiter_t *limiter = limiter_of(3);

    assert_int_equal(orders_limiter_acquire(limiter, ORDERS_LIMITER_NO_USER, in(0), false),
                     ORDERS_LIMITER_ADMITTED);
    assert_int_equal(orders_limiter_acquire(limiter, ORDERS_LIMITER_NO_USER, in(0), false),
                     ORDERS_LIMITER_ADMITTED);
    orders_limiter_release_and_lower(limiter, ORDERS_LIMITER_NO_USER, 1);
    assert_int_equal(orders_limiter_acquire(limiter, ORDERS_LIMITER_NO_USER, in(0), false),
                     ORDERS_LIMITER_TIMED_OUT);
    orders_limiter_release(limiter, ORDERS_LIMITER_NO_USER);
    orders_limiter_refuse_waiting(limiter);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(orders_limiter_acquire(limiter, ORDERS_LIMITER_NO_USER, in(0), false),
                         ORDERS_LIMITER_ADMITTED);
    }
}

/* The deadline may pass between the decision and the post. */
static void waits_for_the_post_after_a_decision(void **state)
{
    orders_limiter_t *limiter = limiter_of(1);
    caller_t caller = {.limiter = limiter, .timeout = apr_time_from_msec(100)};
    waiter_t *woken = NULL;

    assert_int_equal(orders_limiter_acquire(limiter, ORDERS_LIMITER_NO_USER, in(0), false),
                     ORDERS_LIMITER_ADMITTED);
    start(&caller);
    apr_thread_mutex_lock(limiter->mutex);
    decide(limiter, limiter->first, ORDERS_LIMITER_REFUSED, &woken);
    apr_thread_mutex_unlock(limiter->mutex);
    apr_sleep(apr_time_from_msec(400));
    apr_thread_mutex_lock(limiter->mutex);
    unlock_and_wake(limiter, woken);
    join(&caller);
    assert_int_equal(caller.outcome, ORDERS_LIMITER_REFUSED);
    assert_int_equal(timed_waits, 1);
}

/* A user at its limit waits and does not hold up later callers. */
static void does_not_block_others_behind_a_limited_user(void **state)
{
    orders_limiter_t *limiter = limiter_with_user_limit(4, 2);
    caller_t hot[CALLERS];

    assert_int_equal(orders_limiter_acquire(limiter, 7, in(0), false), ORDERS_LIMITER_ADMITTED);
    assert_int_equal(orders_limiter_acquire(limiter, 7, in(0), false), ORDERS_LIMITER_ADMITTED);
    for (int i = 0; i < CALLERS; i++) {
        hot[i] = (caller_t){.limiter = limiter, .user = 7, .timeout = apr_time_from_sec(10)};
        start(&hot[i]);
    }
    assert_int_equal(orders_limiter_in_use(limiter), 2);
    assert_int_equal(orders_limiter_acquire(limiter, 8, in(0), false), ORDERS_LIMITER_ADMITTED);
    assert_int_equal(orders_limiter_acquire(limiter, ORDERS_LIMITER_NO_USER, in(0), false),
                     ORDERS_LIMITER_ADMITTED);
    orders_limiter_release(limiter, 8);
    assert_int_equal(orders_limiter_acquire(limiter, 9, in(0), false), ORDERS_LIMITER_ADMITTED);
    orders_limiter_release(limiter, 7); /* admits the first waiting caller of that user */
    for (int i = 0; i < CALLERS; i++) {
        join(&hot[i]);
        assert_int_equal(hot[i].outcome, ORDERS_LIMITER_ADMITTED);
        assert_int_equal(hot[i].sequence, i);
    }
    assert_int_equal(orders_limiter_in_use(limiter), 3);
}

static void never_exceeds_the_limit_of_a_user(void **state)
{
    orders_limiter_t *limiter = limiter_with_user_limit(4, 2);
    caller_t callers[CALLERS];

    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (caller_t){.limiter = limiter,
                                .user = 7,
                                .timeout = apr_time_from_sec(10),
                                .hold = apr_time_from_msec(1 + i % 7)};
        assert_int_equal(apr_thread_create(&callers[i].thread, NULL, hold_one, &callers[i], pool),
                         APR_SUCCESS);
    }
    for (int i = 0; i < CALLERS; i++) {
        join(&callers[i]);
    }
    assert_int_equal(admitted, CALLERS);
    assert_int_equal(most, 2);
    assert_int_equal(orders_limiter_in_use(limiter), 0);
}

static void reports_that_the_user_was_at_the_limit(void **state)
{
    orders_limiter_t *limiter = limiter_with_user_limit(2, 1);

    assert_int_equal(orders_limiter_acquire(limiter, 7, in(0), false), ORDERS_LIMITER_ADMITTED);
    assert_int_equal(orders_limiter_acquire(limiter, 7, in(20), false),
                     ORDERS_LIMITER_USER_LIMITED);
    assert_int_equal(orders_limiter_acquire(limiter, 8, in(0), false), ORDERS_LIMITER_ADMITTED);
    assert_int_equal(orders_limiter_acquire(limiter, 9, in(0), false), ORDERS_LIMITER_TIMED_OUT);
    orders_limiter_release(limiter, 7);
    assert_int_equal(orders_limiter_acquire(limiter, 7, in(0), false), ORDERS_LIMITER_ADMITTED);
}

/* There are as many entries as the limit; 200 users use them one after another. */
static void reuses_the_entries_of_users(void **state)
{
    orders_limiter_t *limiter = limiter_with_user_limit(2, 1);

    for (orders_limiter_user_t user = 1; user <= 100; user++) {
        assert_int_equal(orders_limiter_acquire(limiter, user, in(0), false),
                         ORDERS_LIMITER_ADMITTED);
        assert_int_equal(orders_limiter_acquire(limiter, user + 1000, in(0), false),
                         ORDERS_LIMITER_ADMITTED);
        assert_int_equal(orders_limiter_acquire(limiter, user, in(0), false),
                         ORDERS_LIMITER_USER_LIMITED);
        orders_limiter_release(limiter, user);
        orders_limiter_release(limiter, user + 1000);
    }
    assert_int_equal(orders_limiter_in_use(limiter), 0);
}

/* While the database has fewer sessions, a user gets at most half of them. */
static void limits_users_to_half_while_lowered(void **state)
{
    orders_limiter_t *limiter = limiter_with_user_limit(4, 2);

    for (int i = 0; i < 3; i++) {
        assert_int_equal(orders_limiter_acquire(limiter, ORDERS_LIMITER_NO_USER, in(0), false),
                         ORDERS_LIMITER_ADMITTED);
    }
    orders_limiter_release_and_lower(limiter, ORDERS_LIMITER_NO_USER, 2);
    orders_limiter_release(limiter, ORDERS_LIMITER_NO_USER);
    orders_limiter_release(limiter, ORDERS_LIMITER_NO_USER);
    assert_int_equal(orders_limiter_acquire(limiter, 7, in(0), false), ORDERS_LIMITER_ADMITTED);
    assert_int_equal(orders_limiter_acquire(limiter, 7, in(0), false), ORDERS_LIMITER_USER_LIMITED);
    assert_int_equal(orders_limiter_acquire(limiter, 8, in(0), false), ORDERS_LIMITER_ADMITTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(admits_up_to_the_limit),
        TEST(admits_in_order_of_arrival),
        TEST(never_exceeds_the_limit),
        TEST(stops_waiting_at_the_deadline),
        TEST(admits_a_returning_caller_first),
        TEST(refuses_all_waiting_callers),
        TEST(lowers_the_limit_and_raises_it_again),
        TEST(keeps_the_limit_when_there_is_no_session),
        TEST(restores_the_limit_after_an_outage),
        TEST(waits_for_the_post_after_a_decision),
        TEST(does_not_block_others_behind_a_limited_user),
        TEST(never_exceeds_the_limit_of_a_user),
        TEST(reports_that_the_user_was_at_the_limit),
        TEST(reuses_the_entries_of_users),
        TEST(limits_users_to_half_while_lowered),
    };

    return RUN(tests);
}
