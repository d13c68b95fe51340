/* SPDX-License-Identifier: Apache-2.0 */
/* Strict parsing and fast writing of integers. */
#include "support.h"

#include "core/number.h"

static void reads_numbers(void **state)
{
    static const struct {
        const char *text;
        int64_t number;
    } cases[] = {
        {"0", 0},
        {"7", 7},
        {"-7", -7},
        {"007", 7},
        {"-0", 0},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
    };
    size_t index;

    for (index = 0; index < COUNT(cases); index++) {
        int64_t number = 99;

        assert_int_equal(orders_number(cases[index].text, INT64_MIN, INT64_MAX, &number),
                         ORDERS_NUMBER_OK);
        assert_int_equal(number, cases[index].number);
    }
}

static void refuses_malformed_numbers(void **state)
{
    static const char *const cases[] = {"",
                                        "-",
                                        "+1",
                                        " 1",
                                        "1 ",
                                        "1.0",
                                        "1e3",
                                        "0x1",
                                        "--1",
                                        "1-1",
                                        "\t1",
                                        "1\n",
                                        "½",
                                        "१",
                                        "nan",
                                        "null",
                                        "1,0",
                                        "one",
                                        "99999999999999999999x"};
    int64_t number = 99;
    size_t index;

    for (index = 0; index < COUNT(cases); index++) {
        assert_int_equal(orders_number(cases[index], INT64_MIN, INT64_MAX, &number),
                         ORDERS_NUMBER_NONE);
    }
    assert_int_equal(orders_number(NULL, 0, 1, &number), ORDERS_NUMBER_NONE);
    assert_int_equal(orders_number_n("1\0002", 3, 0, 100, &number), ORDERS_NUMBER_NONE);
    assert_int_equal(number, 99);
}

static void refuses_numbers_out_of_range(void **state)
{
    char long_one[4001];
    int64_t number = 99;

    memset(long_one, '9', sizeof(long_one) - 1);
    long_one[sizeof(long_one) - 1] = '\0';
    assert_int_equal(orders_number(long_one, INT64_MIN, INT64_MAX, &number), ORDERS_NUMBER_RANGE);
    assert_int_equal(orders_number("9223372036854775808", INT64_MIN, INT64_MAX, &number),
                     ORDERS_NUMBER_RANGE);
    assert_int_equal(orders_number("-9223372036854775809", INT64_MIN, INT64_MAX, &number),
                     ORDERS_NUMBER_RANGE);
    assert_int_equal(orders_number("18446744073709551617", INT64_MIN, INT64_MAX, &number),
                     ORDERS_NUMBER_RANGE);
    assert_int_equal(orders_number("0", 1, 10, &number), ORDERS_NUMBER_RANGE);
    assert_int_equal(orders_number("11", 1, 10, &number), ORDERS_NUMBER_RANGE);
    assert_int_equal(number, 99);
}

static void reads_ids(void **state)
{
    assert_int_equal(orders_number_id("57"), 57);
    assert_int_equal(orders_number_id("9223372036854775807"), INT64_MAX);
    assert_int_equal(orders_number_id("9223372036854775808"), 0);
    assert_int_equal(orders_number_id("0"), 0);
    assert_int_equal(orders_number_id("-1"), 0);
    assert_int_equal(orders_number_id("+1"), 0);
    assert_int_equal(orders_number_id("1a"), 0);
    assert_int_equal(orders_number_id(NULL), 0);
}

static void writes_like_printf(void **state)
{
    static const int64_t numbers[] = {0,  1,  9,   10,  11,   99,        100,       101,
                                      -1, -9, -10, 999, 1000, 123456789, INT64_MAX, INT64_MIN};
    char ours[ORDERS_NUMBER_SIZE], theirs[ORDERS_NUMBER_SIZE];
    size_t index;

    for (index = 0; index < COUNT(numbers); index++) {
        ours[orders_number_write_int(ours, numbers[index])] = '\0';
        snprintf(theirs, sizeof(theirs), "%" APR_INT64_T_FMT, numbers[index]);
        assert_string_equal(ours, theirs);
    }
    ours[orders_number_write_uint(ours, UINT64_MAX)] = '\0';
    assert_string_equal(ours, "18446744073709551615");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_numbers), TEST(refuses_malformed_numbers), TEST(refuses_numbers_out_of_range),
        TEST(reads_ids),     TEST(writes_like_printf),
    };

    return RUN(tests);
}
