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

/** A call under way. malloc'ed; freed by the caller, or by the thread once the caller has given it up. */
typedef struct job_t {
    struct job_t *next;
    const orders_remote_cache_t *cache;
    orders_remote_call_t call; /* its pointers lead to `key` and `value` */
    unsigned char key[ORDERS_REMOTE_CACHE_KEY], value[ORDERS_REMOTE_CACHE_VALUE];
    apr_status_t status;
    bool queued; /* until a thread is free */
    bool done, given_up;
} job_t;

/** Used in child processes only. Everything is under the lock, which is held for moments. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t given; /* a job waits in the queue */
    pthread_cond_t done;
    job_t *first;
    int queued;        /* removals */
    int threads, free; /* free: less the jobs under way and in the queue */
    bool silent;       /* the last call got no answer */
    bool probing;
    apr_time_t retry_at;
} calls = {.lock = PTHREAD_MUTEX_INITIALIZER,
           .given = PTHREAD_COND_INITIALIZER,
           .done = PTHREAD_COND_INITIALIZER};

static apr_status_t perform(job_t *job, apr_pool_t *pool)
{
    const orders_remote_cache_t *cache = job->cache;
    orders_remote_call_t *call = &job->call;

    switch (call->operation) {
    case ORDERS_REMOTE_RETRIEVE:
        call->length = sizeof job->value;
        return cache->provider->retrieve(cache->instance, cache->server, job->key, sizeof job->key,
                                         job->value, &call->length, pool);
    case ORDERS_REMOTE_STORE:
        return cache->provider->store(cache->instance, cache->server, job->key, sizeof job->key,
                                      call->expires_at, job->value, call->length, pool);
    case ORDERS_REMOTE_REMOVE:
        return cache->provider->remove(cache->instance, cache->server, job->key, sizeof job->key,
                                       pool);
    }
    return APR_EGENERAL;
}

/** Under the lock. An answer after the wait may be a provider's own timeout, which looks like an empty cache. */
static void answered(const job_t *job)
{
    calls.silent = false;
    ap_log_error(APLOG_MARK, APLOG_WARNING, 0, job->cache->server,
                 "OrdersTokenCacheProvider: the cache answers again");
}

/** Under the lock. */
static void unanswered(const job_t *job)
{
    if (!calls.silent) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, job->cache->server,
                     "OrdersTokenCacheProvider: the cache does not answer within %d s; until it "
                     "does, the database is asked instead",
                     (int)apr_time_sec(ORDERS_REMOTE_CACHE_WAIT));
    }
    calls.silent = true;
    calls.retry_at = orders_clock_now() + ORDERS_REMOTE_CACHE_PAUSE;
}

static void *work(void *data)
{
    apr_pool_t *pool;

    apr_pool_create(&pool, NULL);
    apr_pool_tag(pool, "orders_remote_cache");
    pthread_mutex_lock(&calls.lock);
    for (;;) {
        job_t *job;

        while (!calls.first) {
            pthread_cond_wait(&calls.given, &calls.lock);
        }
        job = calls.first;
        calls.first = job->next;
        calls.queued -= job->queued;
        pthread_mutex_unlock(&calls.lock);
        job->status = perform(job, pool);
        apr_pool_clear(pool);
        pthread_mutex_lock(&calls.lock);
        calls.free++;
        job->done = true;
        if (job->given_up) {
            free(job);
        }
        pthread_cond_broadcast(&calls.done);
    }
    return NULL;
}

/** Under the lock. Does nothing when there are ORDERS_REMOTE_CACHE_THREADS. */
static void add_thread(void)
{
    pthread_attr_t detached;
    pthread_t thread;
    sigset_t all, before;
    bool added = false;

    if (calls.threads < ORDERS_REMOTE_CACHE_THREADS && !pthread_attr_init(&detached)) {
        /* The thread inherits the mask: httpd's signals are handled by httpd's threads. */
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        added = !pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED) &&
                !pthread_create(&thread, &detached, work, NULL);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        pthread_attr_destroy(&detached);
    }
    calls.threads += added;
    calls.free += added;
}

/**
 * Under the lock. While all threads are busy, a removal waits in the queue, because a revoked identity must not stay in the cache.
 * While the server is silent, no thread would come to perform it.
 */
static bool may_queue(orders_remote_operation_e operation)
{
    return operation == ORDERS_REMOTE_REMOVE && calls.threads && !calls.silent &&
           calls.queued < ORDERS_REMOTE_CACHE_QUEUE;
}

/** Under the lock: whether a call can be made. The cache keeps the entry of a removal that cannot. */
static bool admit(job_t *job, bool *probe)
{
    if (calls.silent && (calls.probing || orders_clock_now() < calls.retry_at)) {
        return false;
    }
    if (calls.free <= 0) {
        add_thread();
    }
    job->queued = calls.free <= 0;
    if (job->queued && !may_queue(job->call.operation)) {
        return false;
    }
    calls.queued += job->queued;
    calls.free--;
    *probe = calls.silent;
    calls.probing = *probe || calls.probing;
    return true;
}

static void give(job_t *job)
{
    job_t **last = &calls.first;

    while (*last) {
        last = &(*last)->next;
    }
    *last = job;
    pthread_cond_signal(&calls.given);
}

/** Under the lock, which it releases meanwhile. */
static void wait_until_done(const job_t *job)
{
    apr_time_t deadline = orders_clock_now() + ORDERS_REMOTE_CACHE_WAIT;
    struct timespec at = {.tv_sec = (time_t)apr_time_sec(deadline),
                          .tv_nsec = (long)apr_time_usec(deadline) * 1000};

    while (!job->done && !pthread_cond_clockwait(&calls.done, &calls.lock, CLOCK_MONOTONIC, &at)) {}
}

static job_t *make_job(const orders_remote_cache_t *cache, const orders_remote_call_t *call)
{
    job_t *job = calloc(1, sizeof *job);

    if (job) {
        job->cache = cache;
        job->call = *call;
        memcpy(job->key, call->key, sizeof job->key);
        if (call->operation == ORDERS_REMOTE_STORE) {
            memcpy(job->value, call->value, call->length);
        }
    }
    return job;
}

/** The caller's part of the end. */
static apr_status_t finish(job_t *job, orders_remote_call_t *call)
{
    apr_status_t status = job->status;

    if (call->operation == ORDERS_REMOTE_RETRIEVE && status == APR_SUCCESS) {
        memcpy(call->value, job->value, job->call.length);
        call->length = job->call.length;
    }
    free(job);
    return status;
}

/**
 * Under the lock, which it releases while it waits. Returns whether the job was done in time; if not, the thread that performs it
 * frees it. A job that was queued does not show that the server is silent: the threads may be busy with calls that get their answers.
 */
static bool await(job_t *job, bool probe)
{
    bool done;

    give(job);
    wait_until_done(job);
    calls.probing = calls.probing && !probe;
    done = job->done;
    job->given_up = !done;
    if (!done && !job->queued) {
        unanswered(job);
    } else if (done && probe) {
        answered(job);
    }
    return done;
}

apr_status_t orders_remote_cache_call(const orders_remote_cache_t *cache,
                                      orders_remote_call_t *call)
{
    job_t *job = make_job(cache, call);
    bool admitted, probe = false, done = false;

    if (!job) {
        return APR_ENOMEM;
    }
    pthread_mutex_lock(&calls.lock);
    admitted = admit(job, &probe);
    if (admitted) {
        done = await(job, probe);
    }
    pthread_mutex_unlock(&calls.lock);
    if (!admitted) {
        free(job);
        return APR_EBUSY;
    }
    return done ? finish(job, call) : APR_TIMEUP;
}
