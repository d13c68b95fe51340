/* SPDX-License-Identifier: Apache-2.0 */
#include "core/time.h"

#include <apr_strings.h>
#include <stdint.h>
#include <string.h>

#define DAY_SECONDS 86400

typedef struct {
    int year, month, day;
} date_t;

/* Both conversions count in eras of 400 years that begin on a 1 March, so that leap days come last. */

static date_t date_of_days(int64_t days)
{
    int64_t shifted = days + 719468; /* from 0000-03-01 */
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int day_of_era = (int)(shifted - era * 146097);
    int year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int month_from_march = (5 * day_of_year + 2) / 153;
    date_t date;

    date.day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    date.month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    date.year = (int)(year_of_era + era * 400) + (date.month <= 2 ? 1 : 0);
    return date;
}

static int64_t days_of_date(date_t date)
{
    int64_t year = date.month <= 2 ? date.year - 1 : date.year;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int year_of_era = (int)(year - era * 400);
    int month_from_march = date.month > 2 ? date.month - 3 : date.month + 9;
    int day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

int64_t orders_time_unix(apr_time_t time)
{
    int64_t seconds = time / APR_USEC_PER_SEC;

    return time % APR_USEC_PER_SEC < 0 ? seconds - 1 : seconds;
}

static char *put(char *out, int number, int width)
{
    int at;

    for (at = width - 1; at >= 0; at--) {
        out[at] = (char)('0' + number % 10);
        number /= 10;
    }
    return out + width;
}

apr_size_t orders_time_write(char *out, apr_time_t time, bool micros)
{
    int64_t seconds = orders_time_unix(time);
    int64_t days = (seconds >= 0 ? seconds : seconds - (DAY_SECONDS - 1)) / DAY_SECONDS;
    int of_day = (int)(seconds - days * DAY_SECONDS);
    date_t date = date_of_days(days);
    char *to = out;

    if (date.year < 1 || date.year > 9999) {
        return 0;
    }
    to = put(to, date.year, 4);
    *to++ = '-';
    to = put(to, date.month, 2);
    *to++ = '-';
    to = put(to, date.day, 2);
    *to++ = 'T';
    to = put(to, of_day / 3600, 2);
    *to++ = ':';
    to = put(to, of_day / 60 % 60, 2);
    *to++ = ':';
    to = put(to, of_day % 60, 2);
    if (micros) {
        *to++ = '.';
        to = put(to, (int)(time - seconds * APR_USEC_PER_SEC), 6);
    }
    *to++ = 'Z';
    return (apr_size_t)(to - out);
}

const char *orders_time_text(apr_pool_t *pool, apr_time_t time, bool micros)
{
    char text[ORDERS_TIME_SIZE];
    apr_size_t length = orders_time_write(text, time, micros);

    return length ? apr_pstrmemdup(pool, text, length) : NULL;
}

/** Reads exactly `width` digits as a number within min … max and steps over them. */
static bool take(const char **at, int width, int min, int max, int *number)
{
    int digit;

    for (*number = 0, digit = 0; digit < width; digit++, (*at)++) {
        if (**at < '0' || **at > '9') {
            return false;
        }
        *number = *number * 10 + (**at - '0');
    }
    return *number >= min && *number <= max;
}

static bool take_char(const char **at, char wanted)
{
    if (**at != wanted) {
        return false;
    }
    (*at)++;
    return true;
}

static bool take_date(const char **at, date_t *date)
{
    date_t back;

    if (!take(at, 4, 1, 9999, &date->year) || !take_char(at, '-') ||
        !take(at, 2, 1, 12, &date->month) || !take_char(at, '-') ||
        !take(at, 2, 1, 31, &date->day)) {
        return false;
    }
    back = date_of_days(days_of_date(*date));
    return back.month == date->month; /* 30 February becomes a date in March */
}

/** Decimals of a second, as microseconds. */
static bool take_fraction(const char **at, int *micros)
{
    int scale = 100000;
    const char *start = *at;

    for (*micros = 0; **at >= '0' && **at <= '9'; (*at)++, scale /= 10) {
        *micros += (**at - '0') * scale;
    }
    return *at > start;
}

/* Time zones end at 14:00; PostgreSQL reads offsets up to 15:59. */
#define MAX_OFFSET_HOURS 15

/** Z or ±hh:mm, in seconds east of Greenwich; must be the end of the text. */
static bool take_offset(const char **at, int *offset)
{
    int hours, minutes;
    bool west = **at == '-';

    *offset = 0;
    if (take_char(at, 'Z')) {
        return **at == '\0';
    }
    if (!take_char(at, west ? '-' : '+') || !take(at, 2, 0, MAX_OFFSET_HOURS, &hours) ||
        !take_char(at, ':') || !take(at, 2, 0, 59, &minutes)) {
        return false;
    }
    *offset = (hours * 60 + minutes) * (west ? -60 : 60);
    return **at == '\0';
}

/** hh:mm[:ss[.decimals]], in microseconds of the day. */
static bool take_clock(const char **at, int64_t *micros)
{
    int hour, minute, second = 0, decimals = 0;

    if (!take(at, 2, 0, 23, &hour) || !take_char(at, ':') || !take(at, 2, 0, 59, &minute)) {
        return false;
    }
    if (take_char(at, ':')) {
        if (!take(at, 2, 0, 59, &second) || (take_char(at, '.') && !take_fraction(at, &decimals))) {
            return false;
        }
    }
    *micros = apr_time_from_sec((int64_t)(hour * 3600 + minute * 60 + second)) + decimals;
    return true;
}

bool orders_time_parse(const char *text, apr_time_t *time)
{
    const char *at = text;
    date_t date;
    int64_t of_day = 0;
    int offset = 0;

    if (!text || !take_date(&at, &date) || !take_char(&at, 'T') || !take_clock(&at, &of_day) ||
        !take_offset(&at, &offset)) {
        return false;
    }
    *time = apr_time_from_sec(days_of_date(date) * DAY_SECONDS - offset) + of_day;
    return true;
}

bool orders_date_parse(const char *text, apr_time_t *time)
{
    const char *at = text;
    date_t date;

    if (!text || !take_date(&at, &date) || *at != '\0') {
        return false;
    }
    *time = apr_time_from_sec(days_of_date(date) * DAY_SECONDS);
    return true;
}
