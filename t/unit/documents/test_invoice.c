/* SPDX-License-Identifier: Apache-2.0 */
/* Invoices, read by other programs. */
#include "tools.h"

#include <apr_thread_proc.h>
#include <malloc.h>
#include <stdbool.h>

#include "documents/invoice.h"

__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);

/** fontconfig refers to its memory by offsets, which LeakSanitizer cannot follow. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libfontconfig\n";
}

/* The tests make snapshots by replacing parts of this one. */
static const char base[] =
    "{\"number\":\"AAAA170329000006IN\",\"order_number\":\"AAAA170329000001OD\","
    "\"issued_at\":\"2017-03-29T10:00:38Z\",\"currency\":\"JPY\",\"exponent\":0,"
    "\"tax_inclusive\":true,"
    "\"issuer\":{\"name\":\"Company A\",\"address\":[\"333 West San Carlos Street\","
    "\"San Jose CA 95110\",\"United States\"],\"tax_number\":null,\"email\":null},"
    "\"buyer\":{\"name\":\"CC Lee\",\"address\":[\"1 Main Street\"],\"email\":null},"
    "\"lines\":[{\"number\":null,\"title\":\"Test Item 1\",\"variant\":null,\"quantity\":1,"
    "\"unit_price\":100,\"discount\":15,\"tax\":0,\"amount\":85}],"
    "\"taxes\":[{\"key\":\"VAT\",\"rate_bp\":800,\"amount\":6}],"
    "\"subtotal\":100,\"discount\":15,\"tax\":6,\"shipping\":0,\"total\":85,"
    "\"payment\":{\"method\":\"credit_card\",\"reference\":\"UXI2KS784JOC9A0\","
    "\"paid_at\":\"2017-03-29T10:00:00Z\"},"
    "\"notes\":null}";

#define TITLE "\"title\":\"Test Item 1\""
#define LINE                                                                                       \
    "{\"number\":null,\"title\":\"Test Item 1\",\"variant\":null,\"quantity\":1,"                  \
    "\"unit_price\":100,\"discount\":15,\"tax\":0,\"amount\":85}"
#define NOTES "\"notes\":null"

/** `text` with the first occurrence of `piece` replaced; it must occur. */
static const char *with(const char *text, const char *piece, const char *other)
{
    const char *at = strstr(text, piece);

    assert_non_null(at);
    return apr_pstrcat(pool, apr_pstrmemdup(pool, text, (size_t)(at - text)), other,
                       at + strlen(piece), NULL);
}

typedef orders_invoice_pdf_t pdf_t;

static pdf_t render(const char *snapshot)
{
    pdf_t pdf = {NULL, 0};
    orders_problem_t *problem = orders_invoice_pdf(&pdf, pool, snapshot, strlen(snapshot), NULL);

    if (problem) {
        fail_msg("%s", problem->log);
    }
    assert_memory_equal(pdf.data, "%PDF-", 5);
    return pdf;
}

static const char *text_of(const char *snapshot)
{
    pdf_t pdf = render(snapshot);

    return seen_by("pdftotext -layout -enc UTF-8 %s -", pdf.data, pdf.length);
}

static void assert_contains(const char *text, const char *what)
{
    if (!strstr(text, what)) {
        fail_msg("\"%s\" is not in: %s", what, text);
    }
}

static void assert_lacks(const char *text, const char *what)
{
    if (strstr(text, what)) {
        fail_msg("\"%s\" is in: %s", what, text);
    }
}

/** A line of the text that begins with `label` (spaces aside) ends with `value`. */
static void row(const char *text, const char *label, const char *value)
{
    const char *at, *end;

    for (at = text; *at; at = *end ? end + 1 : end) {
        end = at + strcspn(at, "\n");
        while (*at == ' ') {
            at++;
        }
        if (!strncmp(at, label, strlen(label)) && (size_t)(end - at) > strlen(value) &&
            !strncmp(end - strlen(value), value, strlen(value)) &&
            end[-(long)strlen(value) - 1] == ' ') {
            return;
        }
    }
    fail_msg("there is no row \"%s … %s\" in: %s", label, value, text);
}

static bool same(pdf_t left, pdf_t right)
{
    return left.length == right.length && !memcmp(left.data, right.data, left.length);
}

static void shows_the_invoiced_data(void **state)
{
    static const char *const texts[] = {
        "Company A",  "333 West San Carlos Street",
        "CC Lee",     "San Jose CA 95110",
        "Billed to",  "1 Main Street",
        "Invoice",    "United States",
        "Amount JPY", "Paid on 2017-03-29 by credit card. Reference: UXI2KS784JOC9A0",
        "Total",      "Test Item 1",
    };
    const char *text;
    size_t index;

    need_tool("pdftotext");
    text = text_of(base);
    for (index = 0; index < COUNT(texts); index++) {
        assert_contains(text, texts[index]);
    }
    assert_contains(text, "Invoice number");
    assert_contains(text, "AAAA170329000006IN");
    assert_contains(text, "AAAA170329000001OD");
    row(text, "Subtotal", "JPY 100");
    row(text, "Discount", "JPY -15");
    row(text, "Shipping", "JPY 0");
    row(text, "Total", "JPY 85");
    row(text, "Includes VAT 8%", "JPY 6");
    assert_lacks(text, "Notes");
}

static void labels_a_bill_as_a_bill(void **state)
{
    const char *text;

    need_tool("pdftotext");
    text = text_of(with(base, "{\"number\":\"AAAA", "{\"kind\":\"bill\",\"number\":\"AAAA"));
    assert_contains(text, "Bill number");
    assert_contains(text, "Bill date");
    assert_lacks(text, "Invoice");
    assert_string_equal(
        text_of(with(base, "{\"number\":\"AAAA", "{\"kind\":\"invoice\",\"number\":\"AAAA")),
        text_of(base));
}

static void omits_missing_data(void **state)
{
    const char *snapshot = with(base, ",\"tax_number\":null,\"email\":null", "");
    const char *text;

    need_tool("pdftotext");
    snapshot = with(snapshot, "\"number\":null,", "");
    snapshot = with(snapshot, "\"variant\":null,", "");
    snapshot = with(snapshot, "," NOTES, "");
    snapshot = with(snapshot, "\"buyer\":{", "\"buyer\":null,\"other\":{");
    snapshot = with(snapshot, "\"payment\":{", "\"payment\":null,\"more\":{");
    text = text_of(snapshot);
    row(text, "Total", "JPY 85");
    assert_lacks(text, "Billed to");
    assert_lacks(text, "Payment");
    assert_lacks(text, "Tax number");
}

static void shows_optional_data(void **state)
{
    const char *snapshot = with(base, "\"tax_number\":null,\"email\":null",
                                "\"tax_number\":\"DE 123\",\"email\":\"a@example.com\"");
    const char *text;

    need_tool("pdftotext");
    snapshot = with(snapshot, "\"address\":[\"1 Main Street\"]", "\"address\":null");
    snapshot = with(snapshot, "\"number\":null", "\"number\":\"SKU-77\"");
    snapshot = with(snapshot, "\"variant\":null", "\"variant\":\"Colour: red\"");
    snapshot = with(snapshot, NOTES, "\"notes\":\"First line.\\nSecond line.\"");
    snapshot = with(snapshot, "\"paid_at\":\"2017-03-29T10:00:00Z\"", "\"paid_at\":null");
    text = text_of(snapshot);
    assert_contains(text, "Tax number DE 123");
    assert_contains(text, "a@example.com");
    assert_contains(text, "Item");
    assert_contains(text, "SKU-77");
    assert_contains(text, "Colour: red");
    assert_contains(text, "First line.\nSecond line.");
    assert_contains(text, "By credit card. Reference: UXI2KS784JOC9A0");
}

static void writes_any_script(void **state)
{
    static const char *const texts[] = {
        "Grüße aus Łódź – £ €", "Ключ шестигранный", "Ελληνικά", "東京の夜景 写真集", "简体中文",
        "한국어 사전",          "كتاب جميل",         "שלום",
    };
    size_t index;

    need_tool("pdftotext");
    for (index = 0; index < COUNT(texts); index++) {
        const char *title = apr_pstrcat(pool, "\"title\":\"", texts[index], "\"", NULL);
        const char *text = text_of(with(base, TITLE, title));

        assert_contains(text, texts[index]);
        assert_contains(text, "Company A");
    }
}

static void adds_taxes_that_prices_do_not_include(void **state)
{
    const char *snapshot = with(base, "\"tax_inclusive\":true", "\"tax_inclusive\":false");
    const char *text;

    need_tool("pdftotext");
    snapshot = with(snapshot, "\"amount\":6}]",
                    "\"amount\":6},{\"key\":\"City tax\",\"rate_bp\":725,\"amount\":3}]");
    text = text_of(snapshot);
    row(text, "VAT 8%", "JPY 6");
    row(text, "City tax 7.25%", "JPY 3");
    assert_lacks(text, "Includes");
    assert_true(strstr(text, "VAT 8%") < strstr(text, "Total"));
    text = text_of(with(snapshot, "\"taxes\":[", "\"taxes\":[],\"others\":["));
    row(text, "Tax", "JPY 6");
}

static void writes_amounts_with_their_decimals(void **state)
{
    static const struct {
        const char *exponent, *total, *text;
    } cases[] = {
        {"0", "24414", "EUR 24,414"},
        {"0", "999", "EUR 999"},
        {"0", "-1000", "EUR -1,000"},
        {"2", "2441450", "EUR 24,414.50"},
        {"2", "5", "EUR 0.05"},
        {"2", "-123456789", "EUR -1,234,567.89"},
        {"3", "24414500", "EUR 24,414.500"},
        {"3", "0", "EUR 0.000"},
        {"0", "9223372036854775807", "EUR 9,223,372,036,854,775,807"},
        {"2", "-9223372036854775808", "EUR -92,233,720,368,547,758.08"},
    };
    size_t index;

    need_tool("pdftotext");
    for (index = 0; index < COUNT(cases); index++) {
        const char *total = apr_pstrcat(pool, "\"total\":", cases[index].total, NULL);
        const char *exponent = apr_pstrcat(pool, "\"exponent\":", cases[index].exponent, NULL);
        const char *snapshot = with(with(base, "JPY", "EUR"), "\"exponent\":0", exponent);

        row(text_of(with(snapshot, "\"total\":85", total)), "Total", cases[index].text);
    }
}

/** The numbers of a line do not touch each other. */
static void keeps_huge_amounts_apart(void **state)
{
    static const char figures[] =
        "\"quantity\":9223372036854775807,\"unit_price\":-9223372036854775808,"
        "\"discount\":-9223372036854775808,\"tax\":0,\"amount\":9223372036854775807";
    const char *snapshot = with(
        base, "\"quantity\":1,\"unit_price\":100,\"discount\":15,\"tax\":0,\"amount\":85", figures);
    const char *text;

    need_tool("pdftotext");
    text = text_of(with(snapshot, TITLE, "\"title\":\"A title that wraps beside all of it\""));
    assert_contains(text, " 9,223,372,036,854,775,807 ");
    assert_contains(text, " -9,223,372,036,854,775,808 ");
    assert_contains(text, " 9,223,372,036,854,775,808 ");
    assert_contains(text, " 9,223,372,036,854,775,807\n");
    assert_contains(text, "A title that wraps");
}

static void continues_on_further_pages(void **state)
{
    const char *lines = LINE;
    const char *info, *text;
    pdf_t pdf;
    int index;

    need_tool("pdfinfo");
    for (index = 0; index < 69; index++) {
        lines = apr_pstrcat(pool, lines, "," LINE, NULL);
    }
    pdf = render(with(base, LINE, lines));
    info = seen_by("pdfinfo %s", pdf.data, pdf.length);
    assert_contains(info, "Pages:           3\n");
    assert_contains(info, "Page size:       595.276 x 841.89 pts (A4)");
    for (index = 1; index <= 3; index++) {
        const char *command = apr_psprintf(pool, "pdftotext -raw -f %d -l %d %%s -", index, index);

        text = seen_by(command, pdf.data, pdf.length);
        assert_contains(text, apr_psprintf(pool, "AAAA170329000006IN %d / 3\n", index));
        assert_contains(text, "Quantity Unit price Discount Amount JPY\n");
    }
    text = seen_by("pdftotext -layout %s -", pdf.data, pdf.length);
    row(text, "70 ", "85");
    row(text, "Total", "JPY 85");
}

/** A text that is longer than a page continues on further pages. */
static void writes_all_of_long_texts(void **state)
{
    char *title = apr_pcalloc(pool, 2001);
    char *notes = apr_pcalloc(pool, 10001);
    char *address = apr_pcalloc(pool, 1001);
    const char *text;
    int index;

    need_tool("pdftotext");
    memset(title, 'W', 2000);
    for (index = 0; index < 10000; index++) {
        notes[index] = index % 2 ? 'n' : ' ';
    }
    memcpy(notes + 9990, "the end", 7);
    memcpy(title + 1990, " last word", 10);
    memset(address, 'W', 1000);
    memcpy(address + 990, " last line", 10);
    text = with(base, "1 Main Street", address);
    text = with(text, TITLE, apr_pstrcat(pool, "\"title\":\"", title, "\"", NULL));
    text = text_of(with(text, NOTES, apr_pstrcat(pool, "\"notes\":\"", notes, "\"", NULL)));
    assert_contains(text, "last word");
    assert_contains(text, "last line");
    assert_contains(text, "the end");
    row(text, "Total", "JPY 85");
}

static void is_reproducible(void **state)
{
    const char *other = with(base, TITLE, "\"title\":\"東京 كتاب\"");
    pdf_t first = render(base), second = render(other);

    assert_false(same(first, second));
    assert_true(same(first, render(base)));
    assert_true(same(second, render(other)));
}

static void has_the_time_of_its_issue(void **state)
{
    pdf_t pdf = render(base);
    const char *info;

    need_tool("pdfinfo");
    info = seen_by("TZ=UTC pdfinfo -isodates %s", pdf.data, pdf.length);
    assert_contains(info, "Title:           AAAA170329000006IN\n");
    assert_contains(info, "CreationDate:    2017-03-29T10:00:38");
    assert_lacks(info, "ModDate");
}

static void has_the_dates_of_the_snapshot(void **state)
{
    need_tool("pdftotext");
    row(text_of(with(base, "2017-03-29T10:00:38Z", "2017-03-30T08:00:00+09:00")), "CC Lee",
        "2017-03-30");
}

#define THREADS 4
#define EACH 8

typedef struct {
    const char *snapshot;
    pdf_t expected;
    bool fine;
} job_t;

static void *APR_THREAD_FUNC render_many(apr_thread_t *thread, void *data)
{
    job_t *job = data;
    int count;

    job->fine = true;
    for (count = 0; count < EACH; count++) {
        pdf_t pdf = {NULL, 0};
        apr_pool_t *own;

        apr_pool_create(&own, NULL);
        job->fine = job->fine &&
                    !orders_invoice_pdf(&pdf, own, job->snapshot, strlen(job->snapshot), NULL) &&
                    same(pdf, job->expected);
        apr_pool_destroy(own);
    }
    return NULL;
}

static void renders_in_many_threads(void **state)
{
    apr_thread_t *threads[THREADS];
    job_t jobs[THREADS];
    apr_status_t status;
    int index;

    for (index = 0; index < THREADS; index++) {
        const char *title = apr_psprintf(pool, "\"title\":\"%d 東京 كتاب\"", index % 2);

        jobs[index].snapshot = with(base, TITLE, title);
        jobs[index].expected = render(jobs[index].snapshot);
    }
    for (index = 0; index < THREADS; index++) {
        assert_int_equal(apr_thread_create(&threads[index], NULL, render_many, &jobs[index], pool),
                         APR_SUCCESS);
    }
    for (index = 0; index < THREADS; index++) {
        assert_int_equal(apr_thread_join(&status, threads[index]), APR_SUCCESS);
        assert_true(jobs[index].fine);
    }
}

/** A leak grows in each round; memory that Pango's threads hold does not. Valgrind and the sanitizers have their own checks. */
static void leaks_nothing(void **state)
{
    job_t job = {.snapshot = with(base, TITLE, "\"title\":\"東京 كتاب\"")};
    struct mallinfo2 before, after;
    int round;

    job.expected = render(job.snapshot);
    for (round = 0; round < 30; round++) {
        before = mallinfo2();
        render_many(NULL, &job);
        after = mallinfo2();
        assert_true(job.fine);
        if (after.uordblks <= before.uordblks) {
            return;
        }
    }
    fail_msg("each of %d rounds needed more memory", round);
}

static void refuses_other_snapshots(void **state)
{
    static const struct {
        const char *piece, *other, *log;
    } cases[] = {
        {base, "", "The body is empty"},
        {base, "null", "not a JSON object"},
        {base, "[]", "not a JSON object"},
        {base, "{", "the text ends too early"},
        {base, "{}", "number: The field is required."},
        {"\"number\":", "\"numbers\":", "number: "},
        {"\"number\":\"AAAA170329000006IN\"", "\"number\":17", "number: Must be a string."},
        {"\"issued_at\":\"2017-03-29", "\"issued_at\":\"2017-02-29", "issued_at: "},
        {"\"issued_at\":\"2017-03-29T10:00:38Z", "\"issued_at\":\"0001-01-01T00:00:00+10:00",
         "issued_at: "},
        {"\"exponent\":0", "\"exponent\":7", "exponent: "},
        {"\"exponent\":0", "\"exponent\":-1", "exponent: "},
        {"\"tax_inclusive\":true", "\"tax_inclusive\":1", "tax_inclusive: "},
        {"\"name\":\"Company A\"", "\"name\":null", "issuer.name: "},
        {"[\"333 West San Carlos Street\"", "[333", "a line of an address is not a string"},
        {"[\"1 Main Street\"]", "\"1 Main Street\"", "buyer.address: Must be an array."},
        {"\"CC Lee\"", "\"CC \\u0001Lee\"", "buyer.name: Must not contain control characters."},
        {"\"CC Lee\"", "\"CC \\u0000Lee\"", "NUL characters are not allowed"},
        {"\"CC Lee\"", "\"CC \xFF\"", "the text is not UTF-8"},
        {"\"lines\":[{", "\"lines\":[7,{", "lines[0]. Must be an object."},
        {"\"lines\":[{", "\"lines\":[null,{", "lines[0]. Must be an object."},
        {TITLE, "\"title\":null", "lines[0].title: "},
        {"\"unit_price\":100", "\"unit_price\":100.5", "lines[0].unit_price: "},
        {"\"amount\":85", "\"amount\":9223372036854775808", "a number is too large"},
        {"\"rate_bp\":800,", "", "taxes[0].rate_bp: "},
        {"\"total\":85", "\"total\":\"85\"", "total: Must be an integer."},
        {"\"method\":\"credit_card\",", "", "payment.method: "},
        {"\"paid_at\":\"2017", "\"paid_at\":\"in 2017", "payment.paid_at: "},
        {NOTES, "\"notes\":7", "notes: "},
    };
    size_t index;

    for (index = 0; index < COUNT(cases); index++) {
        const char *snapshot = with(base, cases[index].piece, cases[index].other);
        pdf_t pdf = {NULL, 0};
        orders_problem_t *problem =
            orders_invoice_pdf(&pdf, pool, snapshot, strlen(snapshot), NULL);

        assert_string_equal(code_of(problem), "internal_error");
        assert_contains(problem->log, "the snapshot of the invoice is malformed: ");
        assert_contains(problem->log, cases[index].log);
        assert_null(pdf.data);
    }
}

static void refuses_too_much(void **state)
{
    const apr_size_t length = 3 * 1024 * 1024;
    char *spaces = apr_palloc(pool, length);
    pdf_t pdf = {NULL, 0};
    orders_problem_t *problem;

    memset(spaces, ' ', length);
    memcpy(spaces, base, strlen(base));
    problem = orders_invoice_pdf(&pdf, pool, spaces, length, NULL);
    assert_string_equal(code_of(problem), "internal_error");
    assert_contains(problem->log, "it is too long");
    problem = orders_invoice_pdf(&pdf, pool, NULL, 0, NULL);
    assert_string_equal(code_of(problem), "internal_error");
}

/** A command that renders with this program, in another environment. */
static const char *elsewhere(const char *environment)
{
    char program[4096];
    ssize_t length = readlink("/proc/self/exe", program, sizeof(program));

    assert_true(length > 0 && length < (ssize_t)sizeof(program));
    return apr_psprintf(pool, "env %s %.*s --render", environment, (int)length, program);
}

static void is_the_same_in_other_environments(void **state)
{
    static const char *const environments[] = {"LANGUAGE=ja:ar", "PANGO_LANGUAGE=ko",
                                               "LC_ALL=C.UTF-8 TZ=Asia/Tokyo"};
    orders_bytes_t plain = output_of(elsewhere("-u LANGUAGE -u PANGO_LANGUAGE LC_ALL=C TZ=UTC"));
    size_t index;

    assert_memory_equal(plain.data, "%PDF-", 5);
    for (index = 0; index < COUNT(environments); index++) {
        orders_bytes_t other = output_of(elsewhere(environments[index]));

        assert_int_equal(other.length, plain.length);
        assert_memory_equal(other.data, plain.data, plain.length);
    }
}

static void reports_missing_fonts(void **state)
{
    static const char nothing[] = "<?xml version=\"1.0\"?><fontconfig></fontconfig>";

    assert_contains(seen_by(elsewhere("FONTCONFIG_FILE=%s"), nothing, strlen(nothing)),
                    "no font is installed");
}

/** Writes an invoice, or the error, to stdout. */
static int render_to_stdout(void)
{
    orders_problem_t *problem;
    pdf_t pdf = {NULL, 0};
    const char *snapshot;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    snapshot = with(base, TITLE, "\"title\":\"東京 كتاب\"");
    problem = orders_invoice_startup(pool);
    if (!problem) {
        problem = orders_invoice_pdf(&pdf, pool, snapshot, strlen(snapshot), NULL);
    }
    if (problem) {
        puts(problem->log);
    } else {
        fwrite(pdf.data, 1, pdf.length, stdout);
    }
    apr_terminate();
    return 0;
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

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(shows_the_invoiced_data),
        TEST(labels_a_bill_as_a_bill),
        TEST(omits_missing_data),
        TEST(shows_optional_data),
        TEST(writes_any_script),
        TEST(adds_taxes_that_prices_do_not_include),
        TEST(writes_amounts_with_their_decimals),
        TEST(keeps_huge_amounts_apart),
        TEST(continues_on_further_pages),
        TEST(writes_all_of_long_texts),
        TEST(is_reproducible),
        TEST(has_the_time_of_its_issue),
        TEST(has_the_dates_of_the_snapshot),
        TEST(renders_in_many_threads),
        TEST(leaks_nothing),
        TEST(refuses_other_snapshots),
        TEST(refuses_too_much),
        TEST(is_the_same_in_other_environments),
        TEST(reports_missing_fonts),
    };

    if (argc > 1) {
        return render_to_stdout();
    }
    return cmocka_run_group_tests(tests, open_all, apr_close);
}
