/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics/snapshot.h"

#include <apr_strings.h>
#include <string.h>

#include "core/clock.h"
#include "metrics/metrics.h"

/** A process that has been writing for longer is assumed to have ended. */
#define WRITE_TIME apr_time_from_sec(10)
/** Reads of the newest snapshot. More than one is needed only if two are published while one is copied. */
#define ATTEMPTS 3

typedef enum { SUM, MAX } aggregate_e;

static const struct {
    const char *name;
    aggregate_e aggregate;
} families[] = {
#define X(id, word, aggregates, unit, metric, label, channel) {word, aggregates},
    ORDERS_SNAPSHOT_FAMILIES(X)
#undef X
};

orders_snapshot_t *orders_snapshot_create(apr_pool_t *pool)
{
    orders_snapshot_t *snapshot = apr_palloc(pool, sizeof *snapshot);

    snapshot->count = 0;
    return snapshot;
}

bool orders_snapshot_family(const char *name, orders_snapshot_family_e *family)
{
    for (int i = 0; i < ORDERS_SNAPSHOT__COUNT; i++) {
        if (!strcmp(families[i].name, name)) {
            *family = (orders_snapshot_family_e)i;
            return true;
        }
    }
    return false;
}

bool orders_snapshot_takes_largest(orders_snapshot_family_e family)
{
    return families[family].aggregate == MAX;
}

/** The row, or NULL. `*others`: other rows of the family. */
static orders_snapshot_row_t *find_row(orders_snapshot_t *snapshot, orders_snapshot_family_e family,
                                       const char *label, const char *channel, int *others)
{
    *others = 0;
    for (int32_t i = 0; i < snapshot->count; i++) {
        orders_snapshot_row_t *row = &snapshot->rows[i];

        if (row->family != (int32_t)family) {
            continue;
        }
        if (!strcmp(row->label, label) && !strcmp(row->channel, channel)) {
            return row;
        }
        ++*others;
    }
    return NULL;
}

static orders_snapshot_row_t *add_row(orders_snapshot_t *snapshot, orders_snapshot_family_e family,
                                      const char *label, const char *channel)
{
    orders_snapshot_row_t *row;

    if (snapshot->count == ORDERS_SNAPSHOT_ROWS) {
        return NULL;
    }
    row = &snapshot->rows[snapshot->count++];
    row->family = (int32_t)family;
    row->value = 0;
    apr_cpystrn(row->label, label, sizeof row->label);
    apr_cpystrn(row->channel, channel, sizeof row->channel);
    return row;
}

void orders_snapshot_add(orders_snapshot_t *snapshot, orders_snapshot_family_e family,
                         const char *label, const char *channel, int64_t value)
{
    const char *own_label = label && strlen(label) <= ORDERS_SNAPSHOT_LABEL ? label : "";
    const char *own_channel = channel && strlen(channel) <= ORDERS_SNAPSHOT_CHANNEL ? channel : "";
    orders_snapshot_row_t *row;
    int others;

    row = find_row(snapshot, family, own_label, own_channel, &others);
    if (!row && others >= ORDERS_SNAPSHOT_VALUES && *own_channel) {
        own_channel = ORDERS_METRICS_OTHER;
        row = find_row(snapshot, family, own_label, own_channel, &others);
    }
    if (!row) {
        row = add_row(snapshot, family, own_label, own_channel);
    }
    if (row && families[family].aggregate == SUM) {
        row->value += value;
    } else if (row && value > row->value) {
        row->value = value;
    }
}

static orders_snapshots_t *shared(void)
{
    orders_metrics_t *memory = orders_metrics();

    return memory ? &memory->snapshots : NULL;
}

int64_t orders_snapshot_horizon_age(int64_t from, int64_t to)
{
    orders_snapshots_t *snapshots = shared();
    const int64_t now = orders_clock_now();

    if (!snapshots) {
        return 0;
    }
    if (from >= to || __atomic_load_n(&snapshots->horizon, __ATOMIC_RELAXED) != from) {
        __atomic_store_n(&snapshots->horizon, from, __ATOMIC_RELAXED);
        __atomic_store_n(&snapshots->horizon_at, now, __ATOMIC_RELAXED);
    }
    return now - __atomic_load_n(&snapshots->horizon_at, __ATOMIC_RELAXED);
}

/** Whether this thread may write. end_write() must follow. */
static bool begin_write(orders_snapshots_t *snapshots, int64_t now)
{
    int64_t since = __atomic_load_n(&snapshots->writing_at, __ATOMIC_RELAXED);

    return (!since || now - since > WRITE_TIME || since > now) &&
           __atomic_compare_exchange_n(&snapshots->writing_at, &since, now, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

static void end_write(orders_snapshots_t *snapshots)
{
    __atomic_store_n(&snapshots->writing_at, 0, __ATOMIC_RELEASE);
}

static size_t used_size(const orders_snapshot_t *snapshot)
{
    return offsetof(orders_snapshot_t, rows) + (size_t)snapshot->count * sizeof *snapshot->rows;
}

void orders_snapshot_publish(orders_snapshot_t *snapshot)
{
    orders_snapshots_t *snapshots = shared();
    uint64_t next;

    if (!snapshots || !begin_write(snapshots, apr_time_now())) {
        return;
    }
    next = snapshots->version + 1;
    snapshot->taken_at = apr_time_now();
    memcpy(&snapshots->buffer[next % 2], snapshot, used_size(snapshot));
    /* release order: a reader that sees the version also sees its rows */
    __atomic_store_n(&snapshots->version, next, __ATOMIC_RELEASE);
    end_write(snapshots);
}

orders_snapshot_t *orders_snapshot_read(apr_pool_t *pool)
{
    orders_snapshots_t *snapshots = shared();
    orders_snapshot_t *copy;

    if (!snapshots || !__atomic_load_n(&snapshots->version, __ATOMIC_ACQUIRE)) {
        return NULL;
    }
    copy = apr_palloc(pool, sizeof *copy);
    for (int i = 0; i < ATTEMPTS; i++) {
        const uint64_t version = __atomic_load_n(&snapshots->version, __ATOMIC_ACQUIRE);

        memcpy(copy, &snapshots->buffer[version % 2], sizeof *copy);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (__atomic_load_n(&snapshots->version, __ATOMIC_RELAXED) == version) {
            return copy;
        }
    }
    return NULL;
}
