/* SPDX-License-Identifier: Apache-2.0 */
/* A log writes the lines of its level to its sink. */
#include "support.h"

#include "core/log.h"

static char last[2048];
static int lines;

static bool up_to_notice(void *context, orders_level_e level)
{
    assert_ptr_equal(context, last);
    return level <= ORDERS_LOG_NOTICE;
}

static void keep(void *context, orders_level_e level, const char *line)
{
    lines++;
    apr_cpystrn(last, line, sizeof(last));
}

static const orders_log_t sink = {.context = last, .enabled = up_to_notice, .write = keep};

static void writes_lines_of_the_level(void **state)
{
    lines = 0;
    orders_log(&sink, ORDERS_LOG_NOTICE, "%s %d", "expired", 3);
    assert_string_equal(last, "expired 3");
    orders_log(&sink, ORDERS_LOG_DEBUG, "%s", "details");
    orders_log(NULL, ORDERS_LOG_ERROR, "%s", "nobody listens");
    assert_int_equal(lines, 1);
}

static void writes_one_bounded_line_per_message(void **state)
{
    char long_text[5000];

    orders_log(&sink, ORDERS_LOG_ERROR, "%s", "a\nORD0001 forged\r\t\x1B[0m\x7F");
    assert_string_equal(last, "a ORD0001 forged   [0m ");
    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    orders_log(&sink, ORDERS_LOG_ERROR, "%s", long_text);
    assert_int_equal(strlen(last), 1023);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(writes_lines_of_the_level),
                                       TEST(writes_one_bounded_line_per_message)};

    return RUN(tests);
}
