/* SPDX-License-Identifier: Apache-2.0 */
/* The cost of rendering: it stops when the client has left, and its memory does not grow with the length of tables. */
#include "support.h"

#include <apr_tables.h>
#include <limits.h>
#include <malloc.h>
#include <stdbool.h>

#include "documents/invoice.h"

__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);

/** fontconfig refers to its memory by offsets, which LeakSanitizer cannot follow. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libfontconfig\n";
}

/** A snapshot with many lines of this title. */
static const char *snapshot_of(const char *title, int lines)
{
    const char *line = apr_pstrcat(
        pool, "{\"title\":\"", title,
        "\",\"quantity\":1,\"unit_price\":100,\"discount\":0,\"tax\":0,\"amount\":100}", NULL);
    apr_array_header_t *all = apr_array_make(pool, lines, sizeof(const char *));

    for (; lines > 0; lines--) {
        APR_ARRAY_PUSH(all, const char *) = line;
    }
    return apr_pstrcat(pool,
                       "{\"number\":\"N\",\"order_number\":\"O\","
                       "\"issued_at\":\"2017-03-29T10:00:38Z\",\"currency\":\"JPY\",\"exponent\":0,"
                       "\"tax_inclusive\":true,\"issuer\":{\"name\":\"A\"},\"lines\":[",
                       apr_array_pstrcat(pool, all, ','),
                       "],\"taxes\":[],\"subtotal\":1,\"discount\":0,\"tax\":0,\"shipping\":0,"
                       "\"total\":1}",
                       NULL);
}

static orders_invoice_pdf_t render(const char *snapshot, const orders_invoice_watch_t *watch)
{
    orders_invoice_pdf_t pdf;

    assert_null(orders_invoice_pdf(&pdf, pool, snapshot, strlen(snapshot), watch));
    return pdf;
}

typedef struct {
    int asked, wanted;
} watch_t;

static bool is_wanted(void *baton)
{
    watch_t *watch = baton;

    return ++watch->asked <= watch->wanted;
}

/** Renders for a client that leaves after this number of checks; returns the number of checks that were made. */
static int asked_until(orders_invoice_pdf_t *pdf, const char *snapshot, int wanted)
{
    watch_t asked = {.wanted = wanted};
    const orders_invoice_watch_t watch = {.wanted = is_wanted, .baton = &asked};

    *pdf = render(snapshot, &watch);
    return asked.asked;
}

static void stops_at_the_page_at_which_the_client_leaves(void **state)
{
    const char *snapshot = snapshot_of("Test", 150);
    orders_invoice_pdf_t whole = render(snapshot, NULL), pdf;
    int asked = asked_until(&pdf, snapshot, INT_MAX);

    assert_true(
        pdf.length == whole.length &&
        !memcmp(pdf.data, whole.data, pdf.length)); /* the checks do not change the document */
    assert_in_range(asked, 2 * 4,
                    2 * 10); /* once per page when pages are counted, and when they are written */
    assert_int_equal(asked_until(&pdf, snapshot, 0), 1);
    assert_null(pdf.data);
    assert_int_equal(asked_until(&pdf, snapshot, asked - 3), asked - 2);
    assert_null(pdf.data);
}

/** The memory in use while a document is rendered: texts are allocated by malloc(), one block at a time. */
static size_t most;

static bool measure(void *baton)
{
    struct mallinfo2 now = mallinfo2();

    most = now.uordblks > most ? now.uordblks : most;
    return true;
}

static size_t memory_for(int lines)
{
    const char *snapshot = snapshot_of("Test Item with a title", lines);
    const orders_invoice_watch_t watch = {.wanted = measure};

    most = 0;
    (void)render(snapshot, &watch);
    return most;
}

static void memory_does_not_grow_with_pages(void **state)
{
    size_t few, many;

    memory_for(300); /* caches of fonts and glyphs */
    few = memory_for(50);
    many = memory_for(300);
    assert_in_range(many, 0,
                    few + 300 * 3000); /* bytes per line; about 20,000 if every text is kept */
}

/** A box with a code point takes a hundred times as long as a glyph, so boxes after the first thousand are empty. */
static void writes_characters_without_a_font_quickly(void **state)
{
    static const char title[] = "\xEE\x80\x80\xEE\x80\x81\xEE\x80\x80\xEE\x80\x81\xEE\x80\x80"
                                "\xEE\x80\x81\xEE\x80\x80\xEE\x80\x81\xEE\x80\x80\xEE\x80\x81";
    orders_invoice_pdf_t some = render(snapshot_of(title, 100), NULL);
    orders_invoice_pdf_t more = render(snapshot_of(title, 200), NULL);

    assert_in_range(more.length, some.length + 1, some.length * 3 / 2);
}

static int open_all(void **state)
{
    orders_problem_t *problem;

    if (apr_open(state) || pool_open(state)) {
        return 1;
    }
    problem = orders_invoice_startup(pool);
    pool_close(state);
    return problem != NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(stops_at_the_page_at_which_the_client_leaves),
        TEST(memory_does_not_grow_with_pages),
        TEST(writes_characters_without_a_font_quickly),
    };

    return cmocka_run_group_tests(tests, open_all, apr_close);
}
