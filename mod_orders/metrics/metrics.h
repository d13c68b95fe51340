/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The counters of a server, in memory that all its processes share. httpd/metrics.c creates the memory once for each parent process and
 * keeps it over graceful restarts; metrics/exposition.h writes the values as text.
 *
 * Recording is wait-free: relaxed atomic additions, no lock, no allocation. Any thread may record. Functions that record do nothing in a
 * process without the memory, such as a unit test. A reader may see a part of an event, such as the bucket of a histogram without its sum.
 *
 * The values of all labels are known when the configuration is read: routes, jobs and channels. Therefore the memory has a fixed size.
 */
#ifndef ORDERS_METRICS_METRICS_H
#define ORDERS_METRICS_METRICS_H

#include <apr_time.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/call.h"
#include "metrics/snapshot.h"

/** Upper bounds of the buckets of all histograms, in microseconds. A last bucket has no bound. X(microseconds, label) */
#define ORDERS_BUCKETS(X)                                                                          \
    X(1000, "0.001")                                                                               \
    X(2500, "0.0025")                                                                              \
    X(5000, "0.005")                                                                               \
    X(10000, "0.01")                                                                               \
    X(25000, "0.025")                                                                              \
    X(50000, "0.05")                                                                               \
    X(100000, "0.1")                                                                               \
    X(250000, "0.25")                                                                              \
    X(500000, "0.5")                                                                               \
    X(1000000, "1.0")                                                                              \
    X(2500000, "2.5")                                                                              \
    X(5000000, "5.0")                                                                              \
    X(10000000, "10.0")                                                                            \
    X(30000000, "30.0")

#define X(bound, label) ORDERS_BUCKET_##bound,
enum { ORDERS_BUCKETS(X) ORDERS_BUCKET_INF, ORDERS_BUCKET__COUNT };
#undef X

/** Why the limiter refused a caller. X(name, label) */
#define ORDERS_LIMITER_REFUSALS(X)                                                                 \
    X(TIMEOUT, "timeout")                                                                          \
    X(USER_LIMIT, "user_limit")                                                                    \
    X(UNAVAILABLE, "database_unavailable")

/** Results of a lookup in the token cache: valid identity, refused token, not cached. */
#define ORDERS_CACHE_LOOKUPS(X)                                                                    \
    X(HIT, "hit")                                                                                  \
    X(REFUSED, "refused")                                                                          \
    X(MISS, "miss")

/** Outcomes of a call of a payment provider. `suspended`: not made, because the calls of the channel are limited or suspended. */
#define ORDERS_PROVIDER_CALLS(X)                                                                   \
    X(ANSWERED, "answered")                                                                        \
    X(FAILED, "failed")                                                                            \
    X(CANCELLED, "cancelled")                                                                      \
    X(SUSPENDED, "suspended")

/** Outcomes of an attempt to send a mail. `refused`: it is not sent again. */
#define ORDERS_MAIL_OUTCOMES(X)                                                                    \
    X(SENT, "sent")                                                                                \
    X(REFUSED, "refused")                                                                          \
    X(FAILED, "failed")

/** Outcomes of an attempt to deliver a webhook. `dead`: it has failed for the last time. */
#define ORDERS_WEBHOOK_ATTEMPTS(X)                                                                 \
    X(DELIVERED, "delivered")                                                                      \
    X(FAILED, "failed")                                                                            \
    X(DEAD, "dead")

#define X(name, label) ORDERS_LIMITER_REFUSAL_##name,
typedef enum { ORDERS_LIMITER_REFUSALS(X) ORDERS_LIMITER_REFUSAL__COUNT } orders_limiter_refusal_e;
#undef X
#define X(name, label) ORDERS_CACHE_LOOKUP_##name,
typedef enum { ORDERS_CACHE_LOOKUPS(X) ORDERS_CACHE_LOOKUP__COUNT } orders_cache_lookup_e;
#undef X
#define X(name, label) ORDERS_PROVIDER_CALL_##name,
typedef enum { ORDERS_PROVIDER_CALLS(X) ORDERS_PROVIDER_CALL__COUNT } orders_provider_call_e;
#undef X
#define X(name, label) ORDERS_MAIL_OUTCOME_##name,
typedef enum { ORDERS_MAIL_OUTCOMES(X) ORDERS_MAIL_OUTCOME__COUNT } orders_mail_outcome_e;
#undef X
#define X(name, label) ORDERS_WEBHOOK_ATTEMPT_##name,
typedef enum { ORDERS_WEBHOOK_ATTEMPTS(X) ORDERS_WEBHOOK_ATTEMPT__COUNT } orders_webhook_attempt_e;
#undef X

/* Capacities. Routes beyond them are counted as requests without a route, channels as one channel `(other)`, jobs and
 * outages of pools not at all. */
#define ORDERS_METRICS_APIS 16
#define ORDERS_METRICS_ROUTES 512
#define ORDERS_METRICS_CHANNELS 32
#define ORDERS_METRICS_CHANNEL_NAME 40
#define ORDERS_METRICS_JOBS 48
#define ORDERS_METRICS_PROCESSES 256
#define ORDERS_METRICS_POOLS 16

/** Label of a request that matches no route, and of a channel beyond ORDERS_METRICS_CHANNELS. */
#define ORDERS_METRICS_NO_ROUTE "none"
#define ORDERS_METRICS_OTHER "(other)"

typedef struct orders_histogram_t {
    uint64_t bucket[ORDERS_BUCKET__COUNT]; /**< not cumulative */
    uint64_t sum;                          /**< microseconds */
} orders_histogram_t;

#define ORDERS_METRICS_CLASSES 6 /**< status / 100; 0 is not used */

typedef struct orders_route_metrics_t {
    uint64_t requests[ORDERS_METRICS_CLASSES];
    orders_histogram_t duration;
} orders_route_metrics_t;

typedef struct orders_api_metrics_t {
    orders_histogram_t queue;    /**< time in the queue for a database session */
    orders_histogram_t database; /**< time with a session */
} orders_api_metrics_t;

typedef struct orders_channel_metrics_t {
    uint64_t calls[ORDERS_PROVIDER_CALL__COUNT];
    orders_histogram_t duration; /**< of calls that were made */
} orders_channel_metrics_t;

typedef struct orders_job_metrics_t {
    uint64_t runs, items, failures;
    int64_t last_run, last_success; /**< apr_time_t; 0: never */
} orders_job_metrics_t;

/** The gauges of a child process. Free if pid is 0. */
typedef struct orders_process_metrics_t {
    int64_t pid;
    int64_t limit;   /**< of database sessions, as configured */
    int64_t allowed; /**< lower than `limit` while the database accepts fewer sessions */
    int64_t in_use, waiting;
} orders_process_metrics_t;

/** The shared memory. Read members with orders_metrics_load() or orders_metrics_gauge(). */
typedef struct orders_metrics_t {
    uint64_t layout; /**< identifies the layout and the names of its rows (orders_metrics_layout) */
    int64_t created_at; /**< apr_time_t: the start of all counters */
    int64_t
        schema_version; /**< of the last connection that was checked; 0: the schema has none; -1: not read */
    orders_route_metrics_t routes[ORDERS_METRICS_ROUTES];
    orders_api_metrics_t apis[ORDERS_METRICS_APIS];
    int64_t outages
        [ORDERS_METRICS_POOLS]; /**< whether the database of a connection pool is unreachable */
    uint64_t limiter_refused[ORDERS_LIMITER_REFUSAL__COUNT];
    uint64_t cache_lookups[ORDERS_CACHE_LOOKUP__COUNT];
    uint64_t mails[ORDERS_MAIL_OUTCOME__COUNT];
    orders_histogram_t mail_duration;
    uint64_t webhook_attempts[ORDERS_WEBHOOK_ATTEMPT__COUNT]; /**< of all endpoints */
    orders_histogram_t webhook_duration;
    int64_t channel_count; /**< written by the parent process only, as the names */
    char channel_names[ORDERS_METRICS_CHANNELS][ORDERS_METRICS_CHANNEL_NAME + 1];
    orders_channel_metrics_t channels[ORDERS_METRICS_CHANNELS + 1]; /**< the last one: `(other)` */
    /** [job][0] without a channel, [job][1 + channel] with one. */
    orders_job_metrics_t jobs[ORDERS_METRICS_JOBS][ORDERS_METRICS_CHANNELS + 2];
    orders_process_metrics_t processes[ORDERS_METRICS_PROCESSES];
    orders_snapshots_t snapshots;
} orders_metrics_t;

/** The rows of the memory. They live as long as the configuration. */
typedef struct orders_metrics_names_t {
    const orders_api_t *const *apis; /**< ended by NULL */
    const char *const *jobs;         /**< their index is that of orders_metrics_job_run() */
    size_t job_count;
} orders_metrics_names_t;

/* --- the memory -------------------------------------------------------------------------------------------------- */

/** Memory with another layout cannot be used: it belongs to a module of another build that ran under the same parent process. */
uint64_t orders_metrics_layout(const orders_metrics_names_t *names);

/**
 * Sets the memory of this process, which is zero or has the layout of `names`. Before threads start. NULL: nothing is recorded any more.
 */
void orders_metrics_use(orders_metrics_t *memory, const orders_metrics_names_t *names);

/** The memory, or NULL. */
orders_metrics_t *orders_metrics(void);
/** The names that orders_metrics_use() was given. */
const orders_metrics_names_t *orders_metrics_names(void);

/** Adds a channel. Parent process only, before children are created. */
void orders_metrics_add_channel(const char *name);

/** Reserves the gauges of this process. Before threads start. */
void orders_metrics_enter_process(int64_t pid);
/** Frees the gauges of a process that has ended. */
void orders_metrics_leave_process(int64_t pid);
/** The gauges of this process. Never NULL: a process without a place in the memory has gauges that are not read. */
orders_process_metrics_t *orders_metrics_process(void);

/* --- recording ---------------------------------------------------------------------------------------------------- */

/** A response of an API. Times are in microseconds. */
typedef struct orders_request_sample_t {
    const orders_api_t *api;
    const orders_route_t *route; /**< NULL: no route matches */
    int status;
    apr_interval_time_t duration;
    apr_interval_time_t queue;    /**< negative: no session was requested */
    apr_interval_time_t database; /**< negative: no session was used */
} orders_request_sample_t;

void orders_metrics_request(const orders_request_sample_t *sample);
/**
 * Records whether the last attempt to connect to the database of a connection pool was successful. Any process ends an outage: a process without
 * requests does not try. `pool`: its index in the configuration.
 */
void orders_metrics_outage(size_t pool, bool outage);
void orders_metrics_limiter_refused(orders_limiter_refusal_e refusal);
void orders_metrics_cache_lookup(orders_cache_lookup_e result);
/** `duration` is ignored for a call that was not made. */
void orders_metrics_provider_call(const char *channel, orders_provider_call_e outcome,
                                  apr_interval_time_t duration);
void orders_metrics_mail(orders_mail_outcome_e outcome, apr_interval_time_t duration);
void orders_metrics_webhook(orders_webhook_attempt_e outcome, apr_interval_time_t duration);
void orders_metrics_schema_version(int version);

/** A run of a job. */
typedef struct orders_job_sample_t {
    size_t job;          /**< index in orders_metrics_names_t.jobs */
    const char *channel; /**< or NULL */
    int64_t items, failures;
    bool success; /**< the run reached the database, and no item failed */
} orders_job_sample_t;

void orders_metrics_job_run(const orders_job_sample_t *sample);

/** Changes a gauge of orders_metrics_process(). */
static inline void orders_metrics_change(int64_t *gauge, int64_t by)
{
    __atomic_add_fetch(gauge, by, __ATOMIC_RELAXED);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static inline uint64_t orders_metrics_load(const uint64_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static inline int64_t orders_metrics_gauge(const int64_t *gauge)
{
    return __atomic_load_n(gauge, __ATOMIC_RELAXED);
}

/** The number of values in a histogram. */
uint64_t orders_metrics_count(const orders_histogram_t *histogram);

/** Index of the counters of a route in orders_metrics_t.routes; `route` NULL: of requests of the API without a route. */
size_t orders_metrics_route_index(const orders_api_t *api, const orders_route_t *route);
/** Index of an API in orders_metrics_t.apis. */
size_t orders_metrics_api_index(const orders_api_t *api);

/** Sums over all routes, and over all processes that have not ended. */
typedef struct orders_metrics_totals_t {
    uint64_t requests[ORDERS_METRICS_CLASSES]; /**< by status / 100 */
    int64_t processes;
    int64_t limit, allowed, in_use, waiting; /**< as in orders_process_metrics_t */
    int64_t outages;                         /**< connection pools whose database is unreachable */
} orders_metrics_totals_t;

/** All zero in a process without the memory. */
orders_metrics_totals_t orders_metrics_totals(void);

#endif
