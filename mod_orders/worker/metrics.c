/* SPDX-License-Identifier: Apache-2.0 */
/** Publishes the values of the database for the metrics (metrics/snapshot.h), of all tenants in one turn. */
#include <string.h>

#include "metrics/snapshot.h"
#include "store/metric_values.h"
#include "worker/step.h"

#define SECONDS_OF_A_DAY INT64_C(86400)

orders_problem_t *orders_job_all_tenants_at_once(const orders_reader_t *reader,
                                                 const orders_channel_t *channel,
                                                 apr_array_header_t **tenants)
{
    *tenants = apr_array_make(reader->pool, 1, sizeof(int32_t));
    APR_ARRAY_PUSH(*tenants, int32_t) = 0;
    return NULL;
}

/** The job that does the work of this kind; the kind itself if no job does it, as after an upgrade of the schema. */
static const char *job_of(const char *kind, const char *channel)
{
    for (size_t i = 0; i < orders_job_count; i++) {
        const orders_job_t *job = &orders_jobs[i];

        if (job->kind && !strcmp(job->kind, kind) &&
            (job->needs == ORDERS_JOB_NEEDS_CHANNEL) == (*channel != '\0')) {
            return job->name;
        }
    }
    return kind;
}

static void add_no_backlog(orders_snapshot_t *snapshot, const char *job, const char *channel)
{
    orders_snapshot_add(snapshot, ORDERS_SNAPSHOT_BACKLOG, job, channel, 0);
    orders_snapshot_add(snapshot, ORDERS_SNAPSHOT_LAG, job, channel, 0);
}

/** Each job with a queue has values, also if its queue is empty. */
static void add_jobs(orders_snapshot_t *snapshot, const orders_job_context_t *context)
{
    for (size_t i = 0; i < orders_job_count; i++) {
        const orders_job_t *job = &orders_jobs[i];
        const bool needs_channel = job->needs == ORDERS_JOB_NEEDS_CHANNEL;

        if (job->kind && !needs_channel) {
            add_no_backlog(snapshot, job->name, NULL);
        }
        for (int j = 0; job->kind && needs_channel && j < context->channels->nelts; j++) {
            const orders_channel_t *channel =
                &APR_ARRAY_IDX(context->channels, j, orders_channel_t);

            if (orders_job_serves(job, channel)) {
                add_no_backlog(snapshot, job->name, channel->name);
            }
        }
    }
}

/** How long records are kept. Records that are kept forever have no value. */
static void add_retention(orders_snapshot_t *snapshot, const orders_job_context_t *context)
{
    static const char *const records[ORDERS_RETENTION__COUNT] = {
        [ORDERS_RETENTION_MAILS] = "mails",
        [ORDERS_RETENTION_PROVIDER_EVENTS] = "provider_events",
        [ORDERS_RETENTION_TOKENS] = "tokens",
        [ORDERS_RETENTION_CARTS] = "carts",
        [ORDERS_RETENTION_WEBHOOKS] = "webhooks",
    };

    orders_snapshot_add(snapshot, ORDERS_SNAPSHOT_KEPT, "idempotency", NULL,
                        apr_time_from_sec((int64_t)context->idempotency_lifetime));
    for (int i = 0; i < ORDERS_RETENTION__COUNT; i++) {
        if (context->kept_days[i] && records[i]) {
            orders_snapshot_add(snapshot, ORDERS_SNAPSHOT_KEPT, records[i], NULL,
                                apr_time_from_sec(context->kept_days[i] * SECONDS_OF_A_DAY));
        }
    }
}

static void add_values(orders_snapshot_t *snapshot, const apr_array_header_t *values)
{
    int64_t horizon_from = 0, horizon_to = 0;

    for (int i = 0; i < values->nelts; i++) {
        const orders_metric_value_t *value = &APR_ARRAY_IDX(values, i, orders_metric_value_t);
        orders_snapshot_family_e family;

        if (!strcmp(value->family, "horizon_from")) {
            horizon_from = value->total;
        } else if (!strcmp(value->family, "horizon_to")) {
            horizon_to = value->total;
        } else if (orders_snapshot_family(value->family, &family)) {
            const bool queue = family == ORDERS_SNAPSHOT_BACKLOG || family == ORDERS_SNAPSHOT_LAG;

            orders_snapshot_add(
                snapshot, family, queue ? job_of(value->label, value->channel) : value->label,
                value->channel,
                orders_snapshot_takes_largest(family) ? value->largest : value->total);
        }
    }
    if (horizon_from) {
        orders_snapshot_add(snapshot, ORDERS_SNAPSHOT_HORIZON, NULL, NULL,
                            orders_snapshot_horizon_age(horizon_from, horizon_to));
    }
}

/** A snapshot that is not complete, because the process stops, is not published. */
orders_problem_t *orders_job_publish_metrics(const orders_job_run_t *run, int64_t *count)
{
    orders_snapshot_t *snapshot = orders_snapshot_create(run->reader.pool);
    int64_t after = 0;

    add_jobs(snapshot, run->context);
    add_retention(snapshot, run->context);
    do {
        apr_array_header_t *values;

        if (orders_job_stopping(run)) {
            return NULL;
        }
        ORDERS_TRY(orders_metric_values_read(&run->reader, &after, &values));
        add_values(snapshot, values);
    } while (after);
    orders_snapshot_publish(snapshot);
    *count = 1;
    return NULL;
}
