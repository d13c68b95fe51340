/* SPDX-License-Identifier: Apache-2.0 */
/* CSV is read strictly, and written for spreadsheets. */
#include "support.h"

#include "core/csv.h"

/* All records: fields with | between, records with ; and the line before each. A fault ends the text. */
static const char *records_of(const char *text)
{
    apr_array_header_t *fields = apr_array_make(pool, 4, sizeof(const char *));
    const char *all = "";
    orders_csv_t csv;

    orders_csv_open(&csv, apr_pstrdup(pool, text), strlen(text));
    while (orders_csv_read(&csv, fields)) {
        all = apr_pstrcat(pool, all, apr_itoa(pool, csv.line), ":",
                          apr_array_pstrcat(pool, fields, '|'), ";", NULL);
    }
    return csv.fault ? apr_pstrcat(pool, all, apr_itoa(pool, csv.line), ": ", csv.fault, NULL)
                     : all;
}

static void reads_records(void **state)
{
    static const struct {
        const char *text, *records;
    } cases[] = {
        {"", ""},
        {"\n\r\n", ""},
        {"a", "1:a;"},
        {"a,b\n", "1:a|b;"},
        {"a,b\r\nc,d", "1:a|b;2:c|d;"},
        {"\n\na,b\n\nc,d\n", "3:a|b;5:c|d;"},
        {",\n", "1:|;"},
        {"a,", "1:a|;"},
        {"\"a\",\"b,c\"\n", "1:a|b,c;"},
        {"\"a \"\"b\"\"\"\n", "1:a \"b\";"},
        {"\"\",\"\"\n", "1:|;"},
        {"\"\"\"\"", "1:\";"},
        {"\"a\nb\",c\nd,e", "1:a\nb|c;3:d|e;"},
        {" a , b \n", "1: a | b ;"},
    };

    for (size_t index = 0; index < COUNT(cases); index++) {
        assert_string_equal(records_of(cases[index].text), cases[index].records);
    }
}

static void refuses_other_texts(void **state)
{
    static const struct {
        const char *text, *fault;
    } cases[] = {
        {"a,b\nc\"d,e\n", "1:a|b;2: A field without quotes contains a quote."},
        {"a\n\"b", "1:a;2: A quoted field has no closing quote."},
        {"\"", "1: A quoted field has no closing quote."},
        {"\"a\" ,b", "1: Text follows a closing quote."},
        {"\"a\"\"", "1: A quoted field has no closing quote."},
        {"a\rb\n", "1: A carriage return is not followed by a line feed."},
        {"\"a\"\rb", "1: Text follows a closing quote."},
        {"a\r", "1: A carriage return is not followed by a line feed."},
    };

    for (size_t index = 0; index < COUNT(cases); index++) {
        assert_string_equal(records_of(cases[index].text), cases[index].fault);
    }
}

/* A body of commas only must not fill the memory with fields. */
static void limits_fields(void **state)
{
    char *text = apr_palloc(pool, ORDERS_CSV_MAX_FIELDS + 3);
    const char *records;

    memset(text, ',', ORDERS_CSV_MAX_FIELDS - 1);
    text[ORDERS_CSV_MAX_FIELDS - 1] = '\0';
    records = records_of(text);
    assert_int_equal(strlen(records), strlen("1:;") + ORDERS_CSV_MAX_FIELDS - 1);
    text[ORDERS_CSV_MAX_FIELDS - 1] = ',';
    text[ORDERS_CSV_MAX_FIELDS] = '\0';
    assert_string_equal(records_of(text), "1: A line has more than 100 fields.");
    memcpy(text + ORDERS_CSV_MAX_FIELDS, "\na", 3);
    assert_string_equal(records_of(text), "1: A line has more than 100 fields.");
}

static const char *written(const orders_csv_writer_t *csv)
{
    return apr_pstrmemdup(pool, csv->text, csv->length);
}

static const char *field_of(const char *text)
{
    orders_csv_writer_t csv;

    orders_csv_writer_open(&csv, pool);
    orders_csv_text(&csv, text);
    return written(&csv);
}

static void writes_records(void **state)
{
    orders_csv_writer_t csv;

    orders_csv_writer_open(&csv, pool);
    orders_csv_text(&csv, "day");
    orders_csv_text(&csv, "total, net");
    orders_csv_end_record(&csv);
    orders_csv_text(&csv, NULL);
    orders_csv_int(&csv, -12);
    orders_csv_int(&csv, INT64_MIN);
    orders_csv_text(&csv, "say \"a\"\nb");
    orders_csv_end_record(&csv);
    assert_string_equal(written(&csv),
                        "day,\"total, net\"\r\n,-12,-9223372036854775808,\"say \"\"a\"\"\nb\"\r\n");
    orders_csv_clear(&csv);
    orders_csv_text(&csv, "x");
    assert_string_equal(written(&csv), "x");
}

static void writes_no_formulas(void **state)
{
    static const struct {
        const char *text, *field;
    } cases[] = {
        {"=1+1", "'=1+1"},
        {"+49 30 1", "'+49 30 1"},
        {"-1", "'-1"},
        {"@SUM(A1)", "'@SUM(A1)"},
        {"\t=1", "'\t=1"},
        {"\r=1", "\"'\r=1\""},
        {"\n=1", "\"'\n=1\""},
        {"  =1", "\"'  =1\""},
        {"\xEF\xBC\x9D"
         "1",
         "'\xEF\xBC\x9D"
         "1"},
        {"\xEF\xBC\x8B"
         "1",
         "'\xEF\xBC\x8B"
         "1"},
        {"\xEF\xBC\x8D"
         "1",
         "'\xEF\xBC\x8D"
         "1"},
        {"\xEF\xBC\xA0"
         "A",
         "'\xEF\xBC\xA0"
         "A"},
        {"=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""},
        {"a=1", "a=1"},
        {"1-2", "1-2"},
        {"'=1", "'=1"},
        {"\xEF\xBC\x91", "\xEF\xBC\x91"},
        {"", ""},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(field_of(cases[i].text), cases[i].field);
    }
}

/* The reader returns what was written, in records that are longer than the first memory of the writer. */
static void reads_what_it_writes(void **state)
{
    static const char *const parts[] = {"", "a", "\"", ",", "x\r\n", " b ", "\"\"x", "long text"};
    apr_array_header_t *fields = apr_array_make(pool, 4, sizeof(const char *));
    orders_csv_writer_t out;
    orders_csv_t in;
    const int records = 2000;

    orders_csv_writer_open(&out, pool);
    for (int i = 0; i < records; i++) {
        orders_csv_int(&out, i);
        orders_csv_text(&out, parts[i % (int)COUNT(parts)]);
        orders_csv_text(&out, parts[i / 7 % (int)COUNT(parts)]);
        orders_csv_end_record(&out);
    }
    orders_csv_open(&in, apr_pstrmemdup(pool, out.text, out.length), out.length);
    for (int i = 0; i < records; i++) {
        assert_true(orders_csv_read(&in, fields));
        assert_int_equal(fields->nelts, 3);
        assert_string_equal(APR_ARRAY_IDX(fields, 0, const char *), apr_itoa(pool, i));
        assert_string_equal(APR_ARRAY_IDX(fields, 1, const char *), parts[i % (int)COUNT(parts)]);
        assert_string_equal(APR_ARRAY_IDX(fields, 2, const char *),
                            parts[i / 7 % (int)COUNT(parts)]);
    }
    assert_false(orders_csv_read(&in, fields));
    assert_null(in.fault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_records),  TEST(refuses_other_texts), TEST(limits_fields),
        TEST(writes_records), TEST(writes_no_formulas),  TEST(reads_what_it_writes),
    };

    return RUN(tests);
}
