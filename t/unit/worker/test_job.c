/* SPDX-License-Identifier: Apache-2.0 */
/** The runs of a job over tenants, with turns of the test; and the table of the jobs. */
#include <apr_strings.h>
#include <stdlib.h>

#include "core/clock.h"

static apr_time_t test_clock(void);
#define orders_clock_now test_clock
#include "worker/job.c"
#undef orders_clock_now

#include "support.h"

static char done[2000];             /* the turns, "7 8" */
static char logged[400];            /* lines of the log */
static bool stopping;               /* what is_stopping returns */
static int stop_after;              /* turns until then; 0: never */
static orders_error_e error;        /* of each turn; 0: it succeeds */
static int backlog[10];             /* items of each tenant */
static int last_batch;              /* of the last turn */
static apr_interval_time_t skipped; /* how much time has passed by the test */
static apr_interval_time_t takes;   /* how much time a turn takes */

static apr_time_t test_clock(void)
{
    return orders_clock_now() + skipped;
}

static orders_problem_t *turn(const orders_job_run_t *run, int64_t *count)
{
    const size_t length = strlen(done);
    int *left = &backlog[run->reader.tenant];

    assert_int_equal(run->reader.tenant, run->settings.tenant);
    (void)snprintf(done + length, sizeof done - length, "%s%d", length ? " " : "",
                   (int)run->reader.tenant);
    stopping = stop_after && --stop_after == 0;
    skipped += takes;
    last_batch = run->batch;
    *count = *left < run->batch ? *left : run->batch;
    *left -= (int)*count;
    return error ? orders_problem(run->reader.pool, error, NULL) : NULL;
}

static orders_problem_t *three_tenants(const orders_reader_t *reader,
                                       const orders_channel_t *channel,
                                       apr_array_header_t **tenants)
{
    *tenants = apr_array_make(reader->pool, 3, sizeof(int32_t));
    for (int tenant = 7; tenant <= 9; tenant++) {
        APR_ARRAY_PUSH(*tenants, int32_t) = tenant;
    }
    return NULL;
}

static const orders_job_t job = {
    .name = "test", .batch = 1, .parallel = 1, .tenants = three_tenants, .turn = turn};
static const orders_job_t batches = {
    .name = "batches", .batch = 8, .parallel = 1, .tenants = three_tenants, .turn = turn};

static bool is_stopping(void *data)
{
    return stopping;
}

static void set_tenant(void *data, int32_t tenant, orders_settings_t *settings)
{
    *settings = (orders_settings_t){.tenant = tenant};
}

static bool log_enabled(void *context, orders_level_e level)
{
    return true;
}

static void log_write(void *context, orders_level_e level, const char *line)
{
    size_t length = strlen(logged);

    (void)snprintf(logged + length, sizeof logged - length, "%s\n", line);
}

static void have(int a, int b, int c)
{
    backlog[7] = a;
    backlog[8] = b;
    backlog[9] = c;
}

/** Runs a job once; what was noted before is forgotten. */
static bool run_once(const orders_job_t *which, orders_job_state_t *state)
{
    const orders_log_t log = {.enabled = log_enabled, .write = log_write};
    const orders_job_context_t context = {
        .log = &log, .is_stopping = is_stopping, .set_tenant = set_tenant};

    *done = *logged = '\0';
    return orders_job_run(which, &context, state, pool);
}

static orders_job_state_t fresh(void)
{
    orders_job_state_t state;

    orders_job_state_init(&state);
    skipped = takes = 0;
    have(0, 0, 0);
    return state;
}

static void test_tenants_take_turns(void **state)
{
    orders_job_state_t memory = fresh();

    have(3, 1, 0);
    assert_false(run_once(&job, &memory));
    assert_string_equal(
        done, "7 8 9 7 8 7 7"); /* the turn that finds nothing is the last of its tenant */
    assert_string_equal(logged, "");
    assert_int_equal(memory.report.done, 4);
    assert_int_equal(memory.report.failed, 0);
    assert_true(memory.report.last_success > 0 && memory.report.last_run > 0);
}

static void test_an_endless_backlog_starves_no_tenant(void **state)
{
    orders_job_state_t memory = fresh();

    have(1000000, 0, 0);
    takes = apr_time_from_msec(700);
    assert_true(run_once(&job, &memory)); /* after two seconds */
    assert_string_equal(done, "7 8 9");
    have(1000000, 1, 1);
    assert_true(run_once(&job, &memory));
    assert_string_equal(done, "7 8 9");
    takes = apr_time_from_sec(3);
    have(1000000, 2, 2);
    for (int i = 0; i < 3; i++) { /* each run is cut short after a turn */
        assert_true(run_once(&job, &memory));
        assert_int_equal(atoi(done), 7 + i);
    }
}

static void test_a_run_that_is_cut_short_goes_on_with_the_next_tenant(void **state)
{
    orders_job_state_t memory = fresh();

    stop_after = 2;
    (void)run_once(&job, &memory);
    assert_string_equal(done, "7 8");
    stopping = false;
    assert_false(run_once(&job, &memory));
    assert_string_equal(done, "9 7 8");
}

static void test_a_failed_turn_does_not_hold_up_the_next(void **state)
{
    orders_job_state_t memory = fresh();

    error = ORDERS_E_internal_error;
    assert_false(run_once(&job, &memory));
    error = 0;
    assert_string_equal(done, "7 8 9");
    assert_non_null(strstr(logged, "internal_error - - worker"));
    assert_int_equal(memory.report.failed, 3);
    assert_true(memory.report.last_success == 0);
}

static void test_an_unreachable_database_ends_the_run(void **state)
{
    orders_job_state_t memory = fresh();

    error = ORDERS_E_database_unavailable;
    assert_false(run_once(&job, &memory));
    error = 0;
    assert_string_equal(done, "7");
    assert_non_null(strstr(logged, "database_unavailable - - worker"));
    assert_true(memory.report.last_success == 0);
    assert_false(run_once(&job, &memory));
    assert_string_equal(done, "8 9 7");
    assert_true(memory.report.last_success > 0);
}

static void test_the_batch_fits_the_time_of_a_turn(void **state)
{
    static const int slow[] = {8, 4, 2, 1, 1}, quick[] = {1, 2, 4, 8, 8};
    orders_job_state_t memory = fresh();

    for (int i = 0; i < 5; i++) {
        have(0, 0, 0);
        takes = apr_time_from_sec(3);
        (void)run_once(&batches, &memory);
        assert_int_equal(last_batch, slow[i]);
    }
    for (int i = 0; i < 2; i++) { /* three turns each */
        takes = 0;
        (void)run_once(&batches, &memory);
        assert_int_equal(last_batch, quick[i ? 4 : 2]);
    }
}

static void test_a_statement_that_ends_by_its_own_bound_is_called_again(void **state)
{
    orders_job_state_t memory = fresh();

    have(3, 0, 0); /* less than a batch */
    takes = apr_time_from_msec(1000);
    assert_true(run_once(&batches, &memory));
    assert_string_equal(done, "7 8");
}

/** A channel whose provider makes `calls` calls in an operation, of ten seconds each. */
static orders_channel_t channel_of(const orders_provider_t *provider)
{
    return (orders_channel_t){.name = "card", .provider = provider, .timeout_ms = 10000};
}

static void test_suspended_calls_claim_nothing(void **state)
{
    static const orders_provider_t provider = {.calls = 3};
    orders_channel_t channel = channel_of(&provider);
    orders_mailer_t mailer = {.timeout_ms = 10000};
    orders_job_t needy = job;
    orders_admission_t admission;

    for (int mail = 0; mail < 2; mail++) {
        orders_job_state_t memory = fresh();
        orders_breaker_t *breaker = orders_breaker_create(pool, "card", 1);
        const orders_job_context_t context = {.channel = &channel,
                                              .mailer = &mailer,
                                              .is_stopping = is_stopping,
                                              .set_tenant = set_tenant};

        needy.needs = mail ? ORDERS_JOB_NEEDS_MAIL_SERVER : ORDERS_JOB_NEEDS_CHANNEL;
        *(mail ? &mailer.breaker : &channel.breaker) = breaker;
        *done = '\0';
        assert_false(orders_job_run(&needy, &context, &memory, pool));
        assert_string_equal(done, "7 8 9");
        for (int i = 0; i < 5; i++) {
            assert_null(orders_breaker_enter(breaker, ORDERS_CALLER_WORKER, NULL, &admission));
            orders_breaker_leave(breaker, &admission, ORDERS_CALL_FAILED, NULL);
        }
        *done = '\0';
        assert_false(orders_job_run(&needy, &context, &memory, pool));
        assert_string_equal(done, "");
    }
}

static void test_each_job_is_complete(void **state)
{
    for (size_t i = 0; i < orders_job_count; i++) {
        const orders_job_t *one = &orders_jobs[i];

        assert_non_null(one->name);
        assert_true(!one->turn == (one->run != NULL));
        assert_true(one->batch > 0 && one->parallel > 0 && one->statements > 0);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(one->name, orders_jobs[j].name);
        }
        if (one->needs != ORDERS_JOB_NEEDS_NOTHING) {
            assert_int_equal(one->batch, 1);                /* a lease is for one item */
            assert_true(!one->kind || one->statements > 1); /* the claim, and the outcome */
        }
    }
}

/** The longest item: each call runs into its timeout, and each statement into its own. */
static void test_each_lease_is_longer_than_the_longest_item(void **state)
{
    static const char *const names[] = {"http", "paypal"};
    const orders_mailer_t mailer = {.timeout_ms = 60000};

    for (size_t i = 0; i < orders_job_count; i++) {
        for (size_t j = 0; j < sizeof names / sizeof *names; j++) {
            const orders_job_t *one = &orders_jobs[i];
            const orders_channel_t channel = channel_of(orders_provider_by_name(names[j]));
            const orders_job_context_t context = {.mailer = &mailer, .channel = &channel};
            int longest = one->statements * (ORDERS_JOB_STATEMENT_SECONDS + 3);

            if (one->needs == ORDERS_JOB_NEEDS_CHANNEL) {
                longest += channel.provider->calls * 10;
            } else if (one->needs == ORDERS_JOB_NEEDS_MAIL_SERVER) {
                longest += 60;
            }
            assert_true(orders_job_longest(one, &context) >= longest);
            assert_true(orders_job_lease(one, &context) > orders_job_longest(one, &context));
        }
    }
}

/** The statement_timeout of each shipped configuration. */
static void test_statements_end_before_the_timeout_of_the_server(void **state)
{
    static const char *const files[] = {"conf/orders.conf", "conf/orders-reference.conf"};
    const char *top = getenv("srcdir") ? getenv("srcdir") : ".";

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        static char text[100000];
        FILE *file = fopen(apr_pstrcat(pool, top, "/", files[i], NULL), "r");
        const char *setting;

        assert_non_null(file);
        text[fread(text, 1, sizeof text - 1, file)] = '\0';
        (void)fclose(file);
        setting = strstr(text, "statement_timeout=");
        assert_non_null(setting);
        assert_in_range(atoi(strchr(setting, '=') + 1), ORDERS_JOB_STATEMENT_SECONDS * 1000 + 1,
                        4999);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_tenants_take_turns),
        TEST(test_an_endless_backlog_starves_no_tenant),
        TEST(test_a_run_that_is_cut_short_goes_on_with_the_next_tenant),
        TEST(test_a_failed_turn_does_not_hold_up_the_next),
        TEST(test_an_unreachable_database_ends_the_run),
        TEST(test_the_batch_fits_the_time_of_a_turn),
        TEST(test_a_statement_that_ends_by_its_own_bound_is_called_again),
        TEST(test_suspended_calls_claim_nothing),
        TEST(test_each_job_is_complete),
        TEST(test_each_lease_is_longer_than_the_longest_item),
        TEST(test_statements_end_before_the_timeout_of_the_server),
    };

    return RUN(tests);
}
