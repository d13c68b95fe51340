/* SPDX-License-Identifier: Apache-2.0 */
/* The commerce API: parsing of periods: a keyword, a month, or a range of days. */
#include <apr_strings.h>
#include <string.h>

#include "api/commerce/commerce.h"
#include "core/time.h"

#define DAY apr_time_from_sec(86400)
#define MONTH_LENGTH 7 /* 2026-11 */
#define DATE_LENGTH 10 /* 2026-11-26 */

const char *const orders_commerce_periods[] = {
    "today", "week", "month", "year", "YYYY-MM", "YYYY-MM-DD..YYYY-MM-DD", NULL};

static const struct {
    const char *keyword, *unit;
} units[] = {{"today", "day"}, {"week", "week"}, {"month", "month"}, {"year", "year"}};

static bool by_keyword(orders_commerce_period_t *period, const char *keyword)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(units[i].keyword, keyword) == 0) {
            *period = (orders_commerce_period_t){.unit = units[i].unit};
            return true;
        }
    }
    return false;
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

/* The first day of a month; month 13 is January of the next year. NULL after the year 9999. */
static const char *first_of(apr_pool_t *pool, int year, int month)
{
    const char *date =
        apr_psprintf(pool, "%04d-%02d-01", year + (month - 1) / 12, (month - 1) % 12 + 1);
    return strlen(date) == DATE_LENGTH ? date : NULL;
}

static bool by_month(orders_commerce_period_t *period, const char *text, apr_pool_t *pool)
{
    apr_time_t ignored;
    if (strlen(text) != MONTH_LENGTH || !is_digits(text, "0000-00")) {
        return false;
    }
    int year = (int)apr_atoi64(text), month = (int)apr_atoi64(text + 5);
    if (month < 1 || month > 12) {
        return false;
    }
    *period = (orders_commerce_period_t){.from = first_of(pool, year, month),
                                         .to = first_of(pool, year, month + 1)};
    return orders_date_parse(period->from, &ignored);
}

/* The next day; NULL after the year 9999. */
static const char *day_after(apr_pool_t *pool, apr_time_t day)
{
    const char *next = orders_time_text(pool, day + DAY, false);
    return next ? apr_pstrndup(pool, next, DATE_LENGTH) : NULL;
}

static bool by_days(orders_commerce_period_t *period, const char *text, apr_pool_t *pool)
{
    apr_time_t first, last;
    if (strlen(text) != 2 * DATE_LENGTH + 2 || !is_digits(text, "0000-00-00..0000-00-00")) {
        return false;
    }
    const char *from = apr_pstrndup(pool, text, DATE_LENGTH);
    if (!orders_date_parse(from, &first) || !orders_date_parse(text + DATE_LENGTH + 2, &last) ||
        last < first) {
        return false;
    }
    *period = (orders_commerce_period_t){.from = from, .to = day_after(pool, last)};
    return true;
}

bool orders_commerce_period(orders_commerce_period_t *period, const char *text, apr_pool_t *pool)
{
    return by_keyword(period, text) || by_month(period, text, pool) || by_days(period, text, pool);
}
