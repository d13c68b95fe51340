/* SPDX-License-Identifier: Apache-2.0 */
/** The loop of a job over tenants and steps, with steps of the test. */
#include "support.h"

#include "net/breaker.h"
#include "worker/job.h"
#include "worker/step.h"

static char done[200];       /* the arguments of the steps, "7:a 7:b 8:a" */
static char logged[400];     /* lines of the log */
static bool stopping;        /* the result of is_stopping */
static int stop_after;       /* steps until then; 0: never */
static orders_error_e error; /* of the first step; 0: it succeeds */
static bool purge;           /* whether the last step was to purge */

static void note(const orders_job_run_t *run, const char *step)
{
    size_t length = strlen(done);

    (void)snprintf(done + length, sizeof done - length, "%s%d:%s", length ? " " : "",
                   (int)run->settings.tenant, step);
    stopping = stop_after && --stop_after == 0;
}

static orders_problem_t *step_a(const orders_job_run_t *run)
{
    note(run, "a");
    return error ? orders_problem(run->reader.pool, error, NULL) : NULL;
}

static orders_problem_t *step_b(const orders_job_run_t *run)
{
    note(run, "b");
    purge = run->purge;
    return NULL;
}

static orders_problem_t *two_tenants(const orders_reader_t *reader, apr_array_header_t **tenants)
{
    *tenants = apr_array_make(reader->pool, 2, sizeof(int32_t));
    APR_ARRAY_PUSH(*tenants, int32_t) = 7;
    APR_ARRAY_PUSH(*tenants, int32_t) = 8;
    return NULL;
}

static const orders_job_step_t steps[] = {step_a, step_b, NULL};
static const orders_job_t job = {.name = "test", .tenants = two_tenants, .steps = steps};

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

/** Clears the records of the last run and runs the job once. */
static void run_once(const orders_channel_t *channel, orders_job_state_t *state)
{
    const orders_log_t log = {.enabled = log_enabled, .write = log_write};
    const orders_job_context_t context = {
        .log = &log, .channel = channel, .is_stopping = is_stopping, .set_tenant = set_tenant};

    *done = *logged = '\0';
    orders_job_run(&job, &context, state, pool);
}

static void test_each_step_runs_for_each_tenant(void **state)
{
    orders_job_state_t memory = {0};

    run_once(NULL, &memory);
    assert_string_equal(done, "7:a 7:b 8:a 8:b");
    assert_string_equal(logged, "");
}

static void test_a_failed_step_does_not_hold_up_the_next(void **state)
{
    orders_job_state_t memory = {0};

    error = ORDERS_E_internal_error;
    run_once(NULL, &memory);
    error = 0;
    assert_string_equal(done, "7:a 7:b 8:a 8:b");
    assert_non_null(strstr(logged, "internal_error - - worker"));
}

static void test_an_unreachable_database_ends_the_run(void **state)
{
    orders_job_state_t memory = {0};

    error = ORDERS_E_database_unavailable;
    run_once(NULL, &memory);
    error = 0;
    assert_string_equal(done, "7:a");
    assert_non_null(strstr(logged, "database_unavailable - - worker"));
}

static void test_a_stopping_process_ends_the_run_after_the_step(void **state)
{
    orders_job_state_t memory = {0};

    stop_after = 1;
    run_once(NULL, &memory);
    stopping = false;
    assert_string_equal(done, "7:a");
}

static void test_records_are_purged_once_per_interval(void **state)
{
    orders_job_state_t memory = {0};

    error = ORDERS_E_database_unavailable;
    run_once(NULL, &memory);
    error = 0;
    run_once(NULL, &memory);
    assert_true(purge); /* the run before had failed */
    run_once(NULL, &memory);
    assert_false(purge);
}

static void test_a_channel_with_suspended_calls_claims_nothing(void **state)
{
    orders_job_state_t memory = {0};
    const orders_channel_t channel = {.name = "card",
                                      .breaker = orders_breaker_create(pool, "card", 1)};
    orders_admission_t admission;

    run_once(&channel, &memory);
    assert_string_equal(done, "7:a 7:b 8:a 8:b");
    for (int i = 0; i < 5; i++) {
        assert_null(orders_breaker_enter(channel.breaker, ORDERS_CALLER_WORKER, NULL, &admission));
        orders_breaker_leave(channel.breaker, &admission, ORDERS_CALL_FAILED, NULL);
    }
    run_once(&channel, &memory);
    assert_string_equal(done, "");
}

static void test_each_job_is_complete(void **state)
{
    for (size_t i = 0; i < orders_job_count; i++) {
        assert_non_null(orders_jobs[i].name);
        assert_non_null(orders_jobs[i].tenants);
        assert_non_null(orders_jobs[i].steps[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_each_step_runs_for_each_tenant),
        TEST(test_a_failed_step_does_not_hold_up_the_next),
        TEST(test_an_unreachable_database_ends_the_run),
        TEST(test_a_stopping_process_ends_the_run_after_the_step),
        TEST(test_records_are_purged_once_per_interval),
        TEST(test_a_channel_with_suspended_calls_claims_nothing),
        TEST(test_each_job_is_complete),
    };

    return RUN(tests);
}
