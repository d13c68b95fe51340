/* SPDX-License-Identifier: Apache-2.0 */
/* Amounts, integers, times and base64url. The first byte chooses the currency's exponent. */
#include "support.h"

#include "core/digest.h"
#include "core/money.h"
#include "core/number.h"
#include "core/time.h"

static void check_money(const char *text, size_t length, int exponent)
{
    int64_t minor = 0, back = 0;
    char written[ORDERS_MONEY_SIZE];

    if (orders_money_parse(text, length, exponent, &minor) != ORDERS_MONEY_OK) {
        HOLDS(minor == 0);
        return;
    }
    length = orders_money_write(written, minor, exponent, true);
    HOLDS(length < sizeof(written));
    HOLDS(orders_money_parse(written, length, exponent, &back) == ORDERS_MONEY_OK);
    HOLDS(back == minor);
    length = orders_money_write(written, minor, exponent, false);
    HOLDS(orders_money_parse(written, length, exponent, &back) == ORDERS_MONEY_OK);
    HOLDS(back == minor);
}

/** An integer is also an amount of a currency without decimals, and has the same value. Amounts do not allow leading zeros. */
static void check_number(const char *text, size_t length)
{
    int64_t number, minor;
    char written[ORDERS_NUMBER_SIZE];

    if (orders_number_n(text, length, INT64_MIN, INT64_MAX, &number) != ORDERS_NUMBER_OK) {
        return;
    }
    if (orders_money_parse(text, length, 0, &minor) == ORDERS_MONEY_OK) {
        HOLDS(minor == number);
    }
    length = orders_number_write_int(written, number);
    HOLDS(orders_number_n(written, length, number, number, &minor) == ORDERS_NUMBER_OK);
}

static void check_time(const char *text, apr_pool_t *pool)
{
    apr_time_t time, back;
    const char *written;

    if (!orders_time_parse(text, &time)) {
        return;
    }
    written = orders_time_text(pool, time, true);
    if (written) { /* NULL: the offset moves the instant out of the years 1 to 9999 */
        HOLDS(orders_time_parse(written, &back) && back == time);
    }
}

static void check_base64url(const char *text, apr_pool_t *pool)
{
    unsigned char bytes[64];
    apr_size_t length;

    if (orders_base64url_decode(bytes, sizeof(bytes), &length, text)) {
        HOLDS(strcmp(orders_base64url(pool, bytes, length), text) == 0);
    }
}

static void fuzz_one(const char *text, size_t length, apr_pool_t *pool)
{
    char *string;

    if (length == 0) {
        return;
    }
    check_money(text + 1, length - 1, text[0] & 3);
    check_number(text + 1, length - 1);
    string = fuzz_string(text + 1, length - 1);
    check_time(string, pool);
    check_base64url(string, pool);
    free(string);
}
