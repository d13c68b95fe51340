/* SPDX-License-Identifier: Apache-2.0 */
/* The remote token cache: removals that wait for a thread are bounded, and are not counted as calls without a response. */
#include <apr_atomic.h>
#include <apr_thread_proc.h>

#include "httpd/remote_cache.h"

#include <http_log.h>

#undef ORDERS_REMOTE_CACHE_WAIT
#undef ORDERS_REMOTE_CACHE_PAUSE
#undef ORDERS_REMOTE_CACHE_THREADS
#undef ORDERS_REMOTE_CACHE_QUEUE
#define ORDERS_REMOTE_CACHE_WAIT ((apr_interval_time_t)apr_atomic_read32(&longest))
#define ORDERS_REMOTE_CACHE_PAUSE apr_time_from_sec(2)
#define ORDERS_REMOTE_CACHE_THREADS 2
#define ORDERS_REMOTE_CACHE_QUEUE 4

static apr_uint32_t removed, logged, begun, delay, busy_replies, held, longest;

#undef ap_log_error
#define ap_log_error(...) (void)apr_atomic_inc32(&logged)
#include "httpd/remote_cache.c"

#include "support.h"

#define QUICK apr_time_from_msec(20)
#define SLOW apr_time_from_msec(600)
#define WAIT apr_time_from_sec(1)
#define LONG_WAIT apr_time_from_sec(30)

static apr_status_t fake_remove(ap_socache_instance_t *instance, server_rec *server,
                                const unsigned char *id, unsigned idlen, apr_pool_t *own)
{
    apr_atomic_inc32(&begun);
    apr_sleep((apr_interval_time_t)apr_atomic_read32(&delay));
    while (apr_atomic_read32(&held)) {
        apr_sleep(QUICK);
    }
    apr_atomic_inc32(&removed);
    return APR_SUCCESS;
}

static const ap_socache_provider_t provider = {.remove = fake_remove};
static const orders_remote_cache_t remote = {.provider = &provider};

static apr_status_t call(orders_remote_operation_e operation)
{
    unsigned char key[ORDERS_REMOTE_CACHE_KEY] = {0}, value[ORDERS_REMOTE_CACHE_VALUE];
    orders_remote_call_t one = {.operation = operation, .key = key, .value = value};

    return orders_remote_cache_call(&remote, &one);
}

typedef struct caller_t {
    apr_thread_t *thread;
    apr_status_t status;
} caller_t;

static void *APR_THREAD_FUNC run(apr_thread_t *thread, void *data)
{
    caller_t *caller = data;

    caller->status = call(ORDERS_REMOTE_REMOVE);
    if (caller->status == APR_EBUSY) {
        apr_atomic_inc32(&busy_replies);
    }
    return NULL;
}

static caller_t *start(int count)
{
    caller_t *callers = apr_pcalloc(pool, count * sizeof(*callers));

    for (int i = 0; i < count; i++) {
        assert_int_equal(apr_thread_create(&callers[i].thread, NULL, run, &callers[i], pool),
                         APR_SUCCESS);
    }
    return callers;
}

/** How many of them ended with this status. */
static int join(caller_t *callers, int count, apr_status_t status)
{
    int found = 0;

    for (int i = 0; i < count; i++) {
        apr_status_t ignored;

        assert_int_equal(apr_thread_join(&ignored, callers[i].thread), APR_SUCCESS);
        found += callers[i].status == status;
    }
    return found;
}

static void wait_for(apr_uint32_t *counter, apr_uint32_t value)
{
    for (int i = 0; i < 500 && apr_atomic_read32(counter) < value; i++) {
        apr_sleep(QUICK);
    }
    assert_true(apr_atomic_read32(counter) >= value);
}

static void begin(apr_interval_time_t new_delay)
{
    apr_atomic_set32(&delay, (apr_uint32_t)new_delay);
    apr_atomic_set32(&longest, WAIT);
    apr_atomic_set32(&held, 0);
    apr_atomic_set32(&removed, 0);
    apr_atomic_set32(&logged, 0);
    apr_atomic_set32(&begun, 0);
    apr_atomic_set32(&busy_replies, 0);
}

/* Every call gets a response within the wait, but the last removals are performed after their callers have left. */
static void test_slow_cache_is_not_silent(void **state)
{
    const int waiting = ORDERS_REMOTE_CACHE_QUEUE;

    begin(SLOW);
    caller_t *busy = start(ORDERS_REMOTE_CACHE_THREADS);
    wait_for(&begun, ORDERS_REMOTE_CACHE_THREADS);
    assert_int_equal(call(ORDERS_REMOTE_RETRIEVE), APR_EBUSY);
    caller_t *removals = start(waiting);
    assert_int_equal(join(busy, ORDERS_REMOTE_CACHE_THREADS, APR_SUCCESS),
                     ORDERS_REMOTE_CACHE_THREADS);
    assert_true(join(removals, waiting, APR_TIMEUP) > 0);
    wait_for(&removed, (apr_uint32_t)(ORDERS_REMOTE_CACHE_THREADS + waiting));
    assert_int_equal(apr_atomic_read32(&logged), 0);
    apr_sleep(QUICK);
    apr_atomic_set32(&delay, 0);
    assert_int_equal(call(ORDERS_REMOTE_REMOVE), APR_SUCCESS);
}

static void test_queue_is_bounded(void **state)
{
    const int waiting = ORDERS_REMOTE_CACHE_QUEUE + 10;

    begin(0);
    apr_atomic_set32(&longest, LONG_WAIT);
    apr_atomic_set32(&held, 1);
    caller_t *busy = start(ORDERS_REMOTE_CACHE_THREADS);
    wait_for(&begun, ORDERS_REMOTE_CACHE_THREADS);
    caller_t *removals = start(waiting);
    wait_for(&busy_replies, 10);
    apr_atomic_set32(&held, 0);
    assert_int_equal(join(removals, waiting, APR_EBUSY), 10);
    assert_int_equal(join(busy, ORDERS_REMOTE_CACHE_THREADS, APR_SUCCESS),
                     ORDERS_REMOTE_CACHE_THREADS);
    wait_for(&removed, ORDERS_REMOTE_CACHE_THREADS + ORDERS_REMOTE_CACHE_QUEUE);
}

/* All threads wait for a cache that hangs: no removal can try it again, so none is queued. */
static void test_hanging_cache_queues_nothing(void **state)
{
    begin(ORDERS_REMOTE_CACHE_PAUSE + apr_time_from_sec(3));
    caller_t *busy = start(ORDERS_REMOTE_CACHE_THREADS);
    assert_int_equal(join(busy, ORDERS_REMOTE_CACHE_THREADS, APR_TIMEUP),
                     ORDERS_REMOTE_CACHE_THREADS);
    assert_int_equal(apr_atomic_read32(&logged), 1);
    assert_int_equal(call(ORDERS_REMOTE_REMOVE), APR_EBUSY);
    apr_sleep(ORDERS_REMOTE_CACHE_PAUSE);
    assert_int_equal(call(ORDERS_REMOTE_REMOVE), APR_EBUSY);
    apr_sleep(apr_time_from_sec(3));
    apr_atomic_set32(&delay, 0);
    assert_int_equal(call(ORDERS_REMOTE_REMOVE), APR_SUCCESS);
    assert_int_equal(apr_atomic_read32(&logged), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_slow_cache_is_not_silent),
        TEST(test_queue_is_bounded),
        TEST(test_hanging_cache_queues_nothing),
    };
    return RUN(tests);
}
