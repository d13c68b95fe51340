/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Values of the database, such as the backlog of the jobs. A job of the worker reads them at an interval (worker/metrics.c) and publishes them in
 * the shared memory, so that a request for the metrics needs no database session.
 *
 * A snapshot replaces the previous one. Its rows are bounded: values of a family beyond ORDERS_SNAPSHOT_VALUES are added to a row `(other)`.
 */
#ifndef ORDERS_METRICS_SNAPSHOT_H
#define ORDERS_METRICS_SNAPSHOT_H

#include <apr_pools.h>
#include <apr_time.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * The families, with their names in orders_v1.metric_values(). X(id, name, aggregate, unit, metric, label, channel)
 * aggregate: of several tenants; unit: COUNT, or SECONDS of a value in microseconds; metric: ORDERS_METRIC_…; label, channel: names of the
 * labels, or NULL.
 */
#define ORDERS_SNAPSHOT_FAMILIES(X)                                                                \
    X(BACKLOG, "backlog", SUM, COUNT, JOB_BACKLOG, "name", "channel")                              \
    X(LAG, "lag", MAX, SECONDS, JOB_LAG, "name", "channel")                                        \
    X(EVENTS, "events", SUM, COUNT, PROVIDER_EVENTS, "verdict", "channel")                         \
    X(EVENT_AGE, "event_age", MAX, SECONDS, PROVIDER_EVENT_AGE, "verdict", "channel")              \
    X(DIFFERENCES, "differences", SUM, COUNT, DIFFERENCES, NULL, "channel")                        \
    X(DELIVERIES, "deliveries", SUM, COUNT, WEBHOOK_DELIVERIES, "state", "endpoint")               \
    X(DELIVERY_AGE, "delivery_age", MAX, SECONDS, WEBHOOK_DELIVERY_AGE, NULL, "endpoint")          \
    X(FAILING, "failing", MAX, SECONDS, WEBHOOK_FAILING, NULL, "endpoint")                         \
    X(ENDPOINTS, "endpoints", SUM, COUNT, WEBHOOK_ENDPOINTS, "state", NULL)                        \
    X(HORIZON, "horizon", MAX, SECONDS, HORIZON_AGE, NULL, NULL)                                   \
    X(OLDEST, "oldest", MAX, SECONDS, RETENTION_AGE, "records", NULL)                              \
    X(KEPT, "kept", MAX, SECONDS, RETENTION_LIMIT, "records", NULL)

#define X(id, name, aggregate, unit, metric, label, channel) ORDERS_SNAPSHOT_##id,
typedef enum { ORDERS_SNAPSHOT_FAMILIES(X) ORDERS_SNAPSHOT__COUNT } orders_snapshot_family_e;
#undef X

/** Rows of a family, without those of `(other)`. */
#define ORDERS_SNAPSHOT_VALUES 100
#define ORDERS_SNAPSHOT_ROWS (ORDERS_SNAPSHOT__COUNT * (ORDERS_SNAPSHOT_VALUES + 20))
/** A published snapshot is not shown after this time: its values may be wrong. */
#define ORDERS_SNAPSHOT_LIFETIME apr_time_from_sec(120)

#define ORDERS_SNAPSHOT_LABEL 31
#define ORDERS_SNAPSHOT_CHANNEL 40

typedef struct orders_snapshot_row_t {
    int64_t value;
    int32_t family;                            /**< orders_snapshot_family_e */
    char label[ORDERS_SNAPSHOT_LABEL + 1];     /**< "": none */
    char channel[ORDERS_SNAPSHOT_CHANNEL + 1]; /**< "": none */
} orders_snapshot_row_t;

typedef struct orders_snapshot_t {
    int64_t taken_at; /**< apr_time_t */
    int32_t count;
    orders_snapshot_row_t rows[ORDERS_SNAPSHOT_ROWS];
} orders_snapshot_t;

/** The part of the shared memory. */
typedef struct orders_snapshots_t {
    uint64_t
        version; /**< incremented when a snapshot has been published; the newest is in buffer[version % 2] */
    int64_t writing_at; /**< apr_time_t: since when a process writes; 0: none does */
    int64_t horizon;    /**< the last horizon of transactions, and since when it has not moved */
    int64_t horizon_at; /**< a time of orders_clock_now() */
    orders_snapshot_t buffer[2];
} orders_snapshots_t;

/** An empty snapshot in `pool`. */
orders_snapshot_t *orders_snapshot_create(apr_pool_t *pool);

/** Adds a value to the row of these labels, by the aggregate of the family. NULL labels are empty. */
void orders_snapshot_add(orders_snapshot_t *snapshot, orders_snapshot_family_e family,
                         const char *label, const char *channel, int64_t value);

/** The family of this name in orders_v1.metric_values(). False: unknown. */
bool orders_snapshot_family(const char *name, orders_snapshot_family_e *family);

/** Whether the value of several tenants is the largest of theirs, not the sum. */
bool orders_snapshot_takes_largest(orders_snapshot_family_e family);

/** The age of the horizon in microseconds: for how long a running transaction has been older than one that has ended. */
int64_t orders_snapshot_horizon_age(int64_t from, int64_t to);

/** Replaces the published snapshot. Nothing is done in a process without the shared memory, or while another process publishes. */
void orders_snapshot_publish(orders_snapshot_t *snapshot);

/** A copy of the published snapshot in `pool`. NULL: no snapshot has been published. */
orders_snapshot_t *orders_snapshot_read(apr_pool_t *pool);

#endif
