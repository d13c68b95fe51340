/* SPDX-License-Identifier: Apache-2.0 */
/* CSV is read strictly. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_records),
        TEST(refuses_other_texts),
        TEST(limits_fields),
    };

    return RUN(tests);
}
