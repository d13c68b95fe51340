/* SPDX-License-Identifier: Apache-2.0 */
/* Formats of strings. */
#include "support.h"

#include "core/format.h"

#define ALL(format, expected, ...)                                                                 \
    do {                                                                                           \
        static const char *const texts[] = {__VA_ARGS__};                                          \
        for (size_t i = 0; i < COUNT(texts); i++) {                                                \
            if ((format).matches(texts[i]) != (expected)) {                                        \
                fail_msg("%s: %s", #format, texts[i]);                                             \
            }                                                                                      \
        }                                                                                          \
    } while (0)

static void checks_times(void **state)
{
    ALL(orders_format_time, true, "2026-01-01T10:30Z", "2026-01-01T10:30:00.000Z",
        "2026-01-01T16:15:00.000000000+05:45", "2026-01-02T02:29+15:59",
        "2026-01-01T10:30:00.25-00:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z");
    ALL(orders_format_time, false, "", "yesterday", "infinity", "2026-01-01", "2026-01-01T00:00",
        "2026-01-01T00:00:00", "2026-02-30T00:00:00Z", "2026-13-01T00:00Z", "2026-01-01T00:60Z",
        "2026-01-01T00:00:61Z", "2026-01-01T24:01Z", "2026-01-01T00:00.5Z", "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00+16:00", "2026-01-01T00:00:00-16:00", "2026-01-01T00:00:00+23:59",
        "2026-01-01T00:00:00+99:99", "2026-01-01T00:00:00+05:60", "2026-01-01T00:00:00+5",
        "0000-01-01T00:00Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-12:00",
        "2026-01-01T00:00Z\n");
}

static void checks_days_and_times(void **state)
{
    ALL(orders_format_day, true, "2026-11-29", "2028-02-29", "0001-01-01", "9999-12-31");
    ALL(orders_format_day, false, "", "2026-02-29", "2026-11-29T08:00:00Z", "2026-11-9", "26-11-29",
        "0000-01-01", " 2026-11-29", "2026-11-29 ");
    ALL(orders_format_day_or_time, true, "2026-11-29", "2026-11-29T08:00:00+08:00",
        "2026-01-01T10:30Z");
    ALL(orders_format_day_or_time, false, "", "nonsense", "2026-02-30", "2026-11-29T08:00:00",
        "2026-11", "2026-11-29 ");
}

static void checks_urls(void **state)
{
    ALL(orders_format_url, true, "http://a", "https://example.com/p?a=b#c",
        "https://\xC3\xA9.example");
    ALL(orders_format_url, false, "", "http://", "https://", "ftp://x", "javascript:alert(1)",
        "HTTPS://x", "https:/x", "https://a b", "https://a\tb", "https://a\n", "https://a\xC2\xA0",
        "https://a\xE2\x80\x83", "https://a\xE3\x80\x80", "https://a\xE2\x80\xAE", " https://a");
}

static void checks_language_tags(void **state)
{
    ALL(orders_format_language, true, "en", "ang", "en-gb", "zh-hant", "de-1996", "sl-rozaj-biske");
    ALL(orders_format_language, false, "", "e", "engl", "EN", "en-", "en-GB", "-en", "en_gb",
        "en--gb", "en-abcdefghi", "e1");
}

static void checks_slugs(void **state)
{
    ALL(orders_format_slug, true, "a", "0", "a-b_c",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    ALL(orders_format_slug, false, "", "-a", "_a", "A", "a b", "a.b",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}

static void checks_mail_addresses(void **state)
{
    ALL(orders_format_mail, true, "ada@example.com");
    ALL(orders_format_mail, false, "", "ada", "ada@example");
}

static void checks_patterns_of_events(void **state)
{
    ALL(orders_format_event_pattern, true, "*", "order.paid", "order.*", "order",
        "webhook_endpoint.disabled", "a.b.c", "a.b.*");
    ALL(orders_format_event_pattern, false, "", ".", "order.", ".paid", "order..paid", "**",
        "order*", "order.p*", "*.paid", "order.*.paid", "Order.paid", "order.paid ", "order-paid",
        "order.1", "order.paid,order.failed", "order.*,");
    ALL(orders_format_event_patterns, true, "*", "order.paid", "order.paid,return.*",
        "order.paid,order.paid,*");
    ALL(orders_format_event_patterns, false, "", ",", "order.paid,", ",order.paid",
        "order.paid,,return.*", "order.paid, return.*", "order.paid;return.*");
}

static void limits_patterns_of_events(void **state)
{
    char pattern[102];
    const char *list = "*";
    memset(pattern, 'a', sizeof(pattern));
    pattern[100] = '\0';
    assert_true(orders_format_event_pattern.matches(pattern));
    pattern[100] = 'a';
    pattern[101] = '\0';
    assert_false(orders_format_event_pattern.matches(pattern));
    for (int i = 1; i < 50; i++) {
        list = apr_pstrcat(pool, list, ",order.*", NULL);
    }
    assert_true(orders_format_event_patterns.matches(list));
    assert_false(orders_format_event_patterns.matches(apr_pstrcat(pool, list, ",*", NULL)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(checks_times),
        TEST(checks_days_and_times),
        TEST(checks_urls),
        TEST(checks_language_tags),
        TEST(checks_slugs),
        TEST(checks_mail_addresses),
        TEST(checks_patterns_of_events),
        TEST(limits_patterns_of_events),
    };

    return RUN(tests);
}
