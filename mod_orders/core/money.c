/* SPDX-License-Identifier: Apache-2.0 */
#include "core/money.h"

#include <apr_strings.h>
#include <string.h>

#include "core/number.h"

orders_money_e orders_money_parse(const char *text, apr_size_t length, int exponent, int64_t *minor)
{
    return orders_decimal_scaled(text, length, exponent, minor);
}

apr_size_t orders_money_write(char *out, int64_t minor, int exponent, bool trim)
{
    static const uint64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000};
    uint64_t amount = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;
    int places = exponent < 0                           ? 0
                 : exponent > ORDERS_MONEY_MAX_EXPONENT ? ORDERS_MONEY_MAX_EXPONENT
                                                        : exponent;
    uint64_t rest = amount % powers[places];
    char *to = out;
    int at;

    if (minor < 0) {
        *to++ = '-';
    }
    to += orders_number_write_uint(to, amount / powers[places]);
    if (places == 0 || (trim && rest == 0)) {
        return (apr_size_t)(to - out);
    }
    *to++ = '.';
    for (at = places - 1; at >= 0; at--) {
        to[at] = (char)('0' + rest % 10);
        rest /= 10;
    }
    to += places;
    while (trim && to[-1] == '0') {
        to--;
    }
    return (apr_size_t)(to - out);
}

const char *orders_money_text(apr_pool_t *pool, int64_t minor, int exponent, const char *currency)
{
    char amount[ORDERS_MONEY_SIZE];
    apr_size_t length = orders_money_write(amount, minor, exponent, false);

    return apr_psprintf(pool, "%.*s %s", (int)length, amount, currency);
}
