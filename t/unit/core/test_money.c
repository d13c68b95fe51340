/* SPDX-License-Identifier: Apache-2.0 */
/* Amounts: exact, or refused. */
#include "support.h"

#include "core/money.h"

static orders_money_e read_amount(const char *text, int exponent, int64_t *minor)
{
    return orders_money_parse(text, strlen(text), exponent, minor);
}

static void reads_amounts(void **state)
{
    static const struct {
        const char *text;
        int exponent;
        int64_t minor;
    } cases[] = {
        {"284.04", 2, 28404},
        {"284", 2, 28400},
        {"0.1", 2, 10},
        {"0.29", 2, 29}, /* 28.999… as a double */
        {"-0.01", 2, -1},
        {"24288", 0, 24288},
        {"100.00", 0, 100},
        {"1.234", 3, 1234},
        {"0", 2, 0},
        {"-0.00", 2, 0},
        {"0e999999", 2, 0},
        {"2.5e2", 2, 25000},
        {"25000E-2", 2, 25000},
        {"1e+2", 0, 100},
        {"10000000000000000000000e-20", 2, 10000},
        {"0.000000000000000000001e21", 0, 1},
        {"92233720368547758.07", 2, INT64_MAX},
        {"-92233720368547758.08", 2, INT64_MIN},
        {"9223372036854775807", 0, INT64_MAX},
    };
    size_t index;

    for (index = 0; index < COUNT(cases); index++) {
        int64_t minor = 99;

        assert_int_equal(read_amount(cases[index].text, cases[index].exponent, &minor),
                         ORDERS_MONEY_OK);
        assert_int_equal(minor, cases[index].minor);
    }
}

static void refuses_malformed_amounts(void **state)
{
    static const char *const cases[] = {"",    "-",   "+1",  ".5",   "1.",   "01",    "1.2.3",
                                        "1e",  "1e+", "e1",  " 1",   "1 ",   "1,5",   "0x10",
                                        "-.5", "--1", "nan", "inf",  "1e1e", "1e1.5", "1_0",
                                        "1e-", "00",  "-01", "1.e3", "½",    "$5",    "5€"};
    int64_t minor = 99;
    size_t index;

    for (index = 0; index < COUNT(cases); index++) {
        assert_int_equal(read_amount(cases[index], 2, &minor), ORDERS_MONEY_NONE);
    }
    assert_int_equal(orders_money_parse("1\0000", 3, 2, &minor), ORDERS_MONEY_NONE);
    assert_int_equal(minor, 99);
}

static void refuses_too_many_decimals(void **state)
{
    int64_t minor = 99;

    assert_int_equal(read_amount("284.041", 2, &minor), ORDERS_MONEY_PRECISE);
    assert_int_equal(read_amount("0.5", 0, &minor), ORDERS_MONEY_PRECISE);
    assert_int_equal(read_amount("1e-3", 2, &minor), ORDERS_MONEY_PRECISE);
    assert_int_equal(read_amount("1e-99999999999999999999", 2, &minor), ORDERS_MONEY_PRECISE);
    assert_int_equal(minor, 99);
}

static void refuses_too_large_amounts(void **state)
{
    char long_one[4001];
    int64_t minor = 99;

    memset(long_one, '1', sizeof(long_one) - 1);
    long_one[sizeof(long_one) - 1] = '\0';
    assert_int_equal(read_amount(long_one, 2, &minor), ORDERS_MONEY_RANGE);
    assert_int_equal(read_amount("1e400", 2, &minor), ORDERS_MONEY_RANGE);
    assert_int_equal(read_amount("1e99999999999999999999", 2, &minor), ORDERS_MONEY_RANGE);
    assert_int_equal(read_amount("92233720368547758.08", 2, &minor), ORDERS_MONEY_RANGE);
    assert_int_equal(read_amount("-92233720368547758.09", 2, &minor), ORDERS_MONEY_RANGE);
    assert_int_equal(read_amount("9999999999999999999", 0, &minor), ORDERS_MONEY_RANGE);
    assert_int_equal(minor, 99);
}

static void writes_amounts(void **state)
{
    static const struct {
        int64_t minor;
        int exponent;
        const char *whole, *trimmed;
    } cases[] = {
        {28404, 2, "284.04", "284.04"},
        {28450, 2, "284.50", "284.5"},
        {28400, 2, "284.00", "284"},
        {24288, 0, "24288", "24288"},
        {5, 2, "0.05", "0.05"},
        {-5, 3, "-0.005", "-0.005"},
        {0, 2, "0.00", "0"},
        {-100, 2, "-1.00", "-1"},
        {INT64_MIN, 2, "-92233720368547758.08", "-92233720368547758.08"},
        {INT64_MAX, 6, "9223372036854.775807", "9223372036854.775807"},
    };
    char text[ORDERS_MONEY_SIZE];
    size_t index;

    for (index = 0; index < COUNT(cases); index++) {
        int64_t back;

        text[orders_money_write(text, cases[index].minor, cases[index].exponent, false)] = '\0';
        assert_string_equal(text, cases[index].whole);
        text[orders_money_write(text, cases[index].minor, cases[index].exponent, true)] = '\0';
        assert_string_equal(text, cases[index].trimmed);
        assert_int_equal(read_amount(text, cases[index].exponent, &back), ORDERS_MONEY_OK);
        assert_int_equal(back, cases[index].minor);
    }
}

static void writes_equal_values_equally(void **state)
{
    static const struct {
        const char *text, *canonical;
    } cases[] = {
        {"0", "0"},         {"-0.00", "0"}, {"0e9", "0"},    {"1", "1"},         {"1.0", "1"},
        {"1e0", "1"},       {"10e-1", "1"}, {"0.1E+1", "1"}, {"-1.0", "-1"},     {"2.50", "25e-1"},
        {"25e-1", "25e-1"}, {"100", "1e2"}, {"1e2", "1e2"},  {"1e300", "1e300"}, {"1.", NULL},
        {"x", NULL},        {"", NULL},
    };
    size_t index;

    for (index = 0; index < COUNT(cases); index++) {
        const char *text = cases[index].text;
        const char *canonical = orders_decimal_canonical(pool, text, strlen(text));

        if (cases[index].canonical) {
            assert_string_equal(canonical, cases[index].canonical);
        } else {
            assert_null(canonical);
        }
    }
}

static void writes_the_currency(void **state)
{
    assert_string_equal(orders_money_text(pool, 28400, 2, "USD"), "284.00 USD");
    assert_string_equal(orders_money_text(pool, -5, 3, "TND"), "-0.005 TND");
    assert_string_equal(orders_money_text(pool, 900, 0, "JPY"), "900 JPY");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_amounts),
        TEST(refuses_malformed_amounts),
        TEST(refuses_too_many_decimals),
        TEST(refuses_too_large_amounts),
        TEST(writes_amounts),
        TEST(writes_equal_values_equally),
        TEST(writes_the_currency),
    };

    return RUN(tests);
}
