/* SPDX-License-Identifier: Apache-2.0 */
#include "core/number.h"

#include <stdbool.h>
#include <string.h>

#include "core/decimal.h"

orders_number_e orders_number_n(const char *text, apr_size_t length, int64_t min, int64_t max,
                                int64_t *value)
{
    bool negative = length > 0 && text[0] == '-';
    apr_size_t at = negative ? 1 : 0;
    bool overflow = false;
    int64_t number = 0; /* accumulated as a negative number, whose range is larger */

    if (at == length) {
        return ORDERS_NUMBER_NONE;
    }
    for (; at < length; at++) {
        int digit = text[at] - '0';

        if (digit < 0 || digit > 9) {
            return ORDERS_NUMBER_NONE;
        }
        overflow = overflow || __builtin_mul_overflow(number, 10, &number) ||
                   __builtin_sub_overflow(number, digit, &number);
    }
    if (overflow || (!negative && __builtin_sub_overflow(0, number, &number))) {
        return ORDERS_NUMBER_RANGE;
    }
    if (number < min || number > max) {
        return ORDERS_NUMBER_RANGE;
    }
    *value = number;
    return ORDERS_NUMBER_OK;
}

orders_number_e orders_number(const char *text, int64_t min, int64_t max, int64_t *value)
{
    return text ? orders_number_n(text, strlen(text), min, max, value) : ORDERS_NUMBER_NONE;
}

orders_number_e orders_number_integral(const char *text, int64_t min, int64_t max, int64_t *value)
{
    orders_number_e outcome = orders_number(text, min, max, value);
    int64_t number;

    if (outcome != ORDERS_NUMBER_NONE || !text) {
        return outcome;
    }
    switch (orders_decimal_scaled(text, strlen(text), 0, &number)) {
    case ORDERS_DECIMAL_RANGE:
        return ORDERS_NUMBER_RANGE;
    case ORDERS_DECIMAL_OK:
        break;
    default:
        return ORDERS_NUMBER_NONE;
    }
    if (number < min || number > max) {
        return ORDERS_NUMBER_RANGE;
    }
    *value = number;
    return ORDERS_NUMBER_OK;
}

int64_t orders_number_id(const char *text)
{
    int64_t id = 0;

    return orders_number(text, 1, INT64_MAX, &id) == ORDERS_NUMBER_OK ? id : 0;
}

static const char pairs[] = "00010203040506070809"
                            "10111213141516171819"
                            "20212223242526272829"
                            "30313233343536373839"
                            "40414243444546474849"
                            "50515253545556575859"
                            "60616263646566676869"
                            "70717273747576777879"
                            "80818283848586878889"
                            "90919293949596979899";

apr_size_t orders_number_write_uint(char *out, uint64_t number)
{
    char digits[20];
    char *at = digits + sizeof(digits);
    apr_size_t length;

    while (number >= 100) {
        at -= 2;
        memcpy(at, pairs + 2 * (number % 100), 2);
        number /= 100;
    }
    if (number >= 10) {
        at -= 2;
        memcpy(at, pairs + 2 * number, 2);
    } else {
        *--at = (char)('0' + number);
    }
    length = (apr_size_t)(digits + sizeof(digits) - at);
    memcpy(out, at, length);
    return length;
}

apr_size_t orders_number_write_int(char *out, int64_t number)
{
    if (number >= 0) {
        return orders_number_write_uint(out, (uint64_t)number);
    }
    *out = '-';
    return 1 + orders_number_write_uint(out + 1, 0 - (uint64_t)number);
}
