/* SPDX-License-Identifier: Apache-2.0 */
#include "core/decimal.h"

#include <apr_strings.h>
#include <string.h>

/** A parsed literal: digits without leading and trailing zeros, times 10 to the power of `scale`. */
typedef struct {
    bool negative;
    char digits[ORDERS_DECIMAL_MAX_LENGTH];
    int count;
    int scale;
} decimal_t;

static bool is_digit(const char *at, const char *end)
{
    return at < end && *at >= '0' && *at <= '9';
}

static void add_digit(decimal_t *decimal, char digit)
{
    if (decimal->count > 0 || digit != '0') {
        decimal->digits[decimal->count++] = digit;
    }
}

/**
 * Adds an exponent (e±123) to the scale. Exponents above 10000 are not computed exactly: the digits of a literal, at most 64, cannot bring
 * such a number back into range.
 */
static bool take_exponent(const char **at, const char *end, decimal_t *decimal)
{
    bool negative = *at < end && **at == '-';
    int power = 0;

    if (*at < end && (**at == '-' || **at == '+')) {
        (*at)++;
    }
    if (!is_digit(*at, end)) {
        return false;
    }
    for (; is_digit(*at, end); (*at)++) {
        power = power < 10000 ? power * 10 + (**at - '0') : power;
    }
    decimal->scale += negative ? -power : power;
    return true;
}

/** Parses a number by JSON's grammar; trailing zeros are kept. False: not a number. */
static bool take_literal(const char *at, const char *end, decimal_t *decimal)
{
    if (at < end && *at == '-') {
        decimal->negative = true;
        at++;
    }
    if (!is_digit(at, end) || (*at == '0' && is_digit(at + 1, end))) {
        return false;
    }
    for (; is_digit(at, end); at++) {
        add_digit(decimal, *at);
    }
    if (at < end && *at == '.') {
        at++;
        if (!is_digit(at, end)) {
            return false;
        }
        for (; is_digit(at, end); at++) {
            add_digit(decimal, *at);
            decimal->scale--;
        }
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (!take_exponent(&at, end, decimal)) {
            return false;
        }
    }
    return at == end;
}

static bool take_decimal(const char *at, const char *end, decimal_t *decimal)
{
    if (!take_literal(at, end, decimal)) {
        return false;
    }
    for (; decimal->count > 0 && decimal->digits[decimal->count - 1] == '0'; decimal->count--) {
        decimal->scale++;
    }
    return true;
}

orders_decimal_e orders_decimal_scaled(const char *text, apr_size_t length, int exponent,
                                       int64_t *value)
{
    decimal_t decimal = {.negative = false};
    int64_t amount = 0; /* accumulated as a negative number, whose range is larger */
    int at;

    if (length > ORDERS_DECIMAL_MAX_LENGTH) {
        return ORDERS_DECIMAL_RANGE;
    }
    if (!take_decimal(text, text + length, &decimal)) {
        return ORDERS_DECIMAL_NONE;
    }
    if (decimal.count == 0) {
        *value = 0;
        return ORDERS_DECIMAL_OK;
    }
    decimal.scale += exponent;
    if (decimal.scale < 0) {
        return ORDERS_DECIMAL_PRECISE;
    }
    if (decimal.count + decimal.scale > 19) {
        return ORDERS_DECIMAL_RANGE;
    }
    for (at = 0; at < decimal.count + decimal.scale; at++) {
        int digit = at < decimal.count ? decimal.digits[at] - '0' : 0;

        if (__builtin_mul_overflow(amount, 10, &amount) ||
            __builtin_sub_overflow(amount, digit, &amount)) {
            return ORDERS_DECIMAL_RANGE;
        }
    }
    if (!decimal.negative && __builtin_sub_overflow(0, amount, &amount)) {
        return ORDERS_DECIMAL_RANGE;
    }
    *value = amount;
    return ORDERS_DECIMAL_OK;
}

const char *orders_decimal_canonical(apr_pool_t *pool, const char *text, apr_size_t length)
{
    decimal_t decimal = {.negative = false};

    if (length > ORDERS_DECIMAL_MAX_LENGTH || !take_decimal(text, text + length, &decimal)) {
        return NULL;
    }
    if (decimal.count == 0) {
        return "0";
    }
    return apr_psprintf(pool, decimal.scale ? "%s%.*se%d" : "%s%.*s", decimal.negative ? "-" : "",
                        decimal.count, decimal.digits, decimal.scale);
}

apr_size_t orders_decimal_plain_length(const char *text, apr_size_t length)
{
    decimal_t decimal = {.negative = false};
    int whole, decimals;

    if (length > ORDERS_DECIMAL_MAX_LENGTH || !take_literal(text, text + length, &decimal)) {
        return 0;
    }
    whole = decimal.count ? decimal.count + decimal.scale : 1;
    decimals = decimal.scale < 0 ? 1 - decimal.scale : 0; /* with the point */
    return (apr_size_t)((whole > 1 ? whole : 1) + decimals + (decimal.negative ? 1 : 0));
}
