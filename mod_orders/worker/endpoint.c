/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/endpoint.h"

#include <apr_strings.h>
#include <apr_uuid.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/json_writer.h"
#include "net/http_client.h"
#include "webhooks/signature.h"
#include "worker/attempt.h"
#include "worker/bodies.h"

/** Messages that one statement reads: for an endpoint with a window of 1, and for other endpoints. */
#define FEW_MESSAGES 10
#define MANY_MESSAGES 100
/** Messages in memory, of all endpoints: while there are more, only an endpoint that has no message in memory reads messages. */
#define MAX_QUEUED 2000
/** Results are recorded when there are MAX_RESULTS of them, or after this time. */
#define MAX_RESULTS 50
#define RESULT_TIME apr_time_from_msec(200)
/** While a transfer lasts, messages that have been added since the last statement are read at this interval. */
#define READ_INTERVAL apr_time_from_sec(1)
/** The first window of an endpoint that works: more than 1, so that a message without a response does not delay the others. */
#define FIRST_WINDOW 2
/** Failures in a row after which an endpoint that worked before is paused. */
#define MAX_FAILURES 5
#define MIN_PAUSE 2
#define MAX_PAUSE 60
/** The longest pause of an endpoint by a Retry-After. The message itself waits for the whole time of its Retry-After. */
#define MAX_REQUESTED_PAUSE 300
/** How often the delay doubles while the statements about an endpoint fail. */
#define MAX_DOUBLINGS 5

/** Messages of one statement share a pool. */
typedef struct batch_t {
    apr_pool_t *pool;
    int left;
} batch_t;

typedef struct delivery_t {
    struct delivery_t *next;
    orders_endpoint_t *endpoint;
    batch_t *batch;
    int64_t id, subject_id;
    const char *subject, *message_id, *body;
    orders_http_outcome_t outcome;
} delivery_t;

/**
 * As orders_delivery_failed(), but delays only the statements about this endpoint, each time for longer. Otherwise an endpoint whose
 * statements always fail, or wait for a lock, would delay all others.
 */
static bool endpoint_failed(orders_endpoint_t *endpoint, const orders_problem_t *problem)
{
    if (!orders_delivery_failed(endpoint->run, problem)) {
        endpoint->refusals = 0;
        return false;
    }
    endpoint->retry_at = orders_clock_now() + (ORDERS_DELIVERY_RETRY_TIME << endpoint->refusals);
    endpoint->refusals += endpoint->refusals < MAX_DOUBLINGS;
    return true;
}

static bool may_execute(const orders_endpoint_t *endpoint)
{
    const apr_time_t now = orders_clock_now();

    return now >= endpoint->run->retry_at && now >= endpoint->retry_at;
}

static bool is_same(const unsigned char *a, const unsigned char *b, apr_size_t length)
{
    return a == b || (a && b && !memcmp(a, b, length));
}

static const unsigned char *copy_uuid(apr_pool_t *pool, const unsigned char *uuid)
{
    return uuid ? apr_pmemdup(pool, uuid, 16) : NULL;
}

/** Copies a target with its texts if it has changed. Most renewals change nothing, and must not fill the memory of a long run. */
static bool set_target(orders_endpoint_t *endpoint, const orders_webhook_target_t *target)
{
    orders_webhook_target_t *own = &endpoint->target;
    apr_pool_t *pool = endpoint->pool;

    own->failing_since = target->failing_since;
    if (own->url && !strcmp(own->url, target->url) && !strcmp(own->payload, target->payload) &&
        is_same(own->salt, target->salt, 16) &&
        is_same(own->former_salt, target->former_salt, 16)) {
        return true;
    }
    *own = (orders_webhook_target_t){.id = target->id,
                                     .public_id = copy_uuid(pool, target->public_id),
                                     .url = apr_pstrdup(pool, target->url),
                                     .payload = apr_pstrdup(pool, target->payload),
                                     .salt = copy_uuid(pool, target->salt),
                                     .former_salt = copy_uuid(pool, target->former_salt),
                                     .failing_since = target->failing_since};
    return orders_webhook_keys(&endpoint->keys, own, &endpoint->run->settings, pool);
}

static apr_time_t lease_end(const orders_delivery_run_t *run, apr_time_t from)
{
    return from + apr_time_from_sec(run->lease.seconds);
}

orders_endpoint_t *orders_endpoint_open(orders_delivery_run_t *run, int32_t tenant,
                                        const orders_webhook_target_t *target,
                                        apr_time_t claimed_at)
{
    orders_endpoint_t *endpoint;
    apr_pool_t *pool;

    apr_pool_create(&pool, run->pool);
    apr_pool_tag(pool, "orders_endpoint");
    endpoint = apr_pcalloc(pool, sizeof *endpoint);
    *endpoint = (orders_endpoint_t){.run = run,
                                    .tenant = tenant,
                                    .pool = pool,
                                    .window = target->failing_since ? 1 : FIRST_WINDOW,
                                    .was_failing = target->failing_since != 0,
                                    .opened_at = claimed_at,
                                    .leased_until = lease_end(run, claimed_at)};
    if (!set_target(endpoint, target)) {
        apr_pool_destroy(pool);
        return NULL;
    }
    return endpoint;
}

static void free_delivery(delivery_t *delivery)
{
    batch_t *batch = delivery->batch;

    delivery->endpoint->run->queued--;
    if (--batch->left == 0) {
        apr_pool_destroy(batch->pool);
    }
}

static void drop_queue(orders_endpoint_t *endpoint)
{
    while (endpoint->queue) {
        delivery_t *first = endpoint->queue;

        endpoint->queue = first->next;
        endpoint->waiting--;
        free_delivery(first);
    }
}

static void cancel_transfers(orders_endpoint_t *endpoint)
{
    for (int i = 0; i < endpoint->in_flight; i++) {
        orders_http_sender_cancel_of(endpoint->run->sender, endpoint->flying[i]);
        free_delivery(endpoint->flying[i]);
    }
    endpoint->in_flight = 0;
}

static void lose(orders_endpoint_t *endpoint)
{
    endpoint->lost = true;
    cancel_transfers(endpoint);
    drop_queue(endpoint);
}

void orders_endpoint_update(orders_endpoint_t *endpoint, const orders_webhook_target_t *target,
                            apr_time_t renewed_at)
{
    if (target && set_target(endpoint, target)) {
        endpoint->drained &= !endpoint->lost;
        endpoint->lost = false;
        endpoint->leased_until = lease_end(endpoint->run, renewed_at);
    } else {
        lose(endpoint);
    }
}

/* --- reading messages ------------------------------------------------------------------------------------------------ */

static bool is_known(const orders_endpoint_t *endpoint, int64_t id)
{
    for (int i = 0; i < endpoint->in_flight; i++) {
        if (endpoint->flying[i]->id == id) {
            return true;
        }
    }
    for (const delivery_t *at = endpoint->queue; at; at = at->next) {
        if (at->id == id) {
            return true;
        }
    }
    for (const delivery_t *at = endpoint->ended; at; at = at->next) {
        if (at->id == id) {
            return true;
        }
    }
    return false;
}

/** Removes messages that are already in the queue of the endpoint. */
static void keep_new(const orders_endpoint_t *endpoint, apr_array_header_t *messages)
{
    int kept = 0;

    for (int i = 0; i < messages->nelts; i++) {
        const orders_webhook_message_t message =
            APR_ARRAY_IDX(messages, i, orders_webhook_message_t);

        if (!is_known(endpoint, message.id)) {
            APR_ARRAY_IDX(messages, kept++, orders_webhook_message_t) = message;
        }
    }
    messages->nelts = kept;
}

/** Appends the messages to the queue. Copies what a transfer needs. */
static void enqueue(orders_endpoint_t *endpoint, const apr_array_header_t *messages)
{
    delivery_t **last = &endpoint->queue;
    batch_t *batch;
    apr_pool_t *pool;

    if (!messages->nelts) {
        return;
    }
    apr_pool_create(&pool, endpoint->pool);
    apr_pool_tag(pool, "orders_messages");
    batch = apr_palloc(pool, sizeof *batch);
    *batch = (batch_t){.pool = pool, .left = messages->nelts};
    while (*last) {
        last = &(*last)->next;
    }
    for (int i = 0; i < messages->nelts; i++) {
        const orders_webhook_message_t *message =
            &APR_ARRAY_IDX(messages, i, orders_webhook_message_t);
        delivery_t *delivery = apr_palloc(pool, sizeof *delivery);

        *delivery = (delivery_t){.endpoint = endpoint,
                                 .batch = batch,
                                 .id = message->id,
                                 .subject_id = message->subject_id,
                                 .subject = apr_pstrdup(pool, message->subject),
                                 .message_id = apr_pstrdup(pool, message->message_id),
                                 .body = apr_pstrdup(pool, message->body)};
        *last = delivery;
        last = &delivery->next;
    }
    endpoint->waiting += messages->nelts;
    endpoint->run->queued += messages->nelts;
}

static void read_messages(orders_endpoint_t *endpoint)
{
    orders_delivery_run_t *run = endpoint->run;
    const orders_reader_t reader = orders_delivery_reader(run, endpoint->tenant);
    const int known = endpoint->waiting + endpoint->in_flight + endpoint->results;
    const int limit = known + (endpoint->window > 1 ? MANY_MESSAGES : FEW_MESSAGES);
    apr_array_header_t *messages;
    orders_problem_t *problem =
        orders_webhook_queue_take(&reader, endpoint->target.id, limit, &messages);

    endpoint->read_at = orders_clock_now();
    if (!problem) {
        endpoint->drained = messages->nelts < limit;
        keep_new(endpoint, messages);
        problem = orders_webhook_add_bodies(&reader, &endpoint->target, messages);
    }
    if (!endpoint_failed(endpoint, problem)) {
        enqueue(endpoint, messages);
    }
}

/* --- transfers ------------------------------------------------------------------------------------------------------- */

/** The pause after a failure, in seconds; 0: no pause. */
static int pause_after(const orders_endpoint_t *endpoint, const orders_http_outcome_t *outcome)
{
    const apr_time_t since = endpoint->target.failing_since;
    const int failing = since ? (int)apr_time_sec(apr_time_now() - since) : 0;
    const int pause = failing / 8;

    if (outcome->retry_after && (outcome->status == 429 || outcome->status == 503)) {
        return outcome->retry_after < MAX_REQUESTED_PAUSE ? outcome->retry_after
                                                          : MAX_REQUESTED_PAUSE;
    }
    if (!endpoint->was_failing && endpoint->failures < MAX_FAILURES) {
        return 0;
    }
    return pause < MIN_PAUSE ? MIN_PAUSE : pause > MAX_PAUSE ? MAX_PAUSE : pause;
}

static void adapt(orders_endpoint_t *endpoint, const orders_http_outcome_t *outcome)
{
    if (outcome->arrived) {
        endpoint->failures = 0;
        endpoint->was_failing = false;
        endpoint->window = endpoint->window < ORDERS_ENDPOINT_MAX_WINDOW / 2
                               ? 2 * endpoint->window
                               : ORDERS_ENDPOINT_MAX_WINDOW;
        return;
    }
    endpoint->failures++;
    endpoint->window = 1;
    endpoint->pause = pause_after(endpoint, outcome);
}

/** orders_http_message_t.done. */
static void end_transfer(void *context, const orders_http_outcome_t *outcome)
{
    delivery_t *delivery = context, **last;
    orders_endpoint_t *endpoint = delivery->endpoint;
    int at = 0;

    while (endpoint->flying[at] != delivery) {
        at++;
    }
    endpoint->flying[at] = endpoint->flying[--endpoint->in_flight];
    delivery->outcome = *outcome;
    delivery->next = NULL;
    for (last = &endpoint->ended; *last; last = &(*last)->next) {}
    *last = delivery;
    if (!endpoint->results++) {
        endpoint->first_result = orders_clock_now();
    }
    adapt(endpoint, outcome);
}

static bool start_transfer(orders_endpoint_t *endpoint, delivery_t *delivery)
{
    const orders_message_t message = {
        .id = delivery->message_id, .body = delivery->body, .length = strlen(delivery->body)};
    apr_table_t *headers =
        orders_webhook_headers(&endpoint->keys, &message, apr_time_now(), delivery->batch->pool);
    const orders_http_message_t sent = {.url = endpoint->target.url,
                                        .headers = headers,
                                        .body = delivery->body,
                                        .length = message.length,
                                        .done = end_transfer,
                                        .context = delivery};

    return headers && orders_http_sender_add(endpoint->run->sender, &sent);
}

static bool is_in_flight(const orders_endpoint_t *endpoint, const delivery_t *delivery)
{
    for (int i = 0; i < endpoint->in_flight; i++) {
        if (endpoint->flying[i]->subject_id == delivery->subject_id &&
            !strcmp(endpoint->flying[i]->subject, delivery->subject)) {
            return true;
        }
    }
    return false;
}

static bool may_start(const orders_endpoint_t *endpoint)
{
    return !endpoint->pause && !endpoint->lost && !endpoint->yields &&
           endpoint->in_flight < endpoint->window &&
           (!endpoint->in_flight ||
            orders_http_sender_active(endpoint->run->sender) < ORDERS_ENDPOINT_MAX_TRANSFERS);
}

/** Starts the first messages whose subject has no transfer. */
static void start_transfers(orders_endpoint_t *endpoint)
{
    delivery_t **at = &endpoint->queue;

    while (*at && may_start(endpoint)) {
        delivery_t *delivery = *at;

        if (is_in_flight(endpoint, delivery)) {
            at = &delivery->next;
            continue;
        }
        if (!start_transfer(endpoint, delivery)) {
            break; /* out of memory: again in the next turn */
        }
        *at = delivery->next;
        endpoint->waiting--;
        endpoint->flying[endpoint->in_flight++] = delivery;
    }
}

/* --- results --------------------------------------------------------------------------------------------------------- */

/** Logs the changes of the endpoint. The URL may hold a credential, so the line has only its host. */
static void log_progress(const orders_endpoint_t *endpoint,
                         const orders_webhook_progress_t *progress,
                         const orders_http_outcome_t *last)
{
    const orders_log_t *log = endpoint->run->job->context->log;
    apr_pool_t *pool = endpoint->run->scratch;
    char uuid[APR_UUID_FORMATTED_LENGTH + 1];
    const char *name,
        *reason = last->error ? last->error : apr_psprintf(pool, "status %d", last->status);

    apr_uuid_format(uuid, (const apr_uuid_t *)endpoint->target.public_id);
    name = apr_psprintf(pool, "webhook %s of tenant %d, host %s", uuid, (int)endpoint->tenant,
                        orders_http_host(pool, endpoint->target.url));
    if (progress->began_failing) {
        orders_log(log, ORDERS_LOG_WARNING, "%s: failing: %s", name, reason);
    }
    if (progress->recovered) {
        orders_log(log, ORDERS_LOG_NOTICE, "%s: works again", name);
    }
    if (progress->disabled) {
        orders_log(log, ORDERS_LOG_WARNING, "%s: disabled (%s)", name, progress->disabled_reason);
    }
}

/** Counts the results, of which `dead` have failed for the last time. */
static void count_results(const orders_endpoint_t *endpoint, int64_t dead)
{
    for (const delivery_t *at = endpoint->ended; at; at = at->next) {
        orders_attempt_count(&at->outcome, &dead);
    }
}

static void free_results(orders_endpoint_t *endpoint)
{
    while (endpoint->ended) {
        delivery_t *first = endpoint->ended;

        endpoint->ended = first->next;
        free_delivery(first);
    }
    endpoint->results = 0;
}

/** Records all results. False: they are kept for another attempt. */
static bool record_results(orders_endpoint_t *endpoint)
{
    orders_delivery_run_t *run = endpoint->run;
    const orders_reader_t reader = orders_delivery_reader(run, endpoint->tenant);
    orders_json_t *json = orders_json_open(reader.pool);
    orders_webhook_progress_t *progress;
    orders_http_outcome_t last = {.status = 0};

    orders_json_begin_array(json);
    for (const delivery_t *at = endpoint->ended; at; at = at->next) {
        orders_attempt_write(json, at->id, &at->outcome);
        last = at->outcome;
    }
    orders_json_end_array(json);
    if (endpoint_failed(endpoint, orders_webhook_queue_record(
                                      &reader, endpoint->target.id,
                                      orders_json_text(json, reader.pool, NULL), &progress))) {
        return false;
    }
    run->job->tally->done += endpoint->results;
    count_results(endpoint, progress ? progress->dead : 0);
    free_results(endpoint);
    if (progress) {
        endpoint->target.failing_since = progress->failing_since;
        log_progress(endpoint, progress, &last);
    }
    if (!progress || strcmp(progress->state, "enabled") != 0) {
        lose(endpoint);
    }
    return true;
}

static bool must_record(const orders_endpoint_t *endpoint)
{
    return endpoint->results &&
           (endpoint->results >= MAX_RESULTS || !endpoint->in_flight || endpoint->lost ||
            orders_attempt_is_gone(&endpoint->ended->outcome) ||
            orders_clock_now() - endpoint->first_result >= RESULT_TIME);
}

/**
 * Whether to look for further messages. While a transfer lasts, every READ_INTERVAL: a message without a response must not delay the other
 * messages of its endpoint.
 */
static bool may_have_more(const orders_endpoint_t *endpoint)
{
    return !endpoint->drained || (endpoint->in_flight && endpoint->in_flight < endpoint->window &&
                                  orders_clock_now() - endpoint->read_at >= READ_INTERVAL);
}

static bool must_read(const orders_endpoint_t *endpoint)
{
    return !endpoint->lost && !endpoint->pause && !endpoint->yields && may_have_more(endpoint) &&
           endpoint->waiting < 2 * endpoint->window &&
           (!endpoint->waiting || endpoint->run->queued < MAX_QUEUED);
}

void orders_endpoint_work(orders_endpoint_t *endpoint)
{
    const orders_delivery_run_t *run = endpoint->run;
    const apr_time_t now = orders_clock_now();

    if (now >= endpoint->leased_until - apr_time_from_sec(run->lease.seconds / 4)) {
        lose(endpoint); /* the renewals have failed: another worker may claim it soon */
    }
    if (endpoint->pause || endpoint->yields) {
        drop_queue(endpoint);
    }
    if (may_execute(endpoint) && must_record(endpoint)) {
        (void)record_results(endpoint);
    }
    if (may_execute(endpoint) && must_read(endpoint)) {
        read_messages(endpoint);
    }
    start_transfers(endpoint);
}

bool orders_endpoint_is_idle(const orders_endpoint_t *endpoint)
{
    const bool read = endpoint->drained || endpoint->pause || endpoint->lost || endpoint->yields;

    return read && !endpoint->waiting && !endpoint->in_flight && !endpoint->results;
}

bool orders_endpoint_release(orders_endpoint_t *endpoint)
{
    orders_delivery_run_t *run = endpoint->run;

    if (!endpoint->lost && may_execute(endpoint)) {
        const orders_reader_t reader = orders_delivery_reader(run, endpoint->tenant);

        endpoint->lost =
            !endpoint_failed(endpoint, orders_webhook_queue_release(&reader, endpoint->target.id,
                                                                    endpoint->pause, &run->lease));
    }
    return endpoint->lost;
}

void orders_endpoint_close(orders_endpoint_t *endpoint)
{
    orders_delivery_run_t *run = endpoint->run;

    cancel_transfers(endpoint);
    drop_queue(endpoint);
    if (endpoint->results && orders_clock_now() >= run->retry_at) {
        (void)record_results(endpoint);
    }
    endpoint->retry_at = 0;
    (void)orders_endpoint_release(endpoint);
    free_results(endpoint);
    apr_pool_destroy(endpoint->pool);
}
