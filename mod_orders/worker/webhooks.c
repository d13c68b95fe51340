/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Webhooks: the fan-out of events, and the delivery of messages. A run of the delivery owns up to MAX_OWNED endpoints of all tenants and drives their
 * transfers on its thread, so that a slow or hung receiver occupies no thread and does not delay other receivers.
 */
#include <openssl/rand.h>

#include "core/clock.h"
#include "core/trouble.h"
#include "store/webhook_queue.h"
#include "store/worker.h"
#include "worker/endpoint.h"
#include "worker/step.h"

/** The maximum number of endpoints of a run, and of failing endpoints among them: the others are for receivers that work. */
#define MAX_OWNED 256
#define MAX_FAILING 128
/** While MAX_OWNED endpoints are owned, each is released after this time, so that other endpoints are served. */
#define TIME_SLICE apr_time_from_sec(5)
/** Seconds until a failing endpoint is claimed again if there are too many of them. */
#define FAILING_PAUSE 5
#define LEASE_SECONDS 60
#define CLAIM_INTERVAL apr_time_from_msec(500)
#define RENEW_INTERVAL apr_time_from_sec(2)
/** The interval at which the counters of the run are published. */
#define PUBLISH_INTERVAL apr_time_from_sec(2)
/** A run without endpoints ends after this time. Until then it keeps the connections to receivers. */
#define IDLE_TIME apr_time_from_sec(10)
/** Bounds the time until a stop is noticed, and until a claim. */
#define WAIT_MS 100
/** How often the transfers are driven while the endpoints execute statements. */
#define DRIVE_INTERVAL apr_time_from_msec(50)
/** How long a stopping run records results and releases endpoints. */
#define STOP_TIME apr_time_from_sec(2)
#define TIMEOUT_MS 15000

orders_problem_t *orders_job_tenants_with_events(const orders_reader_t *reader,
                                                 const orders_channel_t *channel,
                                                 apr_array_header_t **tenants)
{
    return orders_webhook_queue_tenants(reader, tenants);
}

orders_problem_t *orders_job_fan_out_events(const orders_job_run_t *run, int64_t *count)
{
    return orders_webhook_queue_fan_out(&run->reader, run->batch, count);
}

typedef struct delivery_loop_t {
    orders_delivery_run_t run;
    orders_endpoint_t *endpoints;
    int owned;
    int32_t last_tenant; /**< the last one whose endpoints were claimed */
    apr_time_t drive_at, claim_at, renew_at, publish_at, idle_since;
} delivery_loop_t;

static int count_failing(const delivery_loop_t *loop)
{
    int count = 0;

    for (const orders_endpoint_t *at = loop->endpoints; at; at = at->next) {
        count += at->target.failing_since || at->failures;
    }
    return count;
}

/** Returns an endpoint that was just claimed. */
static void return_endpoint(delivery_loop_t *loop, int32_t tenant, int64_t id)
{
    apr_pool_t *pool;

    apr_pool_create(&pool, loop->run.pool);
    const orders_reader_t reader = {
        .database = loop->run.job->context->database, .pool = pool, .tenant = tenant};

    (void)orders_delivery_failed(
        &loop->run, orders_webhook_queue_release(&reader, id, FAILING_PAUSE, &loop->run.lease));
    apr_pool_destroy(pool);
}

static orders_endpoint_t *find_endpoint(const delivery_loop_t *loop, int32_t tenant, int64_t id)
{
    orders_endpoint_t *at = loop->endpoints;

    while (at && (at->tenant != tenant || at->target.id != id)) {
        at = at->next;
    }
    return at;
}

/**
 * Takes an endpoint that was claimed, unless too many others fail. An endpoint that was disabled and enabled since the last renewal is
 * claimed again while the run still owns it.
 */
static void add_endpoint(delivery_loop_t *loop, int32_t tenant,
                         const orders_webhook_target_t *target, apr_time_t claimed_at)
{
    const bool surplus = target->failing_since && count_failing(loop) >= MAX_FAILING;
    orders_endpoint_t *endpoint = find_endpoint(loop, tenant, target->id);

    if (endpoint) {
        orders_endpoint_update(endpoint, target, claimed_at);
        return;
    }
    endpoint = surplus ? NULL : orders_endpoint_open(&loop->run, tenant, target, claimed_at);
    if (!endpoint) {
        return_endpoint(loop, tenant, target->id);
        return;
    }
    endpoint->next = loop->endpoints;
    loop->endpoints = endpoint;
    loop->owned++;
}

static bool claim_of_tenant(delivery_loop_t *loop, int32_t tenant)
{
    const orders_reader_t reader = orders_delivery_reader(&loop->run, tenant);
    const apr_time_t now = orders_clock_now();
    apr_array_header_t *targets;

    loop->last_tenant = tenant; /* also when the statement fails, so that the next tenants follow */
    if (orders_delivery_failed(&loop->run,
                               orders_webhook_queue_claim(&reader, MAX_OWNED - loop->owned,
                                                          &loop->run.lease, &targets))) {
        return false;
    }
    for (int i = 0; i < targets->nelts; i++) {
        add_endpoint(loop, tenant, &APR_ARRAY_IDX(targets, i, orders_webhook_target_t), now);
    }
    return true;
}

/** Claims due endpoints, tenant by tenant, starting with the tenant after the last one. */
static void claim_endpoints(delivery_loop_t *loop)
{
    const orders_reader_t reader = orders_delivery_reader(&loop->run, 0);
    apr_array_header_t *tenants;
    int first = 0;

    if (orders_delivery_failed(
            &loop->run, orders_worker_list_tenants_with_due(&reader, "webhook", "", &tenants))) {
        return;
    }
    tenants = apr_array_copy(loop->run.pool_of_turn, tenants);
    while (first < tenants->nelts && APR_ARRAY_IDX(tenants, first, int32_t) <= loop->last_tenant) {
        first++;
    }
    for (int i = 0; i < tenants->nelts && loop->owned < MAX_OWNED; i++) {
        if (!claim_of_tenant(loop, APR_ARRAY_IDX(tenants, (first + i) % tenants->nelts, int32_t))) {
            return;
        }
    }
}

static const orders_webhook_target_t *find_target(const apr_array_header_t *targets, int64_t id)
{
    for (int i = 0; i < targets->nelts; i++) {
        if (APR_ARRAY_IDX(targets, i, orders_webhook_target_t).id == id) {
            return &APR_ARRAY_IDX(targets, i, orders_webhook_target_t);
        }
    }
    return NULL;
}

/** Renews the leases of all endpoints of the tenant. */
static void renew_tenant(delivery_loop_t *loop, int32_t tenant)
{
    const orders_reader_t reader = orders_delivery_reader(&loop->run, tenant);
    const apr_time_t now = orders_clock_now();
    apr_array_header_t *ids = apr_array_make(reader.pool, 32, sizeof(int64_t)), *targets;

    for (const orders_endpoint_t *at = loop->endpoints; at; at = at->next) {
        if (at->tenant == tenant && !at->lost) {
            APR_ARRAY_PUSH(ids, int64_t) = at->target.id;
        }
    }
    if (orders_delivery_failed(
            &loop->run, orders_webhook_queue_renew(&reader, ids, &loop->run.lease, &targets))) {
        return;
    }
    for (orders_endpoint_t *at = loop->endpoints; at; at = at->next) {
        if (at->tenant == tenant && !at->lost) {
            orders_endpoint_update(at, find_target(targets, at->target.id), now);
        }
    }
}

/** Whether an endpoint of the same tenant is before this one in the list. */
static bool is_renewed(const delivery_loop_t *loop, const orders_endpoint_t *endpoint)
{
    const orders_endpoint_t *at = loop->endpoints;

    while (at->tenant != endpoint->tenant) {
        at = at->next;
    }
    return at != endpoint;
}

static void renew_leases(delivery_loop_t *loop)
{
    for (const orders_endpoint_t *at = loop->endpoints; at; at = at->next) {
        if (!is_renewed(loop, at) && orders_clock_now() >= loop->run.retry_at) {
            renew_tenant(loop, at->tenant);
        }
    }
}

static bool is_due(apr_time_t *at, apr_time_t now, apr_interval_time_t interval)
{
    if (now < *at) {
        return false;
    }
    *at = now + interval;
    return true;
}

/** Drives the transfers if the statements of the endpoints took long, so that a response that has arrived is not taken for a timeout. */
static void drive_between(delivery_loop_t *loop)
{
    if (is_due(&loop->drive_at, orders_clock_now(), DRIVE_INTERVAL)) {
        orders_http_sender_drive(loop->run.sender, 0);
    }
}

/** Processes each endpoint, and closes idle endpoints. */
static void work(delivery_loop_t *loop)
{
    const bool is_crowded = loop->owned == MAX_OWNED;
    orders_endpoint_t **at = &loop->endpoints;

    while (*at && !orders_job_stopping(loop->run.job)) {
        orders_endpoint_t *endpoint = *at;

        if (is_crowded && orders_clock_now() - endpoint->opened_at > TIME_SLICE) {
            endpoint->yields = true;
        }
        orders_endpoint_work(endpoint);
        drive_between(loop);
        if (orders_endpoint_is_idle(endpoint) && orders_endpoint_release(endpoint)) {
            *at = endpoint->next;
            loop->owned--;
            orders_endpoint_close(endpoint);
        } else {
            at = &endpoint->next;
        }
    }
}

/** One turn of the loop. */
static void take_turn(delivery_loop_t *loop)
{
    const apr_time_t now = orders_clock_now();

    if (loop->owned) {
        loop->idle_since = now;
    }
    if (now >= loop->run.retry_at && is_due(&loop->renew_at, now, RENEW_INTERVAL)) {
        renew_leases(loop);
    }
    if (now >= loop->run.retry_at && is_due(&loop->claim_at, now, CLAIM_INTERVAL) &&
        loop->owned < MAX_OWNED) {
        apr_pool_clear(loop->run.pool_of_turn);
        claim_endpoints(loop);
    }
    work(loop);
    if (is_due(&loop->publish_at, now, PUBLISH_INTERVAL)) {
        orders_job_publish(loop->run.job);
    }
    orders_http_sender_drive(loop->run.sender, WAIT_MS);
}

/** Records results and releases endpoints, for STOP_TIME at most. The leases of others expire. */
static void stop(delivery_loop_t *loop)
{
    const apr_time_t end = orders_clock_now() + STOP_TIME;

    orders_http_sender_cancel(loop->run.sender);
    for (orders_endpoint_t *at = loop->endpoints, *next; at; at = next) {
        next = at->next;
        if (orders_clock_now() >= end) {
            loop->run.retry_at = end + STOP_TIME; /* no further statement */
        }
        orders_endpoint_close(at);
    }
}

/** False: no random number, or libcurl is out of memory. */
static bool open_loop(delivery_loop_t *loop, const orders_job_run_t *run, apr_pool_t *pool)
{
    const orders_http_sender_rules_t rules = {.timeout_ms = TIMEOUT_MS,
                                              .allowed_hosts = run->context->webhook_hosts};
    unsigned char random[4];

    *loop = (delivery_loop_t){.run = {.job = run,
                                      .pool = pool,
                                      .settings = run->settings,
                                      .lease = {.seconds = LEASE_SECONDS}},
                              .idle_since = orders_clock_now()};
    apr_pool_create(&loop->run.scratch, pool);
    apr_pool_create(&loop->run.pool_of_turn, pool);
    loop->run.sender = orders_http_sender_create(pool, &rules);
    if (!loop->run.sender || RAND_bytes(random, sizeof random) != 1) {
        return false;
    }
    loop->run.lease.owner =
        1 + (int)(((unsigned)random[0] << 16 | (unsigned)random[1] << 8 | random[2]) << 6 |
                  (random[3] & 63));
    return true;
}

/** Without a secret, no message can be signed: a problem if there are messages, at most once in IDLE_TIME. */
static orders_problem_t *refuse_unsigned(const orders_job_run_t *run)
{
    const apr_time_t end = orders_clock_now() + IDLE_TIME;
    apr_array_header_t *tenants;

    ORDERS_TRY(orders_worker_list_tenants_with_due(&run->reader, "webhook", "", &tenants));
    while (!orders_job_stopping(run) && orders_clock_now() < end) {
        apr_sleep(apr_time_from_msec(WAIT_MS));
    }
    return tenants->nelts ? orders_problem_logged(run->reader.pool, ORDERS_E_not_configured,
                                                  "webhooks require OrdersSecretFile")
                          : NULL;
}

orders_problem_t *orders_job_deliver_webhooks(const orders_job_run_t *run)
{
    apr_pool_t *pool = run->reader.pool;
    delivery_loop_t loop;

    if (!run->settings.secret) {
        return refuse_unsigned(run);
    }
    if (!open_loop(&loop, run, pool)) {
        return orders_problem_logged(pool, ORDERS_E_internal_error,
                                     "libcurl or OpenSSL cannot be used for webhooks");
    }
    while (!orders_job_stopping(run) &&
           (loop.owned || orders_clock_now() - loop.idle_since < IDLE_TIME)) {
        take_turn(&loop);
    }
    stop(&loop);
    return NULL;
}
