/* SPDX-License-Identifier: Apache-2.0 */
#include "documents/pdf_cache.h"

#include <apr_strings.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"

#define RETRY_AFTER 2
/** Interval at which a waiting request checks whether its client has disconnected. */
#define LOOK_EVERY apr_time_from_msec(250)

/** A cached document. `data` is NULL while it is rendered. Allocated by malloc, freed when it is neither listed nor used. */
typedef struct cached_pdf_t {
    struct cached_pdf_t *next, *before;
    unsigned char key[ORDERS_SHA256_SIZE];
    char *data;
    apr_size_t length;
    int users;   /* requests that send or render it */
    int waiting; /* requests that wait for its rendering */
    bool listed;
} cached_pdf_t;

/** Used in child processes only. `lock` protects all members; it is not held while a document is rendered or sent. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* signalled when a rendering ends */
    cached_pdf_t
        ends; /* head of the LRU list: `next` is the most recently used entry, `before` the least */
    apr_size_t bytes; /* of all entries, listed or in use */
    int requests;     /* between orders_pdf_cache_enter() and _leave() */
    int rendering;
    int waiting;
} cache = {.lock = PTHREAD_MUTEX_INITIALIZER,
           .changed = PTHREAD_COND_INITIALIZER,
           .ends = {.next = &cache.ends, .before = &cache.ends}};

static void lock(void)
{
    pthread_mutex_lock(&cache.lock);
}

static void unlock(void)
{
    pthread_mutex_unlock(&cache.lock);
}

static void free_unused(cached_pdf_t *entry)
{
    if (!entry->listed && !entry->users) {
        cache.bytes -= entry->length;
        free(entry->data);
        free(entry);
    }
}

static void list(cached_pdf_t *entry)
{
    entry->next = cache.ends.next;
    entry->before = &cache.ends;
    entry->next->before = entry->before->next = entry;
    entry->listed = true;
}

static void unlist(cached_pdf_t *entry)
{
    entry->next->before = entry->before;
    entry->before->next = entry->next;
    entry->listed = false;
}

static cached_pdf_t *find(const unsigned char *key)
{
    cached_pdf_t *entry;

    for (entry = cache.ends.next; entry != &cache.ends; entry = entry->next) {
        if (!memcmp(entry->key, key, ORDERS_SHA256_SIZE)) {
            return entry;
        }
    }
    return NULL;
}

/** Evicts entries from the end of the list, except entries that are being rendered or sent. */
static void evict(void)
{
    cached_pdf_t *entry = cache.ends.before;

    while (cache.bytes > ORDERS_PDF_CACHE_BYTES && entry != &cache.ends) {
        cached_pdf_t *before = entry->before;

        if (entry->data && !entry->users) {
            unlist(entry);
            free_unused(entry);
        }
        entry = before;
    }
}

static apr_status_t release(void *data)
{
    cached_pdf_t *entry = data;

    lock();
    entry->users--;
    free_unused(entry);
    evict();
    unlock();
    return APR_SUCCESS;
}

/** Caller holds the lock. Keeps the entry in use until `pool` is cleared. */
static void use(orders_invoice_pdf_t *pdf, cached_pdf_t *entry, apr_pool_t *pool)
{
    unlist(entry);
    list(entry);
    entry->users++;
    apr_pool_cleanup_register(pool, entry, release, apr_pool_cleanup_null);
    *pdf = (orders_invoice_pdf_t){.data = entry->data, .length = entry->length};
}

static orders_problem_t *busy(apr_pool_t *pool)
{
    orders_problem_t *problem =
        orders_problem_logged(pool, ORDERS_E_busy, "too many documents are being read or rendered");

    problem->retry_after = RETRY_AFTER;
    return problem;
}

orders_problem_t *orders_pdf_cache_enter(apr_pool_t *pool)
{
    bool entered;

    lock();
    entered = cache.requests < ORDERS_PDF_REQUESTS;
    cache.requests += entered ? 1 : 0;
    unlock();
    return entered ? NULL : busy(pool);
}

void orders_pdf_cache_leave(void)
{
    lock();
    cache.requests--;
    unlock();
}

bool orders_pdf_cache_find(orders_invoice_pdf_t *pdf, const unsigned char key[ORDERS_SHA256_SIZE],
                           apr_pool_t *pool)
{
    cached_pdf_t *entry;
    bool found;

    lock();
    entry = find(key);
    found = entry && entry->data;
    if (found) {
        use(pdf, entry, pool);
    }
    unlock();
    return found;
}

static orders_problem_t *abandoned(apr_pool_t *pool)
{
    return orders_problem(pool, ORDERS_E_request_abandoned, NULL);
}

static void sleep_until(apr_time_t until)
{
    struct timespec at = {.tv_sec = (time_t)apr_time_sec(until),
                          .tv_nsec = (long)apr_time_usec(until) * 1000};

    pthread_cond_clockwait(&cache.changed, &cache.lock, CLOCK_MONOTONIC, &at);
}

/**
 * Caller holds the lock, which is released during the wait. Waits until a rendering ends or the client has to be checked.
 * `entry`: the document that is being rendered, or NULL when waiting to render. False: the client has disconnected.
 */
static bool wait_for_change(cached_pdf_t *entry, const orders_pdf_request_t *request,
                            apr_time_t deadline)
{
    apr_time_t look_at = orders_clock_now() + LOOK_EVERY;
    bool gone;

    cache.waiting++;
    if (entry) {
        entry->users++;
        entry->waiting++;
    }
    sleep_until(look_at < deadline ? look_at : deadline);
    unlock();
    gone = request->gone(request->baton);
    lock();
    cache.waiting--;
    if (entry) {
        entry->waiting--;
        entry->users--;
        free_unused(entry);
    }
    return !gone;
}

/** Adds an entry that the caller renders. NULL when out of memory. */
static cached_pdf_t *begin(const orders_pdf_request_t *request)
{
    cached_pdf_t *entry = calloc(1, sizeof(*entry));

    if (entry) {
        memcpy(entry->key, request->key, sizeof(entry->key));
        entry->users = 1;
        list(entry);
        cache.rendering++;
    }
    return entry;
}

/** Caller holds the lock. Sets `pdf` to the cached document, or `*mine` to an entry that the caller must render, or returns a problem. */
static orders_problem_t *wait_for_turn(orders_invoice_pdf_t *pdf, cached_pdf_t **mine,
                                       const orders_pdf_request_t *request, apr_pool_t *pool)
{
    const apr_time_t deadline = orders_clock_now() + apr_time_from_sec(ORDERS_PDF_WAIT);

    for (;;) {
        cached_pdf_t *entry = find(request->key);

        if (entry && entry->data) {
            use(pdf, entry, pool);
            return NULL;
        }
        if (!entry && cache.rendering < ORDERS_PDF_RENDERINGS) {
            *mine = begin(request);
            return *mine ? NULL : busy(pool);
        }
        if (cache.waiting >= ORDERS_PDF_WAITING || orders_clock_now() >= deadline) {
            return busy(pool);
        }
        if (!wait_for_change(entry, request, deadline)) {
            return abandoned(pool);
        }
    }
}

/** A rendering in progress. */
typedef struct rendering_t {
    const orders_pdf_request_t *request;
    cached_pdf_t *entry;
} rendering_t;

static bool is_wanted(void *baton)
{
    const rendering_t *rendering = baton;
    bool waited_for;

    if (!rendering->request->gone(rendering->request->baton)) {
        return true;
    }
    lock();
    waited_for = rendering->entry->waiting > 0;
    unlock();
    return waited_for;
}

/** Uses a separate pool, which ends with the rendering, because a slow client would keep the pool of the request alive. */
static orders_problem_t *render(char **data, apr_size_t *length, rendering_t *rendering,
                                apr_pool_t *pool)
{
    const orders_invoice_watch_t watch = {.wanted = is_wanted, .baton = rendering};
    orders_invoice_pdf_t pdf = {NULL, 0};
    orders_problem_t *problem, *lasting = NULL;
    apr_pool_t *own;

    apr_pool_create(&own, pool);
    apr_pool_tag(own, "orders_pdf_rendering");
    problem = rendering->request->render(&pdf, own, &watch, rendering->request->baton);
    if (problem) {
        lasting = orders_problem_logged(pool, problem->error, apr_pstrdup(pool, problem->log));
    } else if (!pdf.data) {
        lasting = abandoned(pool);
    } else if ((*data = malloc(pdf.length))) {
        memcpy(*data, pdf.data, pdf.length);
        *length = pdf.length;
    } else {
        lasting = busy(pool);
    }
    apr_pool_destroy(own);
    return lasting;
}

/** Wakes all waiting requests. */
static void end(cached_pdf_t *entry, char *data, apr_size_t length)
{
    cache.rendering--;
    unlist(entry);
    if (data) {
        entry->data = data;
        entry->length = length;
        cache.bytes += length;
        list(entry);
    }
    pthread_cond_broadcast(&cache.changed);
}

orders_problem_t *orders_pdf_cache_get(orders_invoice_pdf_t *pdf,
                                       const orders_pdf_request_t *request, apr_pool_t *pool)
{
    rendering_t rendering = {.request = request};
    orders_problem_t *problem;
    apr_size_t length = 0;
    char *data = NULL;

    *pdf = (orders_invoice_pdf_t){.data = NULL};
    lock();
    problem = wait_for_turn(pdf, &rendering.entry, request, pool);
    unlock();
    if (!rendering.entry) {
        return problem;
    }
    problem = render(&data, &length, &rendering, pool);
    lock();
    end(rendering.entry, data, length);
    rendering.entry->users--;
    if (data) {
        use(pdf, rendering.entry, pool);
        evict();
    }
    free_unused(rendering.entry);
    unlock();
    return problem;
}
