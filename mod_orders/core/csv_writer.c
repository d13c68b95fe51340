/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_strings.h>
#include <string.h>

#include "core/csv.h"

#define FIRST_SIZE 4096

void orders_csv_writer_open(orders_csv_writer_t *csv, apr_pool_t *pool)
{
    *csv = (orders_csv_writer_t){
        .pool = pool, .text = apr_palloc(pool, FIRST_SIZE), .size = FIRST_SIZE};
}

static void append(orders_csv_writer_t *csv, const char *bytes, apr_size_t length)
{
    if (length > csv->size - csv->length) {
        char *larger;

        csv->size = 2 * csv->size + length;
        larger = apr_palloc(csv->pool, csv->size);
        memcpy(larger, csv->text, csv->length);
        csv->text = larger;
    }
    memcpy(csv->text + csv->length, bytes, length);
    csv->length += length;
}

static void begin_field(orders_csv_writer_t *csv)
{
    if (csv->in_record) {
        append(csv, ",", 1);
    }
    csv->in_record = true;
}

/** Whether a spreadsheet could take the text as a formula. */
static bool is_formula(const char *text)
{
    static const char *const signs[] = {
        "=",
        "+",
        "-",
        "@",
        "\t",
        "\r",
        "\n",
        "\xEF\xBC\x9D",
        "\xEF\xBC\x8B",
        "\xEF\xBC\x8D",
        "\xEF\xBC\xA0",
    };

    text += strspn(text, " ");
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (!strncmp(text, signs[i], strlen(signs[i]))) {
            return true;
        }
    }
    return false;
}

static void append_quoted(orders_csv_writer_t *csv, const char *text)
{
    while (*text) {
        apr_size_t length = strcspn(text, "\"");

        append(csv, text, length);
        text += length;
        if (*text) {
            append(csv, "\"\"", 2);
            text++;
        }
    }
}

void orders_csv_text(orders_csv_writer_t *csv, const char *text)
{
    bool formula, quoted;

    begin_field(csv);
    text = text ? text : "";
    formula = is_formula(text);
    quoted = strpbrk(text, ",\"\r\n") || *text == ' ' || (*text && text[strlen(text) - 1] == ' ');
    if (quoted) {
        append(csv, "\"", 1);
    }
    if (formula) {
        append(csv, "'", 1);
    }
    append_quoted(csv, text);
    if (quoted) {
        append(csv, "\"", 1);
    }
}

void orders_csv_int(orders_csv_writer_t *csv, int64_t value)
{
    char digits[24];
    int length = apr_snprintf(digits, sizeof digits, "%" APR_INT64_T_FMT, (apr_int64_t)value);

    begin_field(csv);
    append(csv, digits, (apr_size_t)length);
}

void orders_csv_end_record(orders_csv_writer_t *csv)
{
    append(csv, "\r\n", 2);
    csv->in_record = false;
}

void orders_csv_clear(orders_csv_writer_t *csv)
{
    csv->length = 0;
}
