/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/remote_cache.h"

#include <http_log.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"

APLOG_USE_MODULE(orders);

/** A call in progress. Allocated with malloc(); freed by the caller, or by the worker thread if the caller has timed out. */
typedef struct task_t {
    struct task_t *next;
    const orders_remote_cache_t *cache;
    orders_remote_call_t call; /* its pointers must not be used: the caller may have timed out */
    unsigned char key[ORDERS_REMOTE_CACHE_KEY], value[ORDERS_REMOTE_CACHE_VALUE];
    apr_status_t status;
    bool queued; /* no thread was free */
    bool done, abandoned;
} task_t;

/** Used in child processes only. All members are protected by `lock`. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t enqueued; /* signalled when a task is enqueued */
    pthread_cond_t done;
    task_t *first;
    int queued;        /* number of removals in the queue */
    int threads, free; /* free: threads minus tasks, in progress or queued; may be negative */
    bool unresponsive; /* the last call timed out; see retry_at */
    bool probing;
    apr_time_t retry_at;
} calls = {.lock = PTHREAD_MUTEX_INITIALIZER,
           .enqueued = PTHREAD_COND_INITIALIZER,
           .done = PTHREAD_COND_INITIALIZER};

static apr_status_t perform_call(task_t *task, apr_pool_t *pool)
{
    const orders_remote_cache_t *cache = task->cache;
    orders_remote_call_t *call = &task->call;

    switch (call->operation) {
    case ORDERS_REMOTE_RETRIEVE:
        call->length = sizeof task->value;
        return cache->provider->retrieve(cache->instance, cache->server, task->key,
                                         sizeof task->key, task->value, &call->length, pool);
    case ORDERS_REMOTE_STORE:
        return cache->provider->store(cache->instance, cache->server, task->key, sizeof task->key,
                                      call->expires_at, task->value, call->length, pool);
    case ORDERS_REMOTE_REMOVE:
        return cache->provider->remove(cache->instance, cache->server, task->key, sizeof task->key,
                                       pool);
    }
    return APR_EGENERAL;
}

/** Caller holds the lock. Only for a reply in time: a later result may be a timeout of the provider. */
static void report_reply(const task_t *task)
{
    calls.unresponsive = false;
    ap_log_error(APLOG_MARK, APLOG_WARNING, 0, task->cache->server,
                 "OrdersTokenCacheProvider: the cache server responds again");
}

/** Caller holds the lock. */
static void report_timeout(const task_t *task)
{
    if (!calls.unresponsive) {
        ap_log_error(
            APLOG_MARK, APLOG_WARNING, 0, task->cache->server,
            "OrdersTokenCacheProvider: the cache server did not respond within %d s; until it "
            "does, identities are read from the database",
            (int)apr_time_sec(ORDERS_REMOTE_CACHE_WAIT));
    }
    calls.unresponsive = true;
    calls.retry_at = orders_clock_now() + ORDERS_REMOTE_CACHE_PAUSE;
}

static void *run_thread(void *data)
{
    apr_pool_t *pool;

    apr_pool_create(&pool, NULL);
    apr_pool_tag(pool, "orders_remote_cache");
    pthread_mutex_lock(&calls.lock);
    for (;;) {
        task_t *task;

        while (!calls.first) {
            pthread_cond_wait(&calls.enqueued, &calls.lock);
        }
        task = calls.first;
        calls.first = task->next;
        calls.queued -= task->queued;
        pthread_mutex_unlock(&calls.lock);
        task->status = perform_call(task, pool);
        apr_pool_clear(pool);
        pthread_mutex_lock(&calls.lock);
        calls.free++;
        task->done = true;
        if (task->abandoned) {
            free(task);
        }
        pthread_cond_broadcast(&calls.done);
    }
    return NULL;
}

/** Caller holds the lock. No effect if ORDERS_REMOTE_CACHE_THREADS exist. */
static void add_thread(void)
{
    pthread_attr_t detached;
    pthread_t thread;
    sigset_t all, previous_mask;
    bool added = false;

    if (calls.threads < ORDERS_REMOTE_CACHE_THREADS && !pthread_attr_init(&detached)) {
        /* The thread inherits the mask, so that only httpd's threads handle signals. */
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &previous_mask);
        added = !pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED) &&
                !pthread_create(&thread, &detached, run_thread, NULL);
        pthread_sigmask(SIG_SETMASK, &previous_mask, NULL);
        pthread_attr_destroy(&detached);
    }
    calls.threads += added;
    calls.free += added;
}

/**
 * Caller holds the lock. Whether a call may wait for a free thread: only a removal, because a revoked identity must not stay in the cache,
 * and not while the server is unresponsive, because then no thread becomes free.
 */
static bool may_queue(orders_remote_operation_e operation)
{
    return operation == ORDERS_REMOTE_REMOVE && calls.threads && !calls.unresponsive &&
           calls.queued < ORDERS_REMOTE_CACHE_QUEUE;
}

/** Caller holds the lock. Whether the call may be made. `*probe`: it tests whether the server replies again. */
static bool admit_task(task_t *task, bool *probe)
{
    if (calls.unresponsive && (calls.probing || orders_clock_now() < calls.retry_at)) {
        return false;
    }
    if (calls.free <= 0) {
        add_thread();
    }
    task->queued = calls.free <= 0;
    if (task->queued && !may_queue(task->call.operation)) {
        return false;
    }
    calls.queued += task->queued;
    calls.free--;
    *probe = calls.unresponsive;
    calls.probing = *probe || calls.probing;
    return true;
}

static void enqueue(task_t *task)
{
    task_t **last = &calls.first;

    while (*last) {
        last = &(*last)->next;
    }
    *last = task;
    pthread_cond_signal(&calls.enqueued);
}

/** Caller holds the lock, which is released during the wait. */
static void wait_until_done(const task_t *task)
{
    apr_time_t deadline = orders_clock_now() + ORDERS_REMOTE_CACHE_WAIT;
    struct timespec at = {.tv_sec = (time_t)apr_time_sec(deadline),
                          .tv_nsec = (long)apr_time_usec(deadline) * 1000};

    while (!task->done && !pthread_cond_clockwait(&calls.done, &calls.lock, CLOCK_MONOTONIC, &at)) {
    }
}

static task_t *create_task(const orders_remote_cache_t *cache, const orders_remote_call_t *call)
{
    task_t *task = calloc(1, sizeof *task);

    if (task) {
        task->cache = cache;
        task->call = *call;
        memcpy(task->key, call->key, sizeof task->key);
        if (call->operation == ORDERS_REMOTE_STORE) {
            memcpy(task->value, call->value, call->length);
        }
    }
    return task;
}

/** Copies the result to the caller and frees the task. */
static apr_status_t take_result(task_t *task, orders_remote_call_t *call)
{
    apr_status_t status = task->status;

    if (call->operation == ORDERS_REMOTE_RETRIEVE && status == APR_SUCCESS) {
        memcpy(call->value, task->value, task->call.length);
        call->length = task->call.length;
    }
    free(task);
    return status;
}

/**
 * Caller holds the lock, which is released during the wait. True: the task is done. False: it timed out, and the worker thread frees it.
 * The timeout of a queued task does not mean that the server is unresponsive: all threads may be busy with other calls.
 */
static bool run_task(task_t *task, bool probe)
{
    bool done;

    enqueue(task);
    wait_until_done(task);
    calls.probing = calls.probing && !probe;
    done = task->done;
    task->abandoned = !done;
    if (!done && !task->queued) {
        report_timeout(task);
    } else if (done && probe) {
        report_reply(task);
    }
    return done;
}

apr_status_t orders_remote_cache_call(const orders_remote_cache_t *cache,
                                      orders_remote_call_t *call)
{
    task_t *task = create_task(cache, call);
    bool admitted, probe = false, done = false;

    if (!task) {
        return APR_ENOMEM;
    }
    pthread_mutex_lock(&calls.lock);
    admitted = admit_task(task, &probe);
    if (admitted) {
        done = run_task(task, probe);
    }
    pthread_mutex_unlock(&calls.lock);
    if (!admitted) {
        free(task);
        return APR_EBUSY;
    }
    return done ? take_result(task, call) : APR_TIMEUP;
}
