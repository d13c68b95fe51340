/* SPDX-License-Identifier: Apache-2.0 */
/** Counters in shared memory, and their text formats. */
#include <pthread.h>
#include <stdlib.h>

#include "api/registry.h"
#include "core/route.h"
#include "metrics/exposition.h"
#include "metrics/metrics.h"
#include "support.h"
#include "worker/job.h"

static const orders_route_t routes[] = {{.name = "one.list"}, {.name = "one.read"}};
static const orders_route_t other_routes[] = {{.name = "two.list"}};
static const orders_api_t one = {.name = "one", .groups = ORDERS_ONE_GROUP(routes)};
static const orders_api_t two = {.name = "two", .groups = ORDERS_ONE_GROUP(other_routes)};
static const orders_api_t *const apis[] = {&one, &two, NULL};
static const char *const jobs[] = {"expiry", "captures"};
static const orders_metrics_names_t names = {.apis = apis, .jobs = jobs, .job_count = COUNT(jobs)};

static orders_metrics_t *use_new_memory(void)
{
    orders_metrics_t *memory = apr_pcalloc(pool, sizeof *memory);

    orders_metrics_use(memory, &names);
    return memory;
}

static const char *write_all(bool open_metrics)
{
    const orders_metrics_view_t view = {
        .api = {true, true}, .schema_oldest = 101, .schema_newest = 199};
    orders_metrics_writer_t writer = {.out = {.pool = pool}, .open_metrics = open_metrics};

    orders_metrics_write(&writer, &view);
    return apr_pstrmemdup(pool, (const char *)writer.out.data, writer.out.length);
}

static void assert_line(const char *text, const char *line)
{
    const char *found = strstr(text, apr_pstrcat(pool, "\n", line, "\n", NULL));

    if (!found) {
        fail_msg("no line '%s' in\n%s", line, text);
    }
}

static orders_request_sample_t sample_of(const orders_route_t *route, int status,
                                         apr_interval_time_t duration)
{
    return (orders_request_sample_t){.api = &one,
                                     .route = route,
                                     .status = status,
                                     .duration = duration,
                                     .queue = -1,
                                     .database = -1};
}

static void record(const orders_route_t *route, int status, apr_interval_time_t duration)
{
    const orders_request_sample_t sample = sample_of(route, status, duration);

    orders_metrics_request(&sample);
}

static void test_nothing_is_recorded_without_memory(void **state)
{
    const orders_job_sample_t run = {.job = 0};

    orders_metrics_use(NULL, NULL);
    record(&routes[0], 200, 1);
    orders_metrics_limiter_refused(ORDERS_LIMITER_REFUSAL_TIMEOUT);
    orders_metrics_cache_lookup(ORDERS_CACHE_LOOKUP_HIT);
    orders_metrics_provider_call("card", ORDERS_PROVIDER_CALL_FAILED, 1);
    orders_metrics_mail(ORDERS_MAIL_OUTCOME_SENT, 1);
    orders_metrics_webhook(ORDERS_WEBHOOK_ATTEMPT_DELIVERED, 1);
    orders_metrics_job_run(&run);
    orders_metrics_schema_version(1);
    orders_metrics_add_channel("card");
    orders_metrics_enter_process(1);
    orders_metrics_change(&orders_metrics_process()->in_use, 1);
    assert_int_equal(orders_metrics_totals().in_use, 0);
    assert_string_equal(write_all(true), "# EOF\n");
}

static void test_buckets_are_cumulative(void **state)
{
    use_new_memory();
    record(&routes[0], 200, 0);
    record(&routes[0], 200, 1000);
    record(&routes[0], 204, 1001);
    record(&routes[0], 404, 30000001);
    record(&routes[0], 500, -5); /* never with a monotonic clock */
    const char *text = write_all(false);

    assert_line(text,
                "orders_http_requests_total{api=\"one\",route=\"one.list\",status=\"2xx\"} 3");
    assert_line(text,
                "orders_http_requests_total{api=\"one\",route=\"one.list\",status=\"4xx\"} 1");
    assert_line(text,
                "orders_http_requests_total{api=\"one\",route=\"one.list\",status=\"5xx\"} 1");
    assert_line(text,
                "orders_http_requests_total{api=\"one\",route=\"one.read\",status=\"2xx\"} 0");
#define DURATION "orders_http_request_duration_seconds"
#define LABELS "{api=\"one\",route=\"one.list\""
    assert_line(text, DURATION "_bucket" LABELS ",le=\"0.001\"} 3");
    assert_line(text, DURATION "_bucket" LABELS ",le=\"0.0025\"} 4");
    assert_line(text, DURATION "_bucket" LABELS ",le=\"30.0\"} 4");
    assert_line(text, DURATION "_bucket" LABELS ",le=\"+Inf\"} 5");
    assert_line(text, DURATION "_sum" LABELS "} 30.002002");
    assert_line(text, DURATION "_count" LABELS "} 5");
    assert_null(strstr(text, DURATION "_count{api=\"one\",route=\"one.read\""));
    assert_null(strstr(text, "orders_database_queue_seconds_count"));
}

static void test_requests_without_a_route(void **state)
{
    use_new_memory();
    record(NULL, 404, 1);
    record(NULL, 7, 1);
    assert_line(write_all(false),
                "orders_http_requests_total{api=\"one\",route=\"none\",status=\"4xx\"} 1");
    assert_int_equal(orders_metrics_totals().requests[4], 1);
}

static void test_labels_are_escaped(void **state)
{
    orders_metrics_writer_t writer = {.out = {.pool = pool}};
    const orders_metric_label_t labels[ORDERS_MAX_LABELS] = {
        {"a", "x\"\\\ny"}, {"b", NULL}, {"c", ""}};

    orders_metrics_begin(&writer, ORDERS_METRIC_LIMITER_LIMIT);
    orders_metrics_write_int(&writer, labels, -3);
    assert_line(apr_pstrmemdup(pool, (const char *)writer.out.data, writer.out.length),
                "orders_limiter_limit{a=\"x\\\"\\\\\\ny\",c=\"\"} -3");
}

static void test_channels(void **state)
{
    const char *text;

    use_new_memory();
    orders_metrics_add_channel("card");
    orders_metrics_add_channel("paypal");
    orders_metrics_add_channel("card");
    orders_metrics_provider_call("paypal", ORDERS_PROVIDER_CALL_ANSWERED, 40000);
    orders_metrics_provider_call("paypal", ORDERS_PROVIDER_CALL_SUSPENDED, 0);
    text = write_all(false);
    assert_line(text, "orders_provider_calls_total{channel=\"card\",outcome=\"answered\"} 0");
    assert_line(text, "orders_provider_calls_total{channel=\"paypal\",outcome=\"answered\"} 1");
    assert_line(text, "orders_provider_calls_total{channel=\"paypal\",outcome=\"suspended\"} 1");
    assert_line(text, "orders_provider_call_duration_seconds_count{channel=\"paypal\"} 1");
    assert_null(strstr(text, "(other)"));
    for (int i = 0; i < 2 * ORDERS_METRICS_CHANNELS; i++) {
        orders_metrics_add_channel(apr_psprintf(pool, "c%d", i));
        orders_metrics_provider_call(apr_psprintf(pool, "c%d", i), ORDERS_PROVIDER_CALL_FAILED, 1);
    }
    text = write_all(false);
    assert_line(text, "orders_provider_calls_total{channel=\"c0\",outcome=\"failed\"} 1");
    assert_line(text, "orders_provider_calls_total{channel=\"(other)\",outcome=\"failed\"} 34");
}

static void test_mails(void **state)
{
    const char *text;

    use_new_memory();
    orders_metrics_mail(ORDERS_MAIL_OUTCOME_SENT, 1500);
    orders_metrics_mail(ORDERS_MAIL_OUTCOME_REFUSED, 1500);
    text = write_all(false);
    assert_line(text, "orders_mails_total{outcome=\"sent\"} 1");
    assert_line(text, "orders_mails_total{outcome=\"refused\"} 1");
    assert_line(text, "orders_mails_total{outcome=\"failed\"} 0");
    assert_line(text, "orders_mail_duration_seconds_bucket{le=\"0.0025\"} 2");
    assert_line(text, "orders_mail_duration_seconds_sum 0.003000");
}

static void test_webhooks(void **state)
{
    const char *text;

    use_new_memory();
    orders_metrics_webhook(ORDERS_WEBHOOK_ATTEMPT_DELIVERED, 1500);
    orders_metrics_webhook(ORDERS_WEBHOOK_ATTEMPT_DEAD, 1500);
    text = write_all(false);
    assert_line(text, "orders_webhook_attempts_total{outcome=\"delivered\"} 1");
    assert_line(text, "orders_webhook_attempts_total{outcome=\"failed\"} 0");
    assert_line(text, "orders_webhook_attempts_total{outcome=\"dead\"} 1");
    assert_line(text, "orders_webhook_attempt_duration_seconds_bucket{le=\"0.0025\"} 2");
    assert_line(text, "orders_webhook_attempt_duration_seconds_sum 0.003000");
}

static void test_job_runs(void **state)
{
    orders_job_sample_t run = {.job = 1, .channel = "card", .items = 3, .failures = 1};
    const orders_job_sample_t unknown = {.job = 2};
    orders_metrics_t *memory = use_new_memory();
    const orders_job_metrics_t *job = &memory->jobs[1][1];
    const char *text;

    orders_metrics_add_channel("card");
    orders_metrics_job_run(&run);
    assert_true(job->last_run && !job->last_success);
    run = (orders_job_sample_t){.job = 1, .channel = "card", .items = 2, .success = true};
    orders_metrics_job_run(&run);
    assert_true(job->last_success >= job->last_run);
    orders_metrics_job_run(&unknown);
    text = write_all(false);
    assert_line(text, "orders_job_runs_total{name=\"captures\",channel=\"card\"} 2");
    assert_line(text, "orders_job_items_total{name=\"captures\",channel=\"card\"} 5");
    assert_line(text, "orders_job_failures_total{name=\"captures\",channel=\"card\"} 1");
    assert_null(strstr(text, "name=\"expiry\""));
}

static void test_processes_add_up(void **state)
{
    orders_metrics_t *memory = use_new_memory();
    orders_metrics_totals_t totals;

    orders_metrics_enter_process(11);
    orders_metrics_change(&orders_metrics_process()->limit, 4);
    orders_metrics_change(&orders_metrics_process()->in_use, 3);
    orders_metrics_enter_process(12);
    orders_metrics_change(&orders_metrics_process()->limit, 4);
    totals = orders_metrics_totals();
    assert_int_equal(totals.processes, 2);
    assert_int_equal(totals.limit, 8);
    assert_int_equal(totals.in_use, 3);
    orders_metrics_leave_process(11);
    totals = orders_metrics_totals();
    assert_int_equal(totals.processes, 1);
    assert_int_equal(totals.in_use, 0);
    for (int pid = 100; pid < 100 + 2 * ORDERS_METRICS_PROCESSES; pid++) {
        orders_metrics_enter_process(pid);
        orders_metrics_change(&orders_metrics_process()->limit, 1);
    }
    assert_int_equal(orders_metrics_totals().processes, ORDERS_METRICS_PROCESSES);
    assert_int_equal(memory->processes[ORDERS_METRICS_PROCESSES - 1].limit, 1);
}

static void test_outages(void **state)
{
    orders_metrics_t *memory = use_new_memory();

    assert_line(write_all(false), "orders_database_up 1");
    orders_metrics_outage(1, true);
    orders_metrics_outage(0, false);
    orders_metrics_outage(ORDERS_METRICS_POOLS, true);
    assert_int_equal(orders_metrics_totals().outages, 1);
    assert_line(write_all(false), "orders_database_up 0");
    orders_metrics_outage(1, false);
    assert_line(write_all(false), "orders_database_up 1");
    orders_metrics_outage(1, true);
    orders_metrics_use(memory, &names);
    assert_line(write_all(false), "orders_database_up 1");
}

/** A graceful restart: the same memory is used again. */
static void test_memory_is_used_again(void **state)
{
    orders_metrics_t *memory = use_new_memory();
    const int64_t created = memory->created_at;

    record(&routes[1], 200, 1);
    orders_metrics_use(memory, &names);
    record(&routes[1], 200, 1);
    assert_int_equal(orders_metrics_totals().requests[2], 2);
    assert_int_equal(memory->created_at, created);
}

static void test_layout(void **state)
{
    const orders_api_t *const fewer[] = {&one, NULL};
    const char *const renamed[] = {"expiry", "capture"};
    const orders_metrics_names_t other_apis = {.apis = fewer, .jobs = jobs, .job_count = 2};
    const orders_metrics_names_t other_jobs = {.apis = apis, .jobs = renamed, .job_count = 2};
    const uint64_t layout = orders_metrics_layout(&names);

    assert_true(layout == orders_metrics_layout(&names));
    assert_true(layout != orders_metrics_layout(&other_apis));
    assert_true(layout != orders_metrics_layout(&other_jobs));
}

/** All routes and jobs of the module have counters of their own. */
static void test_capacity(void **state)
{
    size_t routes_needed = 0, apis_needed = 0;

    for (; orders_apis[apis_needed]; apis_needed++) {
        routes_needed += 1 + orders_route_count(orders_apis[apis_needed]);
    }
    assert_true(apis_needed < ORDERS_METRICS_APIS);
    assert_true(routes_needed <= ORDERS_METRICS_ROUTES);
    assert_true(orders_job_count <= ORDERS_METRICS_JOBS);
}

static void test_open_metrics(void **state)
{
    const char *text;

    use_new_memory();
    record(&routes[0], 200, 1);
    text = write_all(true);
    assert_line(text, "# TYPE orders_http_requests counter");
    assert_line(text, "# UNIT orders_http_request_duration_seconds seconds");
    assert_line(text, "# TYPE orders_build info");
    assert_string_equal(text + strlen(text) - strlen("\n# EOF\n"), "\n# EOF\n");
    assert_line(write_all(false), "# TYPE orders_build_info gauge");
}

static void test_accept(void **state)
{
    static const struct {
        const char *accept;
        bool open;
    } cases[] = {
        {NULL, false},
        {"", false},
        {"*/*", false},
        {"text/plain", false},
        {"application/openmetrics-text", true},
        {"text/plain;version=0.0.4;q=0.5, application/openmetrics-text;version=1.0.0", true},
        {"application/openmetrics-text;q=0.3,text/plain;q=0.5", false},
        {"application/openmetrics-text; Q=0.5 ,text/plain;q=0.5", true},
        {"application/openmetrics-text;q=0", false},
        {"application/openmetrics-text;q=", false},
        {"application/openmetrics-text;q=-1", false},
        {"application/openmetrics-text;q=nan", false},
        {"application/openmetrics-text;q=1e9", false},
        {"application/openmetrics-textual", false},
        {",, ,\t,;;q;q=,application/openmetrics-text", true},
        {"\xff\x01\"application/openmetrics-text", false},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        if (orders_metrics_prefers_open(cases[i].accept) != cases[i].open) {
            fail_msg("Accept: %s", cases[i].accept);
        }
    }
}

#define THREADS 8
#define TIMES 20000

static void *record_often(void *data)
{
    for (int i = 0; i < TIMES; i++) {
        record(&routes[0], 200, i);
    }
    return NULL;
}

static void test_threads_lose_nothing(void **state)
{
    pthread_t threads[THREADS];
    orders_metrics_t *memory = use_new_memory();

    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, record_often, NULL), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(orders_metrics_totals().requests[2], THREADS * TIMES);
    assert_int_equal(
        orders_metrics_count(&memory->routes[orders_metrics_route_index(&one, routes)].duration),
        THREADS * TIMES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_is_recorded_without_memory),
        TEST(test_buckets_are_cumulative),
        TEST(test_requests_without_a_route),
        TEST(test_labels_are_escaped),
        TEST(test_channels),
        TEST(test_mails),
        TEST(test_webhooks),
        TEST(test_job_runs),
        TEST(test_processes_add_up),
        TEST(test_outages),
        TEST(test_memory_is_used_again),
        TEST(test_layout),
        TEST(test_capacity),
        TEST(test_open_metrics),
        TEST(test_accept),
        TEST(test_threads_lose_nothing),
    };

    return RUN(tests);
}
