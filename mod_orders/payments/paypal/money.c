/* SPDX-License-Identifier: Apache-2.0 */
#include "payments/paypal/money.h"

#include <apr_strings.h>
#include <string.h>

#include "core/money.h"
#include "payments/provider_problem.h"

typedef struct currency_t {
    char code[4];
    int exponent; /**< decimals in the currency table as shipped */
    int decimals; /**< decimals in PayPal's API */
} currency_t;

/** Currencies supported by PayPal. */
static const currency_t currencies[] = {
    {"AUD", 2, 2}, {"BRL", 2, 2}, {"CAD", 2, 2}, {"CHF", 2, 2}, {"CNY", 2, 2},
    {"CZK", 2, 2}, {"DKK", 2, 2}, {"EUR", 2, 2}, {"GBP", 2, 2}, {"HKD", 2, 2},
    {"HUF", 2, 0}, {"ILS", 2, 2}, {"INR", 2, 2}, {"JPY", 0, 0}, {"MXN", 2, 2},
    {"MYR", 2, 2}, {"NOK", 2, 2}, {"NZD", 2, 2}, {"PHP", 2, 2}, {"PLN", 2, 2},
    {"SEK", 2, 2}, {"SGD", 2, 2}, {"THB", 2, 2}, {"TWD", 2, 0}, {"USD", 2, 2},
};

static const currency_t *find_currency(const char *code)
{
    for (size_t i = 0; code && i < sizeof(currencies) / sizeof(currencies[0]); i++) {
        if (!strcmp(currencies[i].code, code)) {
            return &currencies[i];
        }
    }
    return NULL;
}

orders_problem_t *orders_paypal_money_write(const char **text, apr_pool_t *pool, int64_t minor,
                                            const char *code, int exponent)
{
    const currency_t *currency = find_currency(code);
    char own_text[ORDERS_MONEY_SIZE], *paypal_text = apr_palloc(pool, ORDERS_MONEY_SIZE);
    int64_t amount = 0;

    if (!currency) {
        return orders_provider_refused(pool, "currency_not_supported",
                                       "PayPal does not support this currency.",
                                       "PayPal does not support the currency");
    }
    exponent = exponent < 0 ? currency->exponent : exponent;
    if (minor <= 0 ||
        orders_money_parse(own_text, orders_money_write(own_text, minor, exponent, true),
                           currency->decimals, &amount) != ORDERS_MONEY_OK) {
        return orders_provider_refused(
            pool, "amount_not_payable", "PayPal does not support this amount in this currency.",
            "the amount has more decimals than PayPal supports for its currency");
    }
    paypal_text[orders_money_write(paypal_text, amount, currency->decimals, false)] = '\0';
    *text = paypal_text;
    return NULL;
}

bool orders_paypal_money_read(int64_t *minor, const char *text, const char *code, int exponent)
{
    const currency_t *currency = find_currency(code);

    if (!currency || !text) {
        return false;
    }
    exponent = exponent < 0 ? currency->exponent : exponent;
    return orders_money_parse(text, strlen(text), exponent, minor) == ORDERS_MONEY_OK &&
           *minor >= 0;
}
