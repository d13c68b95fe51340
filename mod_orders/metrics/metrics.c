/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics/metrics.h"

#include <string.h>

#include "core/route.h"

#define FNV_START 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

/** Set before threads start, constant afterwards. */
static struct {
    orders_metrics_t *memory;
    const orders_metrics_names_t *names;
    size_t
        first_route[ORDERS_METRICS_APIS]; /**< by index of the API: its requests without a route */
    orders_process_metrics_t *process;
} own;

/** The gauges of a process without a place in the memory. */
static orders_process_metrics_t unread;

static uint64_t add_to_hash(uint64_t hash, const char *text)
{
    size_t length = strlen(text) + 1; /* the NUL separates the texts */

    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (unsigned char)text[i]) * FNV_PRIME;
    }
    return hash;
}

uint64_t orders_metrics_layout(const orders_metrics_names_t *names)
{
    uint64_t hash = (FNV_START ^ sizeof(orders_metrics_t)) * FNV_PRIME;

    for (const orders_api_t *const *api = names->apis; *api; api++) {
        hash = add_to_hash(hash, (*api)->name);
        for (size_t i = 0; i < orders_route_count(*api); i++) {
            hash = add_to_hash(hash, orders_route_at(*api, i)->name);
        }
    }
    for (size_t i = 0; i < names->job_count; i++) {
        hash = add_to_hash(hash, names->jobs[i]);
    }
    return hash;
}

void orders_metrics_use(orders_metrics_t *memory, const orders_metrics_names_t *names)
{
    size_t next = 0;

    memset(&own, 0, sizeof own);
    if (!memory) {
        return;
    }
    for (size_t i = 0; i < ORDERS_METRICS_APIS && names->apis[i]; i++) {
        own.first_route[i] = next;
        next += 1 + orders_route_count(names->apis[i]);
    }
    own.memory = memory;
    own.names = names;
    for (size_t i = 0; i < ORDERS_METRICS_POOLS; i++) {
        orders_metrics_outage(i, false); /* a new configuration may have fewer pools */
    }
    if (!memory->layout) {
        memory->created_at = apr_time_now();
        memory->schema_version = -1;
        memory->layout = orders_metrics_layout(names);
    }
}

orders_metrics_t *orders_metrics(void)
{
    return own.memory;
}

const orders_metrics_names_t *orders_metrics_names(void)
{
    return own.names;
}

/** The index of a channel in `channels`; the last one for an unknown channel. */
static size_t channel_index(const char *name)
{
    const size_t count = (size_t)__atomic_load_n(&own.memory->channel_count, __ATOMIC_ACQUIRE);

    for (size_t i = 0; i < count; i++) {
        if (!strcmp(own.memory->channel_names[i], name)) {
            return i;
        }
    }
    return ORDERS_METRICS_CHANNELS;
}

void orders_metrics_add_channel(const char *name)
{
    orders_metrics_t *memory = own.memory;
    const size_t length = strlen(name);

    if (memory && length <= ORDERS_METRICS_CHANNEL_NAME &&
        channel_index(name) == ORDERS_METRICS_CHANNELS &&
        memory->channel_count < ORDERS_METRICS_CHANNELS) {
        memcpy(memory->channel_names[memory->channel_count], name, length + 1);
        /* release order: children of an earlier configuration that see the count also see the name */
        __atomic_store_n(&memory->channel_count, memory->channel_count + 1, __ATOMIC_RELEASE);
    }
}

static void clear_gauges(orders_process_metrics_t *process)
{
    process->limit = process->allowed = process->in_use = process->waiting = 0;
}

void orders_metrics_enter_process(int64_t pid)
{
    own.process = NULL;
    if (!own.memory) {
        return;
    }
    orders_metrics_leave_process(pid); /* of an earlier process with this id */
    for (size_t i = 0; i < ORDERS_METRICS_PROCESSES && !own.process; i++) {
        int64_t none = 0;

        if (__atomic_compare_exchange_n(&own.memory->processes[i].pid, &none, pid, false,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
            own.process = &own.memory->processes[i];
        }
    }
}

void orders_metrics_leave_process(int64_t pid)
{
    for (size_t i = 0; own.memory && i < ORDERS_METRICS_PROCESSES; i++) {
        orders_process_metrics_t *process = &own.memory->processes[i];

        if (orders_metrics_gauge(&process->pid) == pid) {
            clear_gauges(process);
            __atomic_store_n(&process->pid, 0, __ATOMIC_RELEASE);
        }
    }
}

orders_process_metrics_t *orders_metrics_process(void)
{
    return own.process ? own.process : &unread;
}

static void count(uint64_t *counter)
{
    __atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

static void observe(orders_histogram_t *histogram, apr_interval_time_t value)
{
    static const apr_interval_time_t bounds[] = {
#define X(bound, label) bound,
        ORDERS_BUCKETS(X)
#undef X
    };
    size_t i = 0;

    while (i < ORDERS_BUCKET_INF && value > bounds[i]) {
        i++;
    }
    count(&histogram->bucket[i]);
    __atomic_add_fetch(&histogram->sum, (uint64_t)(value > 0 ? value : 0), __ATOMIC_RELAXED);
}

size_t orders_metrics_api_index(const orders_api_t *api)
{
    size_t i = 0;

    while (i < ORDERS_METRICS_APIS - 1 && own.names->apis[i] && own.names->apis[i] != api) {
        i++;
    }
    return i;
}

size_t orders_metrics_route_index(const orders_api_t *api, const orders_route_t *route)
{
    const size_t first = own.first_route[orders_metrics_api_index(api)];
    const size_t index = first + (route ? 1 + orders_route_position(api, route) : 0);

    return index < ORDERS_METRICS_ROUTES   ? index
           : first < ORDERS_METRICS_ROUTES ? first
                                           : ORDERS_METRICS_ROUTES - 1;
}

void orders_metrics_request(const orders_request_sample_t *sample)
{
    const int class = sample->status / 100;
    orders_route_metrics_t *route;
    orders_api_metrics_t *api;

    if (!own.memory) {
        return;
    }
    route = &own.memory->routes[orders_metrics_route_index(sample->api, sample->route)];
    api = &own.memory->apis[orders_metrics_api_index(sample->api)];
    count(&route->requests[class > 0 && class < ORDERS_METRICS_CLASSES ? class : 0]);
    observe(&route->duration, sample->duration);
    if (sample->queue >= 0) {
        observe(&api->queue, sample->queue);
    }
    if (sample->database >= 0) {
        observe(&api->database, sample->database);
    }
}

void orders_metrics_outage(size_t pool, bool outage)
{
    int64_t *own_outage =
        own.memory && pool < ORDERS_METRICS_POOLS ? &own.memory->outages[pool] : NULL;

    if (own_outage && orders_metrics_gauge(own_outage) != outage) {
        __atomic_store_n(own_outage, (int64_t)outage, __ATOMIC_RELAXED);
    }
}

void orders_metrics_limiter_refused(orders_limiter_refusal_e refusal)
{
    if (own.memory) {
        count(&own.memory->limiter_refused[refusal]);
    }
}

void orders_metrics_cache_lookup(orders_cache_lookup_e result)
{
    if (own.memory) {
        count(&own.memory->cache_lookups[result]);
    }
}

void orders_metrics_provider_call(const char *channel, orders_provider_call_e outcome,
                                  apr_interval_time_t duration)
{
    orders_channel_metrics_t *counters;

    if (!own.memory) {
        return;
    }
    counters = &own.memory->channels[channel_index(channel)];
    count(&counters->calls[outcome]);
    if (outcome != ORDERS_PROVIDER_CALL_SUSPENDED) {
        observe(&counters->duration, duration);
    }
}

void orders_metrics_mail(orders_mail_outcome_e outcome, apr_interval_time_t duration)
{
    if (own.memory) {
        count(&own.memory->mails[outcome]);
        observe(&own.memory->mail_duration, duration);
    }
}

void orders_metrics_webhook(orders_webhook_attempt_e outcome, apr_interval_time_t duration)
{
    if (own.memory) {
        count(&own.memory->webhook_attempts[outcome]);
        observe(&own.memory->webhook_duration, duration);
    }
}

void orders_metrics_schema_version(int version)
{
    if (own.memory) {
        __atomic_store_n(&own.memory->schema_version, (int64_t)version, __ATOMIC_RELAXED);
    }
}

void orders_metrics_job_run(const orders_job_sample_t *sample)
{
    const int64_t now = apr_time_now();
    orders_job_metrics_t *job;

    if (!own.memory || sample->job >= own.names->job_count || sample->job >= ORDERS_METRICS_JOBS) {
        return;
    }
    job = &own.memory->jobs[sample->job][sample->channel ? 1 + channel_index(sample->channel) : 0];
    count(&job->runs);
    __atomic_add_fetch(&job->items, (uint64_t)sample->items, __ATOMIC_RELAXED);
    __atomic_add_fetch(&job->failures, (uint64_t)sample->failures, __ATOMIC_RELAXED);
    __atomic_store_n(&job->last_run, now, __ATOMIC_RELAXED);
    if (sample->success) {
        __atomic_store_n(&job->last_success, now, __ATOMIC_RELAXED);
    }
}

uint64_t orders_metrics_count(const orders_histogram_t *histogram)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < ORDERS_BUCKET__COUNT; i++) {
        sum += orders_metrics_load(&histogram->bucket[i]);
    }
    return sum;
}

static void add_processes(orders_metrics_totals_t *totals)
{
    for (size_t i = 0; i < ORDERS_METRICS_PROCESSES; i++) {
        const orders_process_metrics_t *process = &own.memory->processes[i];

        if (orders_metrics_gauge(&process->pid)) {
            totals->processes++;
            totals->limit += orders_metrics_gauge(&process->limit);
            totals->allowed += orders_metrics_gauge(&process->allowed);
            totals->in_use += orders_metrics_gauge(&process->in_use);
            totals->waiting += orders_metrics_gauge(&process->waiting);
        }
    }
}

orders_metrics_totals_t orders_metrics_totals(void)
{
    orders_metrics_totals_t totals = {.processes = 0};

    if (!own.memory) {
        return totals;
    }
    for (size_t i = 0; i < ORDERS_METRICS_ROUTES; i++) {
        for (size_t class = 0; class < ORDERS_METRICS_CLASSES; class ++) {
            totals.requests[class] += orders_metrics_load(&own.memory->routes[i].requests[class]);
        }
    }
    for (size_t i = 0; i < ORDERS_METRICS_POOLS; i++) {
        totals.outages += orders_metrics_gauge(&own.memory->outages[i]);
    }
    add_processes(&totals);
    return totals;
}
