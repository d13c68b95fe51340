/* SPDX-License-Identifier: Apache-2.0 */
/* Each snapshot is refused with a reason, or rendered as a document that is the same each time. */
#include "support.h"

#include "core/json_writer.h"
#include "documents/invoice.h"

__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);

/** fontconfig refers to its memory by offsets, which LeakSanitizer cannot follow. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libfontconfig\n";
}

static void check(const char *text, size_t length, apr_pool_t *pool)
{
    orders_invoice_pdf_t pdf, again;
    orders_problem_t *problem = orders_invoice_pdf(&pdf, pool, text, length, NULL);

    if (problem) {
        HOLDS(problem->error == ORDERS_E_internal_error);
        HOLDS(problem->log && !pdf.data);
        return;
    }
    HOLDS(pdf.length > 5 && !memcmp(pdf.data, "%PDF-", 5));
    HOLDS(!orders_invoice_pdf(&again, pool, text, length, NULL));
    HOLDS(pdf.length == again.length && !memcmp(pdf.data, again.data, pdf.length));
}

static void put_amounts(orders_json_t *json, const char *const *names, int count, int64_t amount)
{
    for (int index = 0; index < count; index++) {
        orders_json_member_int(json, names[index], index % 2 ? amount : ~amount);
    }
}

static void put_party(orders_json_t *json, const char *name, const char *text, size_t length)
{
    orders_json_key(json, name);
    orders_json_begin_object(json);
    orders_json_member_string(json, "name", name);
    orders_json_key(json, "address");
    orders_json_begin_array(json);
    orders_json_string_n(json, text, length);
    orders_json_end_array(json);
    orders_json_end_object(json);
}

static void put_line(orders_json_t *json, const char *text, size_t length, int64_t amount)
{
    static const char *const names[] = {"quantity", "unit_price", "discount", "tax", "amount"};

    orders_json_begin_object(json);
    orders_json_key(json, "title");
    orders_json_string_n(json, text, length);
    orders_json_key(json, "variant");
    orders_json_string_n(json, text + length / 2, length - length / 2);
    put_amounts(json, names, 5, amount);
    orders_json_end_object(json);
}

/** Renders a snapshot with this text in its fields, and arbitrary amounts. */
static void check_texts(const char *text, size_t length, apr_pool_t *pool)
{
    static const char *const sums[] = {"subtotal", "discount", "tax", "shipping", "total"};
    orders_json_t *json = orders_json_open(pool);
    apr_size_t size = 0;
    int64_t amount = 0;
    const char *snapshot;

    memcpy(&amount, text, length < sizeof(amount) ? length : sizeof(amount));
    orders_json_begin_object(json);
    orders_json_member_string(json, "number", "N");
    orders_json_member_string(json, "order_number", "O");
    orders_json_member_string(json, "issued_at", "2017-03-29T10:00:38Z");
    orders_json_member_string(json, "currency", "EUR");
    orders_json_member_int(json, "exponent", length % 7);
    orders_json_key(json, "tax_inclusive");
    orders_json_bool(json, length & 1);
    put_party(json, "issuer", text, length);
    put_party(json, "buyer", text, length / 2);
    orders_json_key(json, "lines");
    orders_json_begin_array(json);
    put_line(json, text, length, amount);
    put_line(json, text, length / 3, ~amount);
    orders_json_end_array(json);
    orders_json_key(json, "taxes");
    orders_json_begin_array(json);
    orders_json_end_array(json);
    put_amounts(json, sums, 5, amount);
    orders_json_key(json, "notes");
    orders_json_string_n(json, text, length);
    orders_json_end_object(json);
    snapshot = orders_json_text(json, pool, &size);
    check(snapshot, size, pool);
}

/** Input that begins with `{` is a snapshot. Other input is the text of a snapshot; its control characters, which would be refused, become spaces. */
static void fuzz_one(const char *text, size_t length, apr_pool_t *pool)
{
    char *plain;
    size_t at;

    if (length && text[0] == '{') {
        check(text, length, pool);
    } else {
        plain = fuzz_string(text, length);
        for (at = 0; at < length; at++) {
            plain[at] = (unsigned char)plain[at] < ' ' || plain[at] == 0x7F ? ' ' : plain[at];
        }
        check_texts(plain, length, pool);
        free(plain);
    }
}
