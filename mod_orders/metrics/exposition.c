/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics/exposition.h"

#include <apr_strings.h>

#include "core/route.h"

typedef orders_metrics_writer_t writer_t;

static const orders_metric_label_t no_labels[ORDERS_MAX_LABELS];

/* --- requests ----------------------------------------------------------------------------------------------------- */

/** Calls `write` for each route of each API that is served, first for its requests without a route. */
static void each_route(writer_t *writer, const orders_metrics_view_t *view,
                       void (*write)(writer_t *writer, const char *api, const char *route,
                                     const orders_route_metrics_t *counters))
{
    const orders_api_t *const *apis = orders_metrics_names()->apis;

    for (size_t i = 0; i < ORDERS_METRICS_APIS && apis[i]; i++) {
        for (size_t j = 0; view->api[i] && j <= orders_route_count(apis[i]); j++) {
            const orders_route_t *route = j ? orders_route_at(apis[i], j - 1) : NULL;

            write(writer, apis[i]->name, route ? route->name : ORDERS_METRICS_NO_ROUTE,
                  &orders_metrics()->routes[orders_metrics_route_index(apis[i], route)]);
        }
    }
}

static void write_route_requests(writer_t *writer, const char *api, const char *route,
                                 const orders_route_metrics_t *counters)
{
    static const char *const classes[ORDERS_METRICS_CLASSES] = {NULL,  "1xx", "2xx",
                                                                "3xx", "4xx", "5xx"};

    for (size_t class = 1; class < ORDERS_METRICS_CLASSES; class ++) {
        const orders_metric_label_t labels[ORDERS_MAX_LABELS] = {
            {"api", api}, {"route", route}, {"status", classes[class]}};
        const uint64_t requests = orders_metrics_load(&counters->requests[class]);

        if (requests || class != 1) {
            orders_metrics_write_count(writer, labels, requests);
        }
    }
}

static void write_histogram(writer_t *writer, const orders_metric_label_t labels[ORDERS_MAX_LABELS],
                            const orders_histogram_t *histogram)
{
    if (orders_metrics_count(histogram)) {
        orders_metrics_write_histogram(writer, labels, histogram);
    }
}

static void write_route_duration(writer_t *writer, const char *api, const char *route,
                                 const orders_route_metrics_t *counters)
{
    const orders_metric_label_t labels[ORDERS_MAX_LABELS] = {{"api", api}, {"route", route}};

    write_histogram(writer, labels, &counters->duration);
}

static void write_requests(writer_t *writer, const orders_metrics_view_t *view)
{
    orders_metrics_begin(writer, ORDERS_METRIC_REQUESTS);
    each_route(writer, view, write_route_requests);
    orders_metrics_begin(writer, ORDERS_METRIC_REQUEST_DURATION);
    each_route(writer, view, write_route_duration);
}

/* --- the database ------------------------------------------------------------------------------------------------- */

static void write_database(writer_t *writer, const orders_metrics_view_t *view)
{
    const orders_api_t *const *apis = orders_metrics_names()->apis;

    orders_metrics_begin(writer, ORDERS_METRIC_DATABASE_QUEUE);
    for (size_t i = 0; i < ORDERS_METRICS_APIS && apis[i]; i++) {
        const orders_metric_label_t labels[ORDERS_MAX_LABELS] = {{"api", apis[i]->name}};

        write_histogram(writer, labels, &orders_metrics()->apis[i].queue);
    }
    orders_metrics_begin(writer, ORDERS_METRIC_DATABASE_DURATION);
    for (size_t i = 0; i < ORDERS_METRICS_APIS && apis[i]; i++) {
        const orders_metric_label_t labels[ORDERS_MAX_LABELS] = {{"api", apis[i]->name}};

        write_histogram(writer, labels, &orders_metrics()->apis[i].database);
    }
}

static void write_gauge(writer_t *writer, orders_metric_e family, int64_t value)
{
    orders_metrics_begin(writer, family);
    orders_metrics_write_int(writer, no_labels, value);
}

/** One counter for each value of a label. */
static void write_counters(writer_t *writer, const char *label, const char *const *values,
                           const uint64_t *counters, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const orders_metric_label_t labels[ORDERS_MAX_LABELS] = {{label, values[i]}};

        orders_metrics_write_count(writer, labels, orders_metrics_load(&counters[i]));
    }
}

static void write_limiter(writer_t *writer)
{
    static const char *const refusals[] = {
#define X(name, label) label,
        ORDERS_LIMITER_REFUSALS(X)
#undef X
    };
    const orders_metrics_totals_t totals = orders_metrics_totals();

    write_gauge(writer, ORDERS_METRIC_DATABASE_UP, totals.outages == 0);
    write_gauge(writer, ORDERS_METRIC_PROCESSES, totals.processes);
    write_gauge(writer, ORDERS_METRIC_LIMITER_LIMIT, totals.limit);
    write_gauge(writer, ORDERS_METRIC_LIMITER_ALLOWED, totals.allowed);
    write_gauge(writer, ORDERS_METRIC_LIMITER_IN_USE, totals.in_use);
    write_gauge(writer, ORDERS_METRIC_LIMITER_WAITING, totals.waiting);
    orders_metrics_begin(writer, ORDERS_METRIC_LIMITER_REFUSED);
    write_counters(writer, "reason", refusals, orders_metrics()->limiter_refused,
                   ORDERS_LIMITER_REFUSAL__COUNT);
}

static void write_token_cache(writer_t *writer)
{
    static const char *const results[] = {
#define X(name, label) label,
        ORDERS_CACHE_LOOKUPS(X)
#undef X
    };

    orders_metrics_begin(writer, ORDERS_METRIC_TOKEN_CACHE);
    write_counters(writer, "result", results, orders_metrics()->cache_lookups,
                   ORDERS_CACHE_LOOKUP__COUNT);
}

/* --- providers, mails and webhooks -------------------------------------------------------------------------------- */

/** The name of channel `i`; `(other)` for the last one; NULL: there is no such channel. */
static const char *channel_name(size_t i)
{
    const orders_metrics_t *memory = orders_metrics();

    return i == ORDERS_METRICS_CHANNELS                               ? ORDERS_METRICS_OTHER
           : i < (size_t)orders_metrics_gauge(&memory->channel_count) ? memory->channel_names[i]
                                                                      : NULL;
}

static bool is_channel_shown(size_t i)
{
    const orders_channel_metrics_t *counters = &orders_metrics()->channels[i];
    uint64_t calls = 0;

    for (size_t outcome = 0; outcome < ORDERS_PROVIDER_CALL__COUNT; outcome++) {
        calls += orders_metrics_load(&counters->calls[outcome]);
    }
    return channel_name(i) && (i < ORDERS_METRICS_CHANNELS || calls);
}

static void write_providers(writer_t *writer)
{
    static const char *const outcomes[] = {
#define X(name, label) label,
        ORDERS_PROVIDER_CALLS(X)
#undef X
    };
    const orders_metrics_t *memory = orders_metrics();

    orders_metrics_begin(writer, ORDERS_METRIC_PROVIDER_CALLS);
    for (size_t i = 0; i <= ORDERS_METRICS_CHANNELS; i++) {
        for (size_t j = 0; is_channel_shown(i) && j < ORDERS_PROVIDER_CALL__COUNT; j++) {
            const orders_metric_label_t labels[ORDERS_MAX_LABELS] = {{"channel", channel_name(i)},
                                                                     {"outcome", outcomes[j]}};

            orders_metrics_write_count(writer, labels,
                                       orders_metrics_load(&memory->channels[i].calls[j]));
        }
    }
    orders_metrics_begin(writer, ORDERS_METRIC_PROVIDER_CALL_DURATION);
    for (size_t i = 0; i <= ORDERS_METRICS_CHANNELS; i++) {
        const orders_metric_label_t labels[ORDERS_MAX_LABELS] = {{"channel", channel_name(i)}};

        write_histogram(writer, labels, &memory->channels[i].duration);
    }
}

static void write_mails(writer_t *writer)
{
    static const char *const outcomes[] = {
#define X(name, label) label,
        ORDERS_MAIL_OUTCOMES(X)
#undef X
    };

    orders_metrics_begin(writer, ORDERS_METRIC_MAILS);
    write_counters(writer, "outcome", outcomes, orders_metrics()->mails,
                   ORDERS_MAIL_OUTCOME__COUNT);
    orders_metrics_begin(writer, ORDERS_METRIC_MAIL_DURATION);
    write_histogram(writer, no_labels, &orders_metrics()->mail_duration);
}

static void write_webhooks(writer_t *writer)
{
    static const char *const outcomes[] = {
#define X(name, label) label,
        ORDERS_WEBHOOK_ATTEMPTS(X)
#undef X
    };

    orders_metrics_begin(writer, ORDERS_METRIC_WEBHOOK_ATTEMPTS);
    write_counters(writer, "outcome", outcomes, orders_metrics()->webhook_attempts,
                   ORDERS_WEBHOOK_ATTEMPT__COUNT);
    orders_metrics_begin(writer, ORDERS_METRIC_WEBHOOK_ATTEMPT_DURATION);
    write_histogram(writer, no_labels, &orders_metrics()->webhook_duration);
}

/* --- jobs --------------------------------------------------------------------------------------------------------- */

typedef void (*job_writer_t)(writer_t *writer,
                             const orders_metric_label_t labels[ORDERS_MAX_LABELS],
                             const orders_job_metrics_t *job);

/** Writes a family: one sample for each job and channel that has run. */
static void write_job_family(writer_t *writer, orders_metric_e family, job_writer_t write)
{
    const orders_metrics_names_t *names = orders_metrics_names();

    orders_metrics_begin(writer, family);
    for (size_t i = 0; i < names->job_count && i < ORDERS_METRICS_JOBS; i++) {
        for (size_t j = 0; j < ORDERS_METRICS_CHANNELS + 2; j++) {
            const orders_job_metrics_t *job = &orders_metrics()->jobs[i][j];
            const orders_metric_label_t labels[ORDERS_MAX_LABELS] = {
                {"name", names->jobs[i]}, {"channel", j ? channel_name(j - 1) : NULL}};

            if (orders_metrics_load(&job->runs)) {
                write(writer, labels, job);
            }
        }
    }
}

static void write_runs(writer_t *writer, const orders_metric_label_t labels[ORDERS_MAX_LABELS],
                       const orders_job_metrics_t *job)
{
    orders_metrics_write_count(writer, labels, orders_metrics_load(&job->runs));
}

static void write_items(writer_t *writer, const orders_metric_label_t labels[ORDERS_MAX_LABELS],
                        const orders_job_metrics_t *job)
{
    orders_metrics_write_count(writer, labels, orders_metrics_load(&job->items));
}

static void write_failures(writer_t *writer, const orders_metric_label_t labels[ORDERS_MAX_LABELS],
                           const orders_job_metrics_t *job)
{
    orders_metrics_write_count(writer, labels, orders_metrics_load(&job->failures));
}

static void write_last_run(writer_t *writer, const orders_metric_label_t labels[ORDERS_MAX_LABELS],
                           const orders_job_metrics_t *job)
{
    orders_metrics_write_seconds(writer, labels, orders_metrics_gauge(&job->last_run));
}

static void write_last_success(writer_t *writer,
                               const orders_metric_label_t labels[ORDERS_MAX_LABELS],
                               const orders_job_metrics_t *job)
{
    orders_metrics_write_seconds(writer, labels, orders_metrics_gauge(&job->last_success));
}

static void write_jobs(writer_t *writer)
{
    write_job_family(writer, ORDERS_METRIC_JOB_RUNS, write_runs);
    write_job_family(writer, ORDERS_METRIC_JOB_ITEMS, write_items);
    write_job_family(writer, ORDERS_METRIC_JOB_FAILURES, write_failures);
    write_job_family(writer, ORDERS_METRIC_JOB_LAST_RUN, write_last_run);
    write_job_family(writer, ORDERS_METRIC_JOB_LAST_SUCCESS, write_last_success);
}

/* --- values of the database --------------------------------------------------------------------------------------- */

static const char *non_empty(const char *text)
{
    return *text ? text : NULL;
}

static void write_snapshot_family(writer_t *writer, const orders_snapshot_t *snapshot,
                                  orders_snapshot_family_e family)
{
    static const struct {
        orders_metric_e metric;
        enum { COUNT, SECONDS } unit;
        const char *label, *channel;
    } families[] = {
#define X(id, word, aggregate, units, metrics, labels, channels)                                   \
    {ORDERS_METRIC_##metrics, units, labels, channels},
        ORDERS_SNAPSHOT_FAMILIES(X)
#undef X
    };

    orders_metrics_begin(writer, families[family].metric);
    for (int32_t i = 0; snapshot && i < snapshot->count; i++) {
        const orders_snapshot_row_t *row = &snapshot->rows[i];
        const orders_metric_label_t labels[ORDERS_MAX_LABELS] = {
            {families[family].label, families[family].label ? non_empty(row->label) : NULL},
            {families[family].channel, families[family].channel ? non_empty(row->channel) : NULL}};

        if (row->family != (int32_t)family) {
            continue;
        }
        if (families[family].unit == SECONDS) {
            orders_metrics_write_seconds(writer, labels, row->value);
        } else {
            orders_metrics_write_int(writer, labels, row->value);
        }
    }
}

static void write_snapshot(writer_t *writer)
{
    orders_snapshot_t *snapshot = orders_snapshot_read(writer->out.pool);
    const bool current = snapshot && apr_time_now() - snapshot->taken_at < ORDERS_SNAPSHOT_LIFETIME;

    for (int i = 0; i < ORDERS_SNAPSHOT__COUNT; i++) {
        write_snapshot_family(writer, current ? snapshot : NULL, (orders_snapshot_family_e)i);
    }
    orders_metrics_begin(writer, ORDERS_METRIC_SNAPSHOT_TIME);
    if (snapshot) {
        orders_metrics_write_seconds(writer, no_labels, snapshot->taken_at);
    }
}

/* --- versions ----------------------------------------------------------------------------------------------------- */

static void write_versions(writer_t *writer, const orders_metrics_view_t *view)
{
    const orders_metrics_t *memory = orders_metrics();
    const orders_metric_label_t labels[ORDERS_MAX_LABELS] = {
        {"version", ORDERS_VERSION},
        {"schema_oldest", apr_psprintf(writer->out.pool, "%d", view->schema_oldest)},
        {"schema_newest", apr_psprintf(writer->out.pool, "%d", view->schema_newest)}};

    orders_metrics_begin(writer, ORDERS_METRIC_BUILD);
    orders_metrics_write_int(writer, labels, 1);
    orders_metrics_begin(writer, ORDERS_METRIC_SCHEMA_VERSION);
    if (orders_metrics_gauge(&memory->schema_version) >= 0) {
        orders_metrics_write_int(writer, no_labels, orders_metrics_gauge(&memory->schema_version));
    }
    orders_metrics_begin(writer, ORDERS_METRIC_START_TIME);
    orders_metrics_write_seconds(writer, no_labels, memory->created_at);
}

void orders_metrics_write(writer_t *writer, const orders_metrics_view_t *view)
{
    if (orders_metrics()) {
        write_requests(writer, view);
        write_database(writer, view);
        write_limiter(writer);
        write_token_cache(writer);
        write_providers(writer);
        write_mails(writer);
        write_webhooks(writer);
        write_jobs(writer);
        write_snapshot(writer);
        write_versions(writer, view);
    }
    orders_metrics_end(writer);
}
