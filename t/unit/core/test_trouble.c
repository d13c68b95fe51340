/* SPDX-License-Identifier: Apache-2.0 */
/* Repeated errors: the first line, periodic counts, and the end. */
#include "support.h"

#include <apr_time.h>

/* Replaces the clock of the file under test. */
static apr_time_t present;
#define orders_clock_now faked_clock_now
static apr_time_t faked_clock_now(void);
#define ORDERS_CORE_CLOCK_H
#include "core/trouble.c"
#undef orders_clock_now

static apr_time_t faked_clock_now(void)
{
    return present;
}

static char text[8192];
static int lines;

static bool up_to_notice(void *context, orders_level_e level)
{
    return level <= ORDERS_LOG_NOTICE;
}

static void keep(void *context, orders_level_e level, const char *line)
{
    lines++;
    apr_cpystrn(text, line, sizeof(text));
}

static orders_log_t fresh_log(void)
{
    orders_log_t plain = {.enabled = up_to_notice, .write = keep};

    present = apr_time_from_sec(1000);
    lines = 0;
    text[0] = '\0';
    plain.troubles = orders_troubles_create(pool, &plain);
    assert_non_null(plain.troubles);
    return plain;
}

static void meet(const orders_log_t *log, orders_error_e error, const char *subject, int times,
                 int milliseconds)
{
    for (int i = 0; i < times; i++) {
        orders_trouble_log(log, ORDERS_LOG_ERROR, error, subject, "a line");
        present += apr_time_from_msec(milliseconds);
    }
}

static void logs_the_first_and_the_end(void **state)
{
    orders_log_t log = fresh_log();

    meet(&log, ORDERS_E_database_unavailable, "requests", 1, 1);
    assert_string_equal(text, "a line");
    meet(&log, ORDERS_E_database_unavailable, "requests", 4999, 1);
    assert_int_equal(lines, 1);
    orders_trouble_passed(&log, ORDERS_E_database_unavailable, "requests");
    assert_int_equal(lines, 1); /* a success between failures logs nothing */
    present += ORDERS_TROUBLE_CALM;
    orders_trouble_passed(&log, ORDERS_E_database_unavailable, "requests");
    assert_int_equal(lines, 2);
    assert_string_equal(text,
                        "ORD0013 database_unavailable - - requests: ended after 4.999 s; 5000 "
                        "errors, 4999 of them not logged");
    orders_trouble_passed(&log, ORDERS_E_database_unavailable, "requests");
    assert_int_equal(lines, 2);
}

static void logs_periodic_counts(void **state)
{
    orders_log_t log = fresh_log();

    meet(&log, ORDERS_E_busy, "requests", 251, 100); /* 25 s */
    assert_int_equal(lines, 3);
    assert_string_equal(text, "a line (and 99 more not logged)");
    present += ORDERS_TROUBLE_SILENCE;
    orders_troubles_review(&log);
    assert_int_equal(lines, 4);
    assert_string_equal(text, "ORD0012 busy - - requests: ended after 25.000 s; 251 errors, 248 of "
                              "them not logged");
}

static void logs_a_single_error_once(void **state)
{
    orders_log_t log = fresh_log();

    meet(&log, ORDERS_E_busy, "requests", 1, 1);
    present += ORDERS_TROUBLE_SILENCE;
    orders_troubles_review(&log);
    assert_int_equal(lines, 1);
    meet(&log, ORDERS_E_busy, "requests", 1, 1);
    assert_int_equal(lines, 2);
    assert_string_equal(text, "a line");
}

static void counts_subjects_and_errors_separately(void **state)
{
    orders_log_t log = fresh_log();

    meet(&log, ORDERS_E_provider_unreachable, "channel card", 9, 1);
    meet(&log, ORDERS_E_provider_unreachable, "channel paypal", 9, 1);
    meet(&log, ORDERS_E_mail_unreachable, "mail", 9, 1);
    assert_int_equal(lines, 3);
    orders_trouble_passed(&log, ORDERS_E_provider_unreachable, "channel cash");
    assert_int_equal(lines, 3);
}

/* Each refused payment and each internal error is logged. */
static void logs_everything_else(void **state)
{
    orders_log_t log = fresh_log();
    orders_log_t plain = {.enabled = up_to_notice, .write = keep};

    meet(&log, ORDERS_E_provider_refused, "channel card", 5, 1);
    meet(&log, ORDERS_E_database_error, "requests", 5, 1);
    meet(&plain, ORDERS_E_busy, "requests", 5, 1);
    assert_int_equal(lines, 15);
}

static void counts_other_subjects_together(void **state)
{
    orders_log_t log = fresh_log();

    for (int i = 0; i < 3 * SLOTS; i++) {
        meet(&log, ORDERS_E_provider_unreachable, apr_itoa(pool, i), 2, 0);
    }
    assert_int_equal(lines, SLOTS + 1);
    present += ORDERS_TROUBLE_SILENCE;
    orders_troubles_review(&log);
    assert_int_equal(lines, 2 * (SLOTS + 1));
    assert_string_equal(text, "ORD0021 provider_unreachable - - others: ended after 0.000 s; 256 "
                              "errors, 255 of them not logged");
    meet(&log, ORDERS_E_provider_unreachable, "1", 1, 0);
    assert_string_equal(text, "a line");
}

static void counts_any_error_on_request(void **state)
{
    orders_log_t log = fresh_log();

    for (int i = 0; i < 5; i++) {
        orders_trouble_count(&log, ORDERS_LOG_ERROR, ORDERS_E_database_error, "user.list 42883",
                             "a line");
        orders_trouble_count(&log, ORDERS_LOG_WARNING, ORDERS_TROUBLE_SLOW, "user.list", "slow");
    }
    assert_int_equal(lines, 2);
    present += ORDERS_TROUBLE_SILENCE;
    orders_troubles_review(&log);
    assert_int_equal(lines, 4);
    assert_string_equal(text, "slow_statement - - user.list: ended after 0.000 s; 5 statements, 4 "
                              "of them not logged");
}

static void ends_with_its_pool(void **state)
{
    orders_log_t log = {.enabled = up_to_notice, .write = keep};
    apr_pool_t *own;

    lines = 0;
    assert_int_equal(apr_pool_create(&own, pool), APR_SUCCESS);
    log.troubles = orders_troubles_create(own, &log);
    meet(&log, ORDERS_E_busy, "requests", 7, 1000);
    apr_pool_destroy(own);
    assert_int_equal(lines, 2);
    assert_string_equal(text, "ORD0012 busy - - requests: ended after 6.000 s; 7 errors, 6 of them "
                              "not logged");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(logs_the_first_and_the_end),  TEST(logs_periodic_counts),
        TEST(logs_a_single_error_once),    TEST(counts_subjects_and_errors_separately),
        TEST(logs_everything_else),        TEST(counts_other_subjects_together),
        TEST(counts_any_error_on_request), TEST(ends_with_its_pool),
    };

    return RUN(tests);
}
