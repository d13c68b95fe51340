/* SPDX-License-Identifier: Apache-2.0 */
/** Values of the database in shared memory: rows, their bounds, and the two buffers. */
#include <pthread.h>

#include "core/clock.h"

static apr_time_t test_clock(void);
#define orders_clock_now test_clock
#include "metrics/snapshot.c"
#undef orders_clock_now

#include "metrics/exposition.h"
#include "support.h"

static apr_time_t skipped; /* how much time has passed by the test */

static apr_time_t test_clock(void)
{
    return skipped;
}

static const orders_api_t *const apis[] = {NULL};
static const orders_metrics_names_t names = {.apis = apis};

static orders_metrics_t *use_new_memory(void)
{
    orders_metrics_t *memory = apr_pcalloc(pool, sizeof *memory);

    orders_metrics_use(memory, &names);
    return memory;
}

static const char *write_all(void)
{
    const orders_metrics_view_t view = {.schema_oldest = 1};
    orders_metrics_writer_t writer = {.out = {.pool = pool}};

    orders_metrics_write(&writer, &view);
    return apr_pstrmemdup(pool, (const char *)writer.out.data, writer.out.length);
}

static void publish_one(int64_t value)
{
    orders_snapshot_t *snapshot = orders_snapshot_create(pool);

    orders_snapshot_add(snapshot, ORDERS_SNAPSHOT_BACKLOG, "mails", NULL, value);
    orders_snapshot_publish(snapshot);
}

static void test_nothing_is_published_without_memory(void **state)
{
    orders_metrics_use(NULL, NULL);
    publish_one(1);
    assert_null(orders_snapshot_read(pool));
    assert_int_equal(orders_snapshot_horizon_age(1, 2), 0);
}

static void test_aggregates(void **state)
{
    orders_snapshot_t *snapshot = orders_snapshot_create(pool);

    use_new_memory();
    assert_null(orders_snapshot_read(pool));
    for (int i = 1; i <= 3; i++) {
        orders_snapshot_add(snapshot, ORDERS_SNAPSHOT_BACKLOG, "captures", "card", i);
        orders_snapshot_add(snapshot, ORDERS_SNAPSHOT_LAG, "captures", "card", i * 1500000);
    }
    orders_snapshot_add(snapshot, ORDERS_SNAPSHOT_BACKLOG, "mails", NULL, 7);
    orders_snapshot_publish(snapshot);
    const char *text = write_all();

    assert_non_null(strstr(text, "\norders_job_backlog{name=\"captures\",channel=\"card\"} 6\n"));
    assert_non_null(
        strstr(text, "\norders_job_lag_seconds{name=\"captures\",channel=\"card\"} 4.500000\n"));
    assert_non_null(strstr(text, "\norders_job_backlog{name=\"mails\"} 7\n"));
    assert_non_null(strstr(text, "\norders_snapshot_timestamp_seconds "));
}

static void test_names(void **state)
{
    orders_snapshot_family_e family;

    assert_true(orders_snapshot_family("event_age", &family));
    assert_int_equal(family, ORDERS_SNAPSHOT_EVENT_AGE);
    assert_false(orders_snapshot_family("a_family_of_a_later_schema", &family));
}

/** Endpoints and channels are chosen by clients and operators. */
static void test_rows_are_bounded(void **state)
{
    orders_snapshot_t *snapshot = orders_snapshot_create(pool);
    int64_t sum = 0;

    for (int i = 0; i < 20000; i++) {
        for (int family = 0; family < ORDERS_SNAPSHOT__COUNT; family++) {
            orders_snapshot_add(snapshot, (orders_snapshot_family_e)family,
                                i % 2 ? "pending" : "dead", apr_psprintf(pool, "endpoint %d", i),
                                1);
        }
    }
    assert_true(snapshot->count <= ORDERS_SNAPSHOT__COUNT *
                                       (ORDERS_SNAPSHOT_VALUES + 2)); /* (other), for each state */
    for (int i = 0; i < snapshot->count; i++) {
        sum += snapshot->rows[i].family == ORDERS_SNAPSHOT_DELIVERIES ? snapshot->rows[i].value : 0;
    }
    assert_int_equal(sum, 20000);
    for (int i = 0; i < 20000; i++) {
        orders_snapshot_add(snapshot, ORDERS_SNAPSHOT_DELIVERIES, apr_psprintf(pool, "%d", i), "x",
                            1);
    }
    assert_true(snapshot->count <= ORDERS_SNAPSHOT_ROWS);
    orders_snapshot_add(snapshot, ORDERS_SNAPSHOT_EVENTS,
                        "a label that is longer than any that the schema has", NULL, 1);
}

static void test_a_snapshot_replaces_the_last_one(void **state)
{
    use_new_memory();
    for (int i = 1; i <= 5; i++) {
        publish_one(i);
        assert_int_equal(orders_snapshot_read(pool)->rows[0].value, i);
    }
}

static void test_old_snapshots_are_not_shown(void **state)
{
    orders_metrics_t *memory = use_new_memory();

    publish_one(5);
    assert_non_null(strstr(write_all(), "orders_job_backlog{"));
    for (int i = 0; i < 2; i++) {
        memory->snapshots.buffer[i].taken_at -= ORDERS_SNAPSHOT_LIFETIME;
    }
    assert_null(strstr(write_all(), "orders_job_backlog{"));
    assert_non_null(strstr(write_all(), "\norders_snapshot_timestamp_seconds "));
}

/** A process that was killed while it published must not end the publication for good. */
static void test_writer_that_ended(void **state)
{
    orders_metrics_t *memory = use_new_memory();

    memory->snapshots.writing_at = apr_time_now();
    publish_one(1);
    assert_null(orders_snapshot_read(pool));
    memory->snapshots.writing_at = apr_time_now() - 2 * WRITE_TIME;
    publish_one(2);
    assert_int_equal(orders_snapshot_read(pool)->rows[0].value, 2);
}

static void test_horizon(void **state)
{
    use_new_memory();
    skipped = 1000;
    assert_int_equal(orders_snapshot_horizon_age(5, 5), 0);
    skipped = 2000;
    assert_int_equal(orders_snapshot_horizon_age(5, 5), 0); /* no transaction is running */
    assert_int_equal(orders_snapshot_horizon_age(5, 6), 0);
    skipped = 5000;
    assert_int_equal(orders_snapshot_horizon_age(5, 9), 3000);
    assert_int_equal(orders_snapshot_horizon_age(8, 9), 0); /* it has ended */
    skipped = 6000;
    assert_int_equal(orders_snapshot_horizon_age(8, 12), 1000);
}

#define TIMES 3000

static void *publish_often(void *data)
{
    apr_pool_t *own;

    apr_pool_create_unmanaged(&own);
    for (int i = 1; i <= TIMES; i++) {
        orders_snapshot_t *snapshot = orders_snapshot_create(own);

        for (int j = 0; j < 50; j++) {
            orders_snapshot_add(snapshot, ORDERS_SNAPSHOT_BACKLOG, "x", apr_itoa(own, j), i);
        }
        orders_snapshot_publish(snapshot);
        apr_pool_clear(own);
    }
    apr_pool_destroy(own);
    return NULL;
}

/** A reader gets all rows of one snapshot. */
static void test_readers_see_whole_snapshots(void **state)
{
    pthread_t writer;
    apr_pool_t *own;

    use_new_memory();
    apr_pool_create(&own, pool);
    assert_int_equal(pthread_create(&writer, NULL, publish_often, NULL), 0);
    for (int i = 0; i < TIMES; i++) {
        const orders_snapshot_t *copy = orders_snapshot_read(own);

        for (int j = 0; copy && j < copy->count; j++) {
            assert_int_equal(copy->count, 50);
            assert_int_equal(copy->rows[j].value, copy->rows[0].value);
        }
        apr_pool_clear(own);
    }
    pthread_join(writer, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_is_published_without_memory),
        TEST(test_aggregates),
        TEST(test_names),
        TEST(test_rows_are_bounded),
        TEST(test_a_snapshot_replaces_the_last_one),
        TEST(test_old_snapshots_are_not_shown),
        TEST(test_writer_that_ended),
        TEST(test_horizon),
        TEST(test_readers_see_whole_snapshots),
    };

    return RUN(tests);
}
