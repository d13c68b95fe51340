/* SPDX-License-Identifier: Apache-2.0 */
/* The commerce API: periods of time in UTC, in words, as a month, or from one day to another. Weeks begin on Monday. */
#include <apr_strings.h>
#include <string.h>

#include "api/commerce.h"
#include "core/time.h"

#define DAY apr_time_from_sec(86400)
#define MONTH_LENGTH 7 /* 2026-11 */
#define DATE_LENGTH 10 /* 2026-11-26 */
#define DATE_SIZE 32

const char *const orders_commerce_periods[] = {
    "today", "week", "month", "year", "YYYY-MM", "YYYY-MM-DD..YYYY-MM-DD", NULL};

/* The first moment of a month; months beyond December are those of the year after it. */
static bool month_at(int year, int month, apr_time_t *time)
{
    char date[DATE_SIZE];
    apr_snprintf(date, sizeof(date), "%04d-%02d-01", year + (month - 1) / 12, (month - 1) % 12 + 1);
    return strlen(date) == DATE_LENGTH && orders_time_parse(date, time);
}

/* So many months from this one on. */
static bool months(orders_commerce_period_t *period, int year, int month, int count)
{
    if (!month_at(year, month, &period->from)) {
        return false;
    }
    if (!month_at(year, month + count, &period->to)) {
        period->to = INT64_MAX; /* nobody can say when that is */
    }
    return true;
}

/* Monday 1970-01-05 was the fourth day after the first one. */
static apr_time_t days_since_monday(apr_time_t midnight)
{
    return ((midnight / DAY - 4) % 7 + 7) % 7;
}

static bool by_word(orders_commerce_period_t *period, const char *word, apr_time_t now)
{
    apr_time_t midnight = now - now % DAY;
    apr_time_exp_t today;
    if (apr_time_exp_gmt(&today, now) != APR_SUCCESS) {
        return false;
    }
    int year = today.tm_year + 1900;
    if (strcmp(word, "today") == 0) {
        *period = (orders_commerce_period_t){midnight, midnight + DAY};
        return true;
    }
    if (strcmp(word, "week") == 0) {
        period->from = midnight - days_since_monday(midnight) * DAY;
        period->to = period->from + 7 * DAY;
        return true;
    }
    if (strcmp(word, "month") == 0) {
        return months(period, year, today.tm_mon + 1, 1);
    }
    return strcmp(word, "year") == 0 && months(period, year, 1, 12);
}

static bool is_digits(const char *text, const char *pattern)
{
    for (; *pattern; pattern++, text++) {
        bool digit = *text >= '0' && *text <= '9';
        if (*pattern == '0' ? !digit : *text != *pattern) {
            return false;
        }
    }
    return true;
}

static bool by_month(orders_commerce_period_t *period, const char *text)
{
    if (strlen(text) != MONTH_LENGTH || !is_digits(text, "0000-00")) {
        return false;
    }
    int year = (int)apr_atoi64(text), month = (int)apr_atoi64(text + 5);
    return month >= 1 && month <= 12 && months(period, year, month, 1);
}

static bool day_at(const char *text, apr_time_t *time)
{
    char date[DATE_LENGTH + 1];
    apr_cpystrn(date, text, sizeof(date));
    return orders_time_parse(date, time);
}

static bool by_days(orders_commerce_period_t *period, const char *text)
{
    if (strlen(text) != 2 * DATE_LENGTH + 2 || !is_digits(text, "0000-00-00..0000-00-00") ||
        !day_at(text, &period->from) || !day_at(text + DATE_LENGTH + 2, &period->to) ||
        period->to < period->from) {
        return false;
    }
    period->to += DAY;
    return true;
}

bool orders_commerce_period(orders_commerce_period_t *period, const char *text, apr_time_t now)
{
    return by_word(period, text, now) || by_month(period, text) || by_days(period, text);
}
