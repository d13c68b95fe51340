/* SPDX-License-Identifier: Apache-2.0 */
/* PayPal's transaction search: windows, replies and errors without a network, and pages of the simulated PayPal. */
#include "core/time.h"
#include "net/breaker.h"
#include "payments/paypal/search.h"
#include "paypal.h"

#define OURS "1-00000000-0000-4000-8000-000000000001"
#define HOUR 3600

static const orders_paypal_window_t window = {1000000, 1086400, 1086400, 1};

/* --- windows --- */

static apr_time_t at(int64_t seconds)
{
    return apr_time_from_sec(seconds);
}

static orders_paypal_window_t window_of(const orders_listing_request_t *request, int64_t now)
{
    orders_paypal_window_t read = {0};

    assert_null(orders_paypal_window_read(&read, pool, request, at(now)));
    return read;
}

static void reads_a_period_in_windows_of_at_most_30_days(void **state)
{
    const int64_t from = 1700000000, to = from + 31 * 86400;
    const orders_listing_request_t request = {.tenant = 1, .from = at(from) + 999999, .to = at(to)};
    const orders_paypal_window_t first = window_of(&request, to + 3 * HOUR);

    assert_int_equal(first.start, from);
    assert_int_equal(first.end, from + 30 * 86400);
    assert_int_equal(first.limit, to);
    assert_int_equal(first.page, 1);
}

static void leaves_out_the_last_three_hours(void **state)
{
    const int64_t from = 1700000000;
    const orders_listing_request_t request = {
        .tenant = 1, .from = at(from), .to = at(from + 5 * HOUR)};

    assert_int_equal(window_of(&request, from + 5 * HOUR).limit, from + 2 * HOUR);
    assert_int_equal(window_of(&request, from + 9 * HOUR).limit, from + 5 * HOUR);
    const orders_paypal_window_t none = window_of(&request, from + 3 * HOUR);

    assert_true(none.end <= none.start);
}

static void continues_at_the_page_that_is_awaited(void **state)
{
    static const char *const malformed[] = {"",
                                            "1-2-3",
                                            "1-2-3-0",
                                            "2-2-3-1",
                                            "1-3-2-1",
                                            "1-2-3-x",
                                            "1-2-3-4-",
                                            "-1-2-3-1",
                                            "1-2-3-1 ",
                                            "1--3-1",
                                            "9999999999999999-2-3-1"};
    orders_listing_request_t request = {.tenant = 1, .page = "1000-2000-5000-7"};
    const orders_paypal_window_t read = window_of(&request, 9000);
    orders_paypal_window_t none;

    assert_int_equal(read.start, 1000);
    assert_int_equal(read.end, 2000);
    assert_int_equal(read.limit, 5000);
    assert_int_equal(read.page, 7);
    for (size_t i = 0; i < COUNT(malformed); i++) {
        request.page = malformed[i];
        assert_string_equal(code_of(orders_paypal_window_read(&none, pool, &request, at(9000))),
                            "provider_refused");
    }
}

/* --- replies --- */

#define TIME "\"transaction_initiation_date\":\"2026-11-20T10:00:00+0000\""

/** A transaction. `more`: further members, each followed by a comma. */
static const char *transaction(const char *code, const char *status, const char *value,
                               const char *more)
{
    return apr_psprintf(pool,
                        "{\"transaction_info\":{%s\"transaction_id\":\"8MC585209K746392H\","
                        "\"transaction_event_code\":\"%s\",\"transaction_status\":\"%s\"," TIME
                        ",\"transaction_amount\":{\"currency_code\":\"EUR\",\"value\":\"%s\"}}}",
                        more, code, status, value);
}

static orders_problem_t *read_page_of(orders_listing_t *listing,
                                      const orders_paypal_window_t *asked, const char *pages,
                                      const char *transactions)
{
    const char *text = apr_psprintf(pool, "{\"transaction_details\":[%s],%s}", transactions, pages);

    return orders_paypal_search_read(listing, pool, asked, 1, text, strlen(text));
}

/** "kind amount key capture" of the only transaction of a page, or "" when it is left out. */
static const char *reading(const char *text)
{
    orders_listing_t listing;

    assert_null(read_page_of(&listing, &window, "\"total_pages\":1", text));
    if (apr_is_empty_array(listing.entries)) {
        return "";
    }
    const orders_listed_t *entry = &APR_ARRAY_IDX(listing.entries, 0, orders_listed_t);

    assert_string_equal(entry->transaction_id, "8MC585209K746392H");
    assert_string_equal(entry->currency, "EUR");
    assert_string_equal(orders_time_text(pool, entry->occurred_at, false), "2026-11-20T10:00:00Z");
    return apr_psprintf(pool, "%s %d %s %s", entry->kind, (int)entry->amount,
                        entry->payment_key ? entry->payment_key + 35 : "-",
                        entry->capture_id ? entry->capture_id : "-");
}

#define MARK "\"custom_field\":\"" OURS "\","
#define OF "\"paypal_reference_id\":\"5TY05013RG002845M\",\"paypal_reference_id_type\":\"TXN\","

static void recognises_captures_and_refunds(void **state)
{
    static const struct {
        const char *code, *status, *value, *more, *expected;
    } cases[] = {
        {"T0006", "S", "19.90", MARK, "capture 1990 1 -"},
        {"T0006", "V", "19.90", MARK, "capture 1990 1 -"},
        {"T0006", "F", "19.90", MARK OF, "capture 1990 1 -"},
        {"T0005", "S", "19.90", MARK, "capture 1990 1 -"},
        {"T0006", "P", "19.90", MARK, ""},
        {"T0006", "D", "19.90", MARK, ""},
        {"T0006", "S", "19.90", "", ""},
        {"T0006", "S", "19.90", "\"custom_field\":\"another-shop\",", ""},
        {"T0006", "S", "19.90", "\"custom_field\":\"2-00000000-0000-4000-8000-000000000001\",", ""},
        {"T0006", "S", "-19.90", MARK, "other 1990 1 -"},
        {"T1107", "S", "-9.90", MARK OF, "refund 990 1 5TY05013RG002845M"},
        {"T1107", "S", "-9.90", OF, "refund 990 - 5TY05013RG002845M"},
        {"T1107", "S", "-9.90", MARK, "refund 990 1 -"},
        {"T1107", "S", "-9.90", "", ""},
        {"T1107", "S", "-9.90", "\"custom_field\":\"another-shop\"," OF, ""},
        {"T1107", "P", "-9.90", MARK OF, ""},
        {"T1107", "V", "-9.90", MARK OF, ""},
        {"T1106", "S", "-19.90", MARK OF, "refund 1990 1 5TY05013RG002845M"},
        {"T1201", "S", "-19.90", MARK OF, "refund 1990 1 5TY05013RG002845M"},
        {"T1202", "S", "19.90", MARK OF, "other 1990 1 -"},
        {"T1110", "S", "-19.90", MARK OF, "other 1990 1 -"},
        {"T0106", "S", "-0.40", MARK, "other 40 1 -"},
        {"T0400", "S", "-1000.00", "", "other 100000 - -"},
        {"T0200", "P", "-1000.00", "", ""},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *text =
            transaction(cases[i].code, cases[i].status, cases[i].value, cases[i].more);

        assert_string_equal(reading(text), cases[i].expected);
    }
}

static void refuses_a_page_that_it_cannot_read(void **state)
{
    static const char *const pages[] = {
        "",
        "[]",
        "{\"transaction_details\":[]}",
        "{\"transaction_details\":{},\"total_pages\":1}",
        "{\"transaction_details\":[],\"total_pages\":\"1\"}",
        "{\"transaction_details\":[],\"total_pages\":101}",
    };
    static const char *const amounts[] = {"19.905", "", "ten", "100000000000000.00"};
    orders_listing_t listing;

    for (size_t i = 0; i < COUNT(pages); i++) {
        assert_string_equal(code_of(orders_paypal_search_read(&listing, pool, &window, 1, pages[i],
                                                              strlen(pages[i]))),
                            "provider_unreachable");
    }
    for (size_t i = 0; i < COUNT(amounts); i++) {
        const char *text = transaction("T0006", "S", amounts[i], MARK);

        assert_string_equal(code_of(read_page_of(&listing, &window, "\"total_pages\":1", text)),
                            "provider_unreachable");
    }
}

static const char *next_of(const orders_paypal_window_t *asked, const char *pages)
{
    orders_listing_t listing;

    assert_null(read_page_of(&listing, asked, pages, ""));
    return listing.next ? listing.next : "";
}

static void goes_from_page_to_page_and_from_window_to_window(void **state)
{
    const orders_paypal_window_t part = {1000, 1600, 2500, 3}, last = {2000, 2500, 2500, 1};

    assert_string_equal(next_of(&part, "\"total_pages\":4"), "1000-1600-2500-4");
    assert_string_equal(next_of(&part, "\"total_pages\":100"), "1000-1600-2500-4");
    assert_string_equal(next_of(&part, "\"total_pages\":3"), "1600-2200-2500-1");
    assert_string_equal(next_of(&part, "\"total_pages\":0"), "1600-2200-2500-1");
    assert_string_equal(next_of(&last, "\"total_pages\":1"), "");
}

static void waits_until_paypal_has_listed_the_window(void **state)
{
    const orders_paypal_window_t asked = {1767225600, 1767232800, 1767232800, 1};
    orders_listing_t listing;

    assert_null(read_page_of(
        &listing, &asked,
        "\"total_pages\":1,\"last_refreshed_datetime\":\"2026-01-01T02:00:00+0000\"", ""));
    assert_string_equal(
        code_of(read_page_of(
            &listing, &asked,
            "\"total_pages\":1,\"last_refreshed_datetime\":\"2026-01-01T01:59:59+0000\"", "")),
        "provider_unreachable");
}

/* --- errors --- */

static orders_problem_t *error_of(orders_listing_t *listing, const orders_paypal_window_t *asked,
                                  long status, const char *text)
{
    return orders_paypal_search_refused(listing, pool, asked, status, text, strlen(text));
}

static void halves_a_window_with_too_many_transactions(void **state)
{
    static const char too_large[] =
        "{\"name\":\"RESULTSET_TOO_LARGE\",\"message\":\"Too many.\",\"total_items\":10001}";
    const orders_paypal_window_t wide = {1000, 3000, 9000, 2}, second = {1000, 1001, 9000, 1};
    orders_listing_t listing;

    assert_null(error_of(&listing, &wide, 400, too_large));
    assert_string_equal(listing.next, "1000-2000-9000-1");
    assert_true(apr_is_empty_array(listing.entries));
    assert_string_equal(code_of(error_of(&listing, &second, 400, too_large)), "provider_refused");
}

static void tells_final_errors_from_temporary_ones(void **state)
{
    orders_listing_t listing;
    orders_problem_t *problem = error_of(
        &listing, &window, 403,
        "{\"name\":\"NOT_AUTHORIZED\",\"message\":\"Authorization failed.\",\"debug_id\":\"a1\"}");

    assert_string_equal(code_of(problem), "provider_refused");
    assert_non_null(strstr(problem->extra, "\"NOT_AUTHORIZED\""));
    assert_non_null(strstr(problem->extra, "Transaction Search"));
    assert_string_equal(code_of(error_of(&listing, &window, 403, "<html>Forbidden</html>")),
                        "provider_unreachable");
    assert_string_equal(
        code_of(error_of(&listing, &window, 400,
                         "{\"name\":\"INVALID_REQUEST\",\"message\":\"Data for the given start "
                         "date is not available.\"}")),
        "provider_unreachable");
    assert_string_equal(code_of(error_of(&listing, &window, 404, "{}")), "provider_unreachable");
    assert_string_equal(
        code_of(error_of(&listing, &window, 400, "{\"name\":\"INVALID_RESOURCE_ID\"}")),
        "provider_refused");
}

/* --- calls --- */

static orders_listing_request_t last_day(void)
{
    return (orders_listing_request_t){
        .tenant = 1, .from = apr_time_now() - at(24 * HOUR), .to = apr_time_now()};
}

static orders_problem_t *list(const orders_channel_t *asked,
                              const orders_listing_request_t *request, orders_listing_t *listing)
{
    return orders_paypal_provider.list_transactions(asked, pool, request, listing);
}

/** The entries of all pages, each once: "capture 1990, refund 990"; `*pages`: how many. Windows share their bounds. */
static const char *all(int *pages)
{
    orders_listing_request_t request = last_day();
    orders_listing_t listing;
    apr_table_t *seen = apr_table_make(pool, 8);
    const char *text = "";

    *pages = 0;
    do {
        assert_null(list(&channel, &request, &listing));
        for (int i = 0; i < listing.entries->nelts; i++) {
            const orders_listed_t *entry = &APR_ARRAY_IDX(listing.entries, i, orders_listed_t);

            if (apr_table_get(seen, entry->transaction_id)) {
                continue;
            }
            apr_table_set(seen, entry->transaction_id, "");
            text = apr_psprintf(pool, "%s%s%s %d", text, *text ? ", " : "", entry->kind,
                                (int)entry->amount);
        }
        request.page = listing.next;
        ++*pages;
    } while (listing.next && *pages < 100);
    return text;
}

static void lists_what_paypal_has_recorded(void **state)
{
    orders_refund_request_t request = refund_of(71, 990);
    orders_refund_reply_t reply;
    int pages;

    assert_null(refund(&request, &reply));
    assert_string_equal(all(&pages), ""); /* too young */
    set("{\"age\":14400,\"others\":1}");
    assert_string_equal(all(&pages), "capture 1990, refund 990, other 1990, other 1990");
    assert_int_equal(pages, 1);
    set("{\"age\":14400,\"page_size\":1}");
    assert_string_equal(all(&pages), "capture 1990, refund 990");
    assert_int_equal(pages, 2);
    assert_int_equal(counted("requests"), 3); /* searches are counted apart */
}

static void splits_a_period_with_too_many(void **state)
{
    int pages;

    for (int64_t i = 0; i < 3; i++) {
        orders_capture_request_t request = ordered(true);

        assert_string_equal(capture(&request).outcome, "paid");
        if (i < 2) {
            apr_sleep(apr_time_from_msec(2100));
        }
    }
    set("{\"age\":43200,\"most\":2}");
    assert_string_equal(all(&pages), "capture 1990, capture 1990, capture 1990");
    assert_true(pages > 2);
}

static void says_which_permission_is_missing(void **state)
{
    orders_listing_request_t request = last_day();
    orders_listing_t listing;
    orders_problem_t *problem;

    set("{\"scope\":0}");
    problem = list(&channel, &request, &listing);
    assert_string_equal(code_of(problem), "provider_refused");
    assert_non_null(strstr(problem->extra, "Enable"));
    assert_int_equal(counted("tokens"), 1);
    set("{}");
    assert_null(list(&channel, &request, &listing));
    assert_int_equal(counted("tokens"), 2); /* a new token, which has the permission */
}

static void does_not_suspend_payments(void **state)
{
    orders_channel_t bounded = channel;
    orders_listing_request_t request = last_day();
    orders_listing_t listing;
    orders_intent_request_t order = order_of(81);
    orders_intent_reply_t made;

    bounded.breaker = orders_breaker_create(pool, "paypal", 1);
    set("{\"trouble\":\"500\",\"on\":\"search\"}");
    for (int i = 0; i < 10; i++) {
        assert_string_equal(code_of(list(&bounded, &request, &listing)), "provider_unreachable");
    }
    assert_null(orders_paypal_provider.create_intent(&bounded, pool, &order, &made));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAYPAL_TEST(reads_a_period_in_windows_of_at_most_30_days),
        PAYPAL_TEST(leaves_out_the_last_three_hours),
        PAYPAL_TEST(continues_at_the_page_that_is_awaited),
        PAYPAL_TEST(recognises_captures_and_refunds),
        PAYPAL_TEST(refuses_a_page_that_it_cannot_read),
        PAYPAL_TEST(goes_from_page_to_page_and_from_window_to_window),
        PAYPAL_TEST(waits_until_paypal_has_listed_the_window),
        PAYPAL_TEST(halves_a_window_with_too_many_transactions),
        PAYPAL_TEST(tells_final_errors_from_temporary_ones),
        PAYPAL_TEST(lists_what_paypal_has_recorded),
        PAYPAL_TEST(splits_a_period_with_too_many),
        PAYPAL_TEST(says_which_permission_is_missing),
        PAYPAL_TEST(does_not_suspend_payments),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
