/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/loop.h"

#include <apr_thread_pool.h>

#include "core/clock.h"
#include "net/breaker.h"

/** An instance of a job. `orders_job_state_t` has its own mutex; the other members are protected by the mutex of the loop. */
typedef struct instance_t {
    orders_loop_t *loop;
    orders_loop_instance_t is;
    orders_job_state_t state;
    int runs;           /**< that have started, or wait for a thread */
    apr_time_t next_at; /**< of the next run, a time of orders_clock_now() */
} instance_t;

struct orders_loop_t {
    apr_pool_t *pool;              /**< used by one thread at a time, unlike its parent */
    apr_array_header_t *instances; /**< of instance_t * */
    apr_thread_pool_t *threads;    /**< NULL before the first tick */
    pthread_mutex_t lock;          /**< for the members below */
    pthread_cond_t ended;
    int active;  /**< runs and ticks in progress */
    bool closed; /**< also read without the lock */
};

static apr_status_t stop(void *data)
{
    orders_loop_stop(data);
    return APR_SUCCESS;
}

orders_loop_t *orders_loop_create(apr_pool_t *pool)
{
    orders_loop_t *loop = apr_pcalloc(pool, sizeof *loop);

    apr_pool_create(&loop->pool, pool);
    apr_pool_tag(loop->pool, "orders_loop");
    loop->instances = apr_array_make(loop->pool, 16, sizeof(instance_t *));
    pthread_mutex_init(&loop->lock, NULL);
    pthread_cond_init(&loop->ended, NULL);
    apr_pool_pre_cleanup_register(pool, loop, stop);
    return loop;
}

void orders_loop_add(orders_loop_t *loop, const orders_loop_instance_t *given)
{
    instance_t *instance = apr_pcalloc(loop->pool, sizeof *instance);

    instance->loop = loop;
    instance->is = *given;
    orders_job_state_init(&instance->state);
    instance->state.report.job = given->job->name;
    instance->state.report.channel = given->channel ? given->channel->name : NULL;
    APR_ARRAY_PUSH(loop->instances, instance_t *) = instance;
}

bool orders_loop_is_closed(const orders_loop_t *loop)
{
    return __atomic_load_n(&loop->closed, __ATOMIC_RELAXED);
}

static bool begin(orders_loop_t *loop)
{
    bool open;

    pthread_mutex_lock(&loop->lock);
    open = !loop->closed;
    loop->active += open;
    pthread_mutex_unlock(&loop->lock);
    return open;
}

static void end(orders_loop_t *loop)
{
    pthread_mutex_lock(&loop->lock);
    loop->active--;
    pthread_cond_broadcast(&loop->ended);
    pthread_mutex_unlock(&loop->lock);
}

static void end_run(instance_t *instance, bool due_at_once)
{
    pthread_mutex_lock(&instance->loop->lock);
    instance->runs--;
    if (due_at_once) {
        instance->next_at = 0;
    }
    pthread_mutex_unlock(&instance->loop->lock);
}

/**
 * Counts a further run, if one is allowed. While calls to the counterpart fail, one run at a time is allowed: another run would claim an
 * item whose call is refused.
 */
static bool begin_run(instance_t *instance)
{
    orders_loop_t *loop = instance->loop;
    bool begun;

    pthread_mutex_lock(&loop->lock);
    begun = instance->runs < instance->is.job->parallel &&
            (!instance->runs || orders_breaker_closed(instance->is.breaker));
    instance->runs += begun;
    pthread_mutex_unlock(&loop->lock);
    return begun;
}

static void start_run(instance_t *instance);

/** orders_job_context_t.claimed: another run may claim the next item while this run makes its calls. */
static void start_another(void *data)
{
    start_run(data);
}

/** Runs the job once, on a thread of the pool. */
static void *APR_THREAD_FUNC run(apr_thread_t *thread, void *data)
{
    instance_t *instance = data;
    orders_job_context_t context = {.claimed = NULL};
    apr_pool_t *pool;
    bool cut = false;

    if (!begin(instance->loop)) {
        return NULL;
    }
    if (apr_pool_create_unmanaged(&pool) == APR_SUCCESS) {
        apr_pool_tag(pool, "orders_worker");
        instance->is.open(instance->is.data, pool, &context);
        context.claimed = instance->is.job->parallel > 1 ? start_another : NULL;
        context.listener = instance;
        cut = orders_job_run(instance->is.job, &context, &instance->state, pool);
        apr_pool_destroy(pool);
    }
    end_run(instance, cut);
    end(instance->loop);
    return NULL;
}

static void start_run(instance_t *instance)
{
    if (begin_run(instance) &&
        apr_thread_pool_push(instance->loop->threads, run, instance, 0, NULL) != APR_SUCCESS) {
        end_run(instance, false);
    }
}

/** Whether the next run is due. If so, sets the time of the following run. */
static bool take_due(instance_t *instance)
{
    const apr_time_t now = orders_clock_now();
    bool due;

    pthread_mutex_lock(&instance->loop->lock);
    due = now >= instance->next_at;
    if (due) {
        instance->next_at = now + instance->is.interval;
    }
    pthread_mutex_unlock(&instance->loop->lock);
    return due;
}

static bool create_threads(orders_loop_t *loop)
{
    apr_size_t count = 1; /* for no_task() */

    for (int i = 0; i < loop->instances->nelts; i++) {
        count += (apr_size_t)APR_ARRAY_IDX(loop->instances, i, instance_t *)->is.job->parallel;
    }
    if (apr_thread_pool_create(&loop->threads, 0, count, loop->pool) != APR_SUCCESS) {
        loop->threads = NULL;
        return false;
    }
    (void)apr_thread_pool_threshold_set(loop->threads, 0);
    (void)apr_thread_pool_idle_max_set(loop->threads, count);
    return true;
}

static void *APR_THREAD_FUNC no_task(apr_thread_t *thread, void *data)
{
    return NULL;
}

/**
 * apr_thread_pool creates no thread while it believes that one is idle, and a thread that was just woken still counts as idle: of two
 * tasks that are pushed at once, the second may wait for the end of the first. Pushing another task creates the missing thread.
 */
static void wake_waiting(orders_loop_t *loop)
{
    if (apr_thread_pool_tasks_count(loop->threads) > 0) {
        (void)apr_thread_pool_push(loop->threads, no_task, NULL, 0, NULL);
    }
}

void orders_loop_tick(orders_loop_t *loop)
{
    if (!begin(loop)) {
        return;
    }
    if (loop->threads || create_threads(loop)) {
        wake_waiting(loop);
        for (int i = 0; i < loop->instances->nelts; i++) {
            instance_t *instance = APR_ARRAY_IDX(loop->instances, i, instance_t *);

            if (take_due(instance)) {
                start_run(instance);
            }
        }
    }
    end(loop);
}

void orders_loop_stop(orders_loop_t *loop)
{
    pthread_mutex_lock(&loop->lock);
    __atomic_store_n(&loop->closed, true, __ATOMIC_RELAXED);
    while (loop->active > 0) {
        pthread_cond_wait(&loop->ended, &loop->lock);
    }
    pthread_mutex_unlock(&loop->lock);
    if (loop->threads) {
        (void)apr_thread_pool_destroy(loop->threads);
        loop->threads = NULL;
    }
}

apr_array_header_t *orders_loop_reports(orders_loop_t *loop, apr_pool_t *pool)
{
    apr_array_header_t *reports =
        apr_array_make(pool, loop->instances->nelts + 1, sizeof(orders_job_report_t));

    for (int i = 0; i < loop->instances->nelts; i++) {
        instance_t *instance = APR_ARRAY_IDX(loop->instances, i, instance_t *);

        pthread_mutex_lock(&instance->state.lock);
        APR_ARRAY_PUSH(reports, orders_job_report_t) = instance->state.report;
        pthread_mutex_unlock(&instance->state.lock);
    }
    return reports;
}
