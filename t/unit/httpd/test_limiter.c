/* SPDX-License-Identifier: Apache-2.0 */
/* The admission gate: so many at a time, in the order of their coming, nobody beyond his patience. */
#include <apr_atomic.h>
#include <apr_thread_proc.h>
#include <semaphore.h>
#include <time.h>

static int counted_clockwait(sem_t *turn, clockid_t clock, const struct timespec *until);
#define sem_clockwait counted_clockwait
#include "httpd/limiter.c"
#undef sem_clockwait

#include "support.h"

#define GUESTS 24

static apr_uint32_t timed_waits;

static int counted_clockwait(sem_t *turn, clockid_t clock, const struct timespec *until)
{
    apr_atomic_inc32(&timed_waits);
    return sem_clockwait(turn, clock, until);
}

/* One thread that enters, stays and leaves. */
typedef struct guest_t {
    orders_limiter_t *gate;
    orders_limiter_user_t user;
    apr_interval_time_t patience, stay;
    bool first;
    orders_limiter_e outcome;
    apr_time_t waited;
    apr_uint32_t place; /* the how manieth to come in */
    apr_thread_t *thread;
} guest_t;

static apr_uint32_t admitted, inside, most;

static void count_inside(void)
{
    apr_uint32_t now = apr_atomic_inc32(&inside) + 1;
    apr_uint32_t seen = apr_atomic_read32(&most);

    while (now > seen) {
        seen = apr_atomic_cas32(&most, now, seen) == seen ? now : apr_atomic_read32(&most);
    }
}

static void *APR_THREAD_FUNC visit(apr_thread_t *thread, void *data)
{
    guest_t *guest = data;
    apr_time_t from = orders_clock_now();

    guest->outcome =
        orders_limiter_enter(guest->gate, guest->user, from + guest->patience, guest->first);
    guest->waited = orders_clock_now() - from;
    if (guest->outcome == ORDERS_LIMITER_IN) {
        guest->place = apr_atomic_inc32(&admitted);
        count_inside();
        apr_sleep(guest->stay);
        apr_atomic_dec32(&inside);
        orders_limiter_leave(guest->gate, guest->user);
    }
    return NULL;
}

static int queue_length(orders_limiter_t *gate)
{
    int length = 0;

    apr_thread_mutex_lock(gate->mutex);
    for (const waiter_t *one = gate->first; one; one = one->next) {
        length++;
    }
    apr_thread_mutex_unlock(gate->mutex);
    return length;
}

/* Comes to a gate that is full, and stands in the queue when this returns. */
static void start(guest_t *guest)
{
    int before = queue_length(guest->gate);

    assert_int_equal(apr_thread_create(&guest->thread, NULL, visit, guest, pool), APR_SUCCESS);
    for (int i = 0; i < 5000 && queue_length(guest->gate) == before; i++) {
        apr_sleep(apr_time_from_msec(1));
    }
}

static void join(guest_t *guest)
{
    apr_status_t status;

    assert_int_equal(apr_thread_join(&status, guest->thread), APR_SUCCESS);
}

static orders_limiter_t *gate_with_limit(int places, int per_user)
{
    apr_pool_t *own;

    admitted = inside = most = timed_waits = 0;
    assert_int_equal(apr_pool_create(&own, pool), APR_SUCCESS);
    return orders_limiter_create(own, places, per_user);
}

static orders_limiter_t *gate_of(int places)
{
    return gate_with_limit(places, places);
}

static apr_time_t in(int milliseconds)
{
    return orders_clock_now() + apr_time_from_msec(milliseconds);
}

static void lets_in_as_many_as_there_are_places(void **state)
{
    orders_limiter_t *gate = gate_of(3);

    for (int i = 0; i < 3; i++) {
        assert_int_equal(orders_limiter_enter(gate, ORDERS_LIMITER_NOBODY, in(0), false),
                         ORDERS_LIMITER_IN);
    }
    assert_int_equal(orders_limiter_enter(gate, ORDERS_LIMITER_NOBODY, in(0), false),
                     ORDERS_LIMITER_LATE);
    assert_int_equal(orders_limiter_inside(gate), 3);
    orders_limiter_leave(gate, ORDERS_LIMITER_NOBODY);
    assert_int_equal(orders_limiter_enter(gate, ORDERS_LIMITER_NOBODY, in(0), false),
                     ORDERS_LIMITER_IN);
}

static void serves_in_the_order_of_coming(void **state)
{
    orders_limiter_t *gate = gate_of(1);
    guest_t guests[GUESTS];

    assert_int_equal(orders_limiter_enter(gate, ORDERS_LIMITER_NOBODY, in(0), false),
                     ORDERS_LIMITER_IN);
    for (int i = 0; i < GUESTS; i++) {
        guests[i] = (guest_t){.gate = gate, .patience = apr_time_from_sec(10), .stay = 500};
        start(&guests[i]);
    }
    orders_limiter_leave(gate, ORDERS_LIMITER_NOBODY);
    for (int i = 0; i < GUESTS; i++) {
        join(&guests[i]);
        assert_int_equal(guests[i].outcome, ORDERS_LIMITER_IN);
        assert_int_equal(guests[i].place, i);
    }
    assert_int_equal(most, 1);
    assert_int_equal(orders_limiter_inside(gate), 0);
}

static void never_lets_in_more(void **state)
{
    orders_limiter_t *gate = gate_of(4);
    guest_t guests[GUESTS];

    for (int i = 0; i < GUESTS; i++) {
        guests[i] = (guest_t){
            .gate = gate, .patience = apr_time_from_sec(10), .stay = apr_time_from_msec(1 + i % 7)};
        assert_int_equal(apr_thread_create(&guests[i].thread, NULL, visit, &guests[i], pool),
                         APR_SUCCESS);
    }
    for (int i = 0; i < GUESTS; i++) {
        join(&guests[i]);
    }
    assert_int_equal(admitted, GUESTS);
    assert_true(most <= 4);
}

static void bounds_the_wait(void **state)
{
    orders_limiter_t *gate = gate_of(1);
    guest_t patient = {.gate = gate, .patience = apr_time_from_sec(10)};
    guest_t hasty = {.gate = gate, .patience = apr_time_from_msec(80)};

    assert_int_equal(orders_limiter_enter(gate, ORDERS_LIMITER_NOBODY, in(0), false),
                     ORDERS_LIMITER_IN);
    start(&hasty);
    start(&patient);
    join(&hasty);
    assert_int_equal(hasty.outcome, ORDERS_LIMITER_LATE);
    assert_in_range(hasty.waited, apr_time_from_msec(75), apr_time_from_sec(5));
    orders_limiter_leave(gate,
                         ORDERS_LIMITER_NOBODY); /* the place is not kept for the one who left */
    join(&patient);
    assert_int_equal(patient.outcome, ORDERS_LIMITER_IN);
}

static void puts_those_first_who_were_in(void **state)
{
    orders_limiter_t *gate = gate_of(1);
    guest_t early = {.gate = gate, .patience = apr_time_from_sec(10)};
    guest_t again = {.gate = gate, .patience = apr_time_from_sec(10), .first = true};

    assert_int_equal(orders_limiter_enter(gate, ORDERS_LIMITER_NOBODY, in(0), false),
                     ORDERS_LIMITER_IN);
    start(&early);
    start(&again);
    orders_limiter_leave(gate, ORDERS_LIMITER_NOBODY);
    join(&early);
    join(&again);
    assert_int_equal(again.place, 0);
    assert_int_equal(early.place, 1);
}

static void turns_everybody_away(void **state)
{
    orders_limiter_t *gate = gate_of(1);
    guest_t guests[3];

    assert_int_equal(orders_limiter_enter(gate, ORDERS_LIMITER_NOBODY, in(0), false),
                     ORDERS_LIMITER_IN);
    for (int i = 0; i < 3; i++) {
        guests[i] = (guest_t){.gate = gate, .patience = apr_time_from_sec(10)};
        start(&guests[i]);
    }
    orders_limiter_refuse_all(gate);
    for (int i = 0; i < 3; i++) {
        join(&guests[i]);
        assert_int_equal(guests[i].outcome, ORDERS_LIMITER_REFUSED);
    }
    orders_limiter_leave(gate, ORDERS_LIMITER_NOBODY);
    assert_int_equal(orders_limiter_enter(gate, ORDERS_LIMITER_NOBODY, in(0), false),
                     ORDERS_LIMITER_IN);
}

static void narrows_to_those_who_have_one_and_widens_again(void **state)
{
    orders_limiter_t *gate = gate_of(3);

    for (int i = 0; i < 3; i++) {
        assert_int_equal(orders_limiter_enter(gate, ORDERS_LIMITER_NOBODY, in(0), false),
                         ORDERS_LIMITER_IN);
    }
    orders_limiter_leave_narrowed(gate, ORDERS_LIMITER_NOBODY, 2);
    assert_int_equal(orders_limiter_enter(gate, ORDERS_LIMITER_NOBODY, in(20), true),
                     ORDERS_LIMITER_LATE);
    orders_limiter_leave(gate, ORDERS_LIMITER_NOBODY);
    assert_int_equal(orders_limiter_enter(gate, ORDERS_LIMITER_NOBODY, in(0), false),
                     ORDERS_LIMITER_IN);
    assert_int_equal(orders_limiter_enter(gate, ORDERS_LIMITER_NOBODY, in(1500), false),
                     ORDERS_LIMITER_IN); /* after a second */
    assert_int_equal(orders_limiter_enter(gate, ORDERS_LIMITER_NOBODY, in(0), false),
                     ORDERS_LIMITER_LATE);
    orders_limiter_leave(gate, ORDERS_LIMITER_NOBODY);
    orders_limiter_leave_narrowed(gate, ORDERS_LIMITER_NOBODY, 1);
    orders_limiter_leave(gate, ORDERS_LIMITER_NOBODY);
    assert_int_equal(orders_limiter_inside(gate), 0);
}

/* Those who are in and still trying to connect are nobody whom one could wait for. */
static void does_not_narrow_where_nobody_has_a_session(void **state)
{
    orders_limiter_t *gate = gate_of(3);

    for (int i = 0; i < 3; i++) {
        assert_int_equal(orders_limiter_enter(gate, ORDERS_LIMITER_NOBODY, in(0), false),
                         ORDERS_LIMITER_IN);
    }
    for (int i = 0; i < 3; i++) {
        orders_limiter_leave_narrowed(gate, ORDERS_LIMITER_NOBODY, 0);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(orders_limiter_enter(gate, ORDERS_LIMITER_NOBODY, in(0), false),
                         ORDERS_LIMITER_IN);
    }
    assert_int_equal(orders_limiter_enter(gate, ORDERS_LIMITER_NOBODY, in(0), false),
                     ORDERS_LIMITER_LATE);
}

static void opens_all_places_after_an_outage(void **state)
{
    orders_limiter_t *gate = gate_of(3);

    assert_int_equal(orders_limiter_enter(gate, ORDERS_LIMITER_NOBODY, in(0), false),
                     ORDERS_LIMITER_IN);
    assert_int_equal(orders_limiter_enter(gate, ORDERS_LIMITER_NOBODY, in(0), false),
                     ORDERS_LIMITER_IN);
    orders_limiter_leave_narrowed(gate, ORDERS_LIMITER_NOBODY, 1);
    assert_int_equal(orders_limiter_enter(gate, ORDERS_LIMITER_NOBODY, in(0), false),
                     ORDERS_LIMITER_LATE);
    orders_limiter_leave(gate, ORDERS_LIMITER_NOBODY);
    orders_limiter_refuse_all(gate);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(orders_limiter_enter(gate, ORDERS_LIMITER_NOBODY, in(0), false),
                         ORDERS_LIMITER_IN);
    }
}

/* The decision and the post are not one step: in between his patience may end. */
static void sleeps_until_he_is_woken_once_decided(void **state)
{
    orders_limiter_t *gate = gate_of(1);
    guest_t guest = {.gate = gate, .patience = apr_time_from_msec(100)};
    waiter_t *woken = NULL;

    assert_int_equal(orders_limiter_enter(gate, ORDERS_LIMITER_NOBODY, in(0), false),
                     ORDERS_LIMITER_IN);
    start(&guest);
    apr_thread_mutex_lock(gate->mutex);
    decide(gate, gate->first, ORDERS_LIMITER_REFUSED, &woken);
    apr_thread_mutex_unlock(gate->mutex);
    apr_sleep(apr_time_from_msec(400));
    apr_thread_mutex_lock(gate->mutex);
    unlock_and_wake(gate, woken);
    join(&guest);
    assert_int_equal(guest.outcome, ORDERS_LIMITER_REFUSED);
    assert_int_equal(timed_waits, 1);
}

/* A user at the limit waits, and does not hold up those that came later. */
static void lets_others_pass_a_user_at_the_limit(void **state)
{
    orders_limiter_t *gate = gate_with_limit(4, 2);
    guest_t hot[GUESTS];

    assert_int_equal(orders_limiter_enter(gate, 7, in(0), false), ORDERS_LIMITER_IN);
    assert_int_equal(orders_limiter_enter(gate, 7, in(0), false), ORDERS_LIMITER_IN);
    for (int i = 0; i < GUESTS; i++) {
        hot[i] = (guest_t){.gate = gate, .user = 7, .patience = apr_time_from_sec(10)};
        start(&hot[i]);
    }
    assert_int_equal(orders_limiter_inside(gate), 2);
    assert_int_equal(orders_limiter_enter(gate, 8, in(0), false), ORDERS_LIMITER_IN);
    assert_int_equal(orders_limiter_enter(gate, ORDERS_LIMITER_NOBODY, in(0), false),
                     ORDERS_LIMITER_IN);
    orders_limiter_leave(gate, 8);
    assert_int_equal(orders_limiter_enter(gate, 9, in(0), false), ORDERS_LIMITER_IN);
    orders_limiter_leave(gate, 7); /* its place goes to the first of the same user */
    for (int i = 0; i < GUESTS; i++) {
        join(&hot[i]);
        assert_int_equal(hot[i].outcome, ORDERS_LIMITER_IN);
        assert_int_equal(hot[i].place, i);
    }
    assert_int_equal(orders_limiter_inside(gate), 3);
}

static void never_lets_in_more_of_a_user(void **state)
{
    orders_limiter_t *gate = gate_with_limit(4, 2);
    guest_t guests[GUESTS];

    for (int i = 0; i < GUESTS; i++) {
        guests[i] = (guest_t){.gate = gate,
                              .user = 7,
                              .patience = apr_time_from_sec(10),
                              .stay = apr_time_from_msec(1 + i % 7)};
        assert_int_equal(apr_thread_create(&guests[i].thread, NULL, visit, &guests[i], pool),
                         APR_SUCCESS);
    }
    for (int i = 0; i < GUESTS; i++) {
        join(&guests[i]);
    }
    assert_int_equal(admitted, GUESTS);
    assert_int_equal(most, 2);
    assert_int_equal(orders_limiter_inside(gate), 0);
}

static void says_that_the_user_was_at_the_limit(void **state)
{
    orders_limiter_t *gate = gate_with_limit(2, 1);

    assert_int_equal(orders_limiter_enter(gate, 7, in(0), false), ORDERS_LIMITER_IN);
    assert_int_equal(orders_limiter_enter(gate, 7, in(20), false), ORDERS_LIMITER_LIMITED);
    assert_int_equal(orders_limiter_enter(gate, 8, in(0), false), ORDERS_LIMITER_IN);
    assert_int_equal(orders_limiter_enter(gate, 9, in(0), false), ORDERS_LIMITER_LATE);
    orders_limiter_leave(gate, 7);
    assert_int_equal(orders_limiter_enter(gate, 7, in(0), false), ORDERS_LIMITER_IN);
}

/* As many users as places, one after another: their entries are used again. */
static void remembers_only_users_that_are_in(void **state)
{
    orders_limiter_t *gate = gate_with_limit(2, 1);

    for (orders_limiter_user_t user = 1; user <= 100; user++) {
        assert_int_equal(orders_limiter_enter(gate, user, in(0), false), ORDERS_LIMITER_IN);
        assert_int_equal(orders_limiter_enter(gate, user + 1000, in(0), false), ORDERS_LIMITER_IN);
        assert_int_equal(orders_limiter_enter(gate, user, in(0), false), ORDERS_LIMITER_LIMITED);
        orders_limiter_leave(gate, user);
        orders_limiter_leave(gate, user + 1000);
    }
    assert_int_equal(orders_limiter_inside(gate), 0);
}

/* While the database gives out fewer sessions, a user has at most half of those. */
static void leaves_others_a_place_while_narrowed(void **state)
{
    orders_limiter_t *gate = gate_with_limit(4, 2);

    for (int i = 0; i < 3; i++) {
        assert_int_equal(orders_limiter_enter(gate, ORDERS_LIMITER_NOBODY, in(0), false),
                         ORDERS_LIMITER_IN);
    }
    orders_limiter_leave_narrowed(gate, ORDERS_LIMITER_NOBODY, 2);
    orders_limiter_leave(gate, ORDERS_LIMITER_NOBODY);
    orders_limiter_leave(gate, ORDERS_LIMITER_NOBODY);
    assert_int_equal(orders_limiter_enter(gate, 7, in(0), false), ORDERS_LIMITER_IN);
    assert_int_equal(orders_limiter_enter(gate, 7, in(0), false), ORDERS_LIMITER_LIMITED);
    assert_int_equal(orders_limiter_enter(gate, 8, in(0), false), ORDERS_LIMITER_IN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lets_in_as_many_as_there_are_places),
        TEST(serves_in_the_order_of_coming),
        TEST(never_lets_in_more),
        TEST(bounds_the_wait),
        TEST(puts_those_first_who_were_in),
        TEST(turns_everybody_away),
        TEST(narrows_to_those_who_have_one_and_widens_again),
        TEST(does_not_narrow_where_nobody_has_a_session),
        TEST(opens_all_places_after_an_outage),
        TEST(sleeps_until_he_is_woken_once_decided),
        TEST(lets_others_pass_a_user_at_the_limit),
        TEST(never_lets_in_more_of_a_user),
        TEST(says_that_the_user_was_at_the_limit),
        TEST(remembers_only_users_that_are_in),
        TEST(leaves_others_a_place_while_narrowed),
    };

    return RUN(tests);
}
