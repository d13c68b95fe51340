/* SPDX-License-Identifier: Apache-2.0 */
#include "documents/invoice_snapshot.h"

#include <apr_strings.h>
#include <string.h>

#include "core/fields.h"
#include "core/money.h"
#include "core/text.h"
#include "core/time.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Maximum length of texts, in characters. */
#define SHORT 64
#define NAME 500
#define ADDRESS_LINE 1000 /* can have several fields of an address: city, state and postal code */
#define TITLE 2000
#define NOTES 10000
#define MAX_ADDRESS 20

#define DAY_LENGTH 10 /* YYYY-MM-DD */

static orders_problem_t *unreadable(apr_pool_t *pool, const char *why)
{
    return orders_problem_logged(
        pool, ORDERS_E_internal_error,
        apr_pstrcat(pool, "the snapshot of the invoice is malformed: ", why, NULL));
}

/** Turns a decoding error into an internal error whose log names the member: "lines[0].title: The field is required." */
static orders_problem_t *reword(apr_pool_t *pool, const orders_problem_t *problem)
{
    const orders_field_error_t *first;

    if (!problem) {
        return NULL;
    }
    if (!problem->fields || !problem->fields->nelts) {
        return unreadable(pool, problem->detail);
    }
    first = &APR_ARRAY_IDX(problem->fields, 0, orders_field_error_t);
    return unreadable(pool, apr_pstrcat(pool, first->field, ": ", first->message, NULL));
}

#define FIELD(struct_name, member, kind, how, least, most)                                         \
    {                                                                                              \
        .name = #member, .type = ORDERS_FIELD_##kind, .flags = how,                                \
        .offset = offsetof(struct_name, member), .given = SIZE_MAX, .min = least, .max = most      \
    }
#define REQUIRED ORDERS_FIELD_REQUIRED
#define MULTILINE ORDERS_FIELD_MULTILINE
#define AMOUNT(struct_name, member) FIELD(struct_name, member, INT64, REQUIRED, 0, 0)
#define TEXT(struct_name, member, how, most) FIELD(struct_name, member, STRING, how, 0, most)
#define TREE(struct_name, member, kind, how) FIELD(struct_name, member, kind, how, 0, 0)

/** The top level of a snapshot, as decoded. */
typedef struct top_t {
    orders_invoice_snapshot_t is;
    int64_t exponent;
    const char *issued_at;
    json_t *issuer, *buyer, *payment, *lines, *taxes;
} top_t;

#define TOP_TEXT(member, how, most)                                                                \
    {                                                                                              \
        .name = #member, .type = ORDERS_FIELD_STRING, .flags = how,                                \
        .offset = offsetof(top_t, is.member), .given = SIZE_MAX, .max = most                       \
    }
#define TOP_AMOUNT(member)                                                                         \
    {                                                                                              \
        .name = #member, .type = ORDERS_FIELD_INT64, .flags = REQUIRED,                            \
        .offset = offsetof(top_t, is.member), .given = SIZE_MAX                                    \
    }

static const char *const kinds[] = {"invoice", "bill", NULL};

static const orders_field_t top_table[] = {
    {.name = "kind",
     .type = ORDERS_FIELD_ENUM,
     .offset = offsetof(top_t, is.kind),
     .given = SIZE_MAX,
     .values = kinds},
    TOP_TEXT(number, REQUIRED, SHORT),
    TOP_TEXT(order_number, REQUIRED, SHORT),
    TEXT(top_t, issued_at, REQUIRED, SHORT),
    TOP_TEXT(currency, REQUIRED, 8),
    FIELD(top_t, exponent, INT64, REQUIRED, 0, ORDERS_MONEY_MAX_EXPONENT),
    {.name = "tax_inclusive",
     .type = ORDERS_FIELD_BOOL,
     .flags = REQUIRED,
     .offset = offsetof(top_t, is.tax_inclusive),
     .given = SIZE_MAX},
    TREE(top_t, issuer, OBJECT, REQUIRED),
    TREE(top_t, buyer, OBJECT, 0),
    TREE(top_t, payment, OBJECT, 0),
    TREE(top_t, lines, ARRAY, REQUIRED),
    TREE(top_t, taxes, ARRAY, REQUIRED),
    TOP_TEXT(notes, MULTILINE, NOTES),
    TOP_AMOUNT(subtotal),
    TOP_AMOUNT(discount),
    TOP_AMOUNT(tax),
    TOP_AMOUNT(shipping),
    TOP_AMOUNT(total),
};

typedef struct party_fields_t {
    const char *name, *tax_number, *email;
    json_t *address;
} party_fields_t;

static const orders_field_t party_table[] = {
    TEXT(party_fields_t, name, 0, NAME),
    TEXT(party_fields_t, tax_number, 0, NAME),
    TEXT(party_fields_t, email, 0, NAME),
    TREE(party_fields_t, address, ARRAY, 0),
};

static const orders_field_t line_table[] = {
    TEXT(orders_invoice_line_t, number, 0, SHORT),
    TEXT(orders_invoice_line_t, title, REQUIRED | MULTILINE, TITLE),
    TEXT(orders_invoice_line_t, variant, MULTILINE, TITLE),
    AMOUNT(orders_invoice_line_t, quantity),
    AMOUNT(orders_invoice_line_t, unit_price),
    AMOUNT(orders_invoice_line_t, discount),
    AMOUNT(orders_invoice_line_t, tax),
    AMOUNT(orders_invoice_line_t, amount),
};

static const orders_field_t tax_table[] = {
    TEXT(orders_invoice_tax_t, key, REQUIRED, NAME),
    FIELD(orders_invoice_tax_t, rate_bp, INT64, REQUIRED, 0, 0),
    AMOUNT(orders_invoice_tax_t, amount),
};

typedef struct payment_fields_t {
    const char *method, *reference, *paid_at;
} payment_fields_t;

static const orders_field_t payment_table[] = {
    TEXT(payment_fields_t, method, REQUIRED, SHORT),
    TEXT(payment_fields_t, reference, 0, NAME),
    TEXT(payment_fields_t, paid_at, 0, SHORT),
};

/** NULL for absent and for empty text. */
static const char *or_null(const char *text)
{
    return text && *text ? text : NULL;
}

/** The date (YYYY-MM-DD) at the start of a timestamp; NULL when the timestamp is malformed or out of range. */
static const char *day_of(apr_pool_t *pool, const char *text, apr_time_t *time)
{
    char ignored[ORDERS_TIME_SIZE];

    return orders_time_parse(text, time) && orders_time_write(ignored, *time, false)
               ? apr_pstrmemdup(pool, text, DAY_LENGTH)
               : NULL;
}

/** Checks a line of an address as the field tables check a string. */
static bool line_ok(const json_t *entry)
{
    const char *text = json_string_value(entry);
    apr_size_t length = json_string_length(entry);

    return text && !orders_text_has_control(text, length, false) &&
           orders_utf8_count(text, length) <= ADDRESS_LINE;
}

static orders_problem_t *read_address(apr_array_header_t **address, const json_t *list,
                                      apr_pool_t *pool)
{
    size_t index;

    *address = apr_array_make(pool, 4, sizeof(const char *));
    if (json_array_size(list) > MAX_ADDRESS) {
        return unreadable(pool, "an address has more than 20 lines");
    }
    for (index = 0; index < json_array_size(list); index++) {
        const json_t *entry = json_array_get(list, index);

        if (json_is_null(entry)) {
            continue;
        }
        if (!line_ok(entry)) {
            return unreadable(pool, "a line of an address is not a string");
        }
        if (*json_string_value(entry)) {
            APR_ARRAY_PUSH(*address, const char *) = apr_pstrdup(pool, json_string_value(entry));
        }
    }
    return NULL;
}

static orders_problem_t *read_party(orders_invoice_party_t *party, const orders_input_t *top,
                                    json_t *object, const char *prefix, apr_pool_t *pool)
{
    party_fields_t fields = {.name = NULL};

    ORDERS_TRY(reword(pool, orders_fields_decode(party_table, COUNT(party_table),
                                                 orders_input_nested(top, object, prefix, pool),
                                                 &fields, pool)));
    party->name = or_null(fields.name);
    party->tax_number = or_null(fields.tax_number);
    party->email = or_null(fields.email);
    return read_address(&party->address, fields.address, pool);
}

static orders_problem_t *read_parties(orders_invoice_snapshot_t *invoice, const orders_input_t *top,
                                      const top_t *from, apr_pool_t *pool)
{
    ORDERS_TRY(read_party(&invoice->issuer, top, from->issuer, "issuer.", pool));
    if (!invoice->issuer.name) {
        return unreadable(pool, "issuer.name: The field is required.");
    }
    if (!from->buyer) {
        return NULL;
    }
    invoice->buyer = apr_pcalloc(pool, sizeof(*invoice->buyer));
    return read_party(invoice->buyer, top, from->buyer, "buyer.", pool);
}

static orders_problem_t *read_payment(orders_invoice_payment_t **payment, const orders_input_t *top,
                                      json_t *object, apr_pool_t *pool)
{
    payment_fields_t fields = {.method = NULL};
    apr_time_t ignored;

    if (!object) {
        return NULL;
    }
    ORDERS_TRY(reword(pool, orders_fields_decode(payment_table, COUNT(payment_table),
                                                 orders_input_nested(top, object, "payment.", pool),
                                                 &fields, pool)));
    *payment = apr_pcalloc(pool, sizeof(**payment));
    (*payment)->method = fields.method;
    (*payment)->reference = or_null(fields.reference);
    if (or_null(fields.paid_at)) {
        (*payment)->paid_on = day_of(pool, fields.paid_at, &ignored);
        if (!(*payment)->paid_on) {
            return unreadable(pool, "payment.paid_at: Must be a time.");
        }
    }
    return NULL;
}

/** An array of objects, decoded by a field table into structs of `size` bytes. */
typedef struct rows_t {
    const char *name;
    const orders_field_t *table;
    size_t count;
    size_t size;
} rows_t;

static const rows_t line_rows = {"lines", line_table, COUNT(line_table),
                                 sizeof(orders_invoice_line_t)};
static const rows_t tax_rows = {"taxes", tax_table, COUNT(tax_table), sizeof(orders_invoice_tax_t)};

static orders_problem_t *read_rows(apr_array_header_t **into, const rows_t *rows,
                                   const orders_input_t *top, const json_t *list, apr_pool_t *pool)
{
    size_t index, count = json_array_size(list);

    if (count > ORDERS_INVOICE_MAX_LINES) {
        return unreadable(pool, apr_pstrcat(pool, rows->name, ": Has too many entries.", NULL));
    }
    *into = apr_array_make(pool, (int)count + 1, (int)rows->size);
    for (index = 0; index < count; index++) {
        const char *prefix = apr_psprintf(pool, "%s[%d].", rows->name, (int)index);
        json_t *object = json_array_get(list, index);
        void *row = memset(apr_array_push(*into), 0, rows->size);

        if (!json_is_object(object)) {
            return unreadable(pool, apr_pstrcat(pool, prefix, " Must be an object.", NULL));
        }
        ORDERS_TRY(reword(pool, orders_fields_decode(rows->table, rows->count,
                                                     orders_input_nested(top, object, prefix, pool),
                                                     row, pool)));
    }
    return NULL;
}

orders_problem_t *orders_invoice_read(orders_invoice_snapshot_t **invoice, apr_pool_t *pool,
                                      const char *text, apr_size_t length)
{
    top_t top = {.is = {.kind = kinds[0]}};
    orders_invoice_snapshot_t *is = &top.is;
    orders_input_t *input = NULL;

    if (!text || length > ORDERS_INVOICE_MAX_BYTES) {
        return unreadable(pool, text ? "it is too long" : "there is none");
    }
    ORDERS_TRY(reword(pool, orders_input_json(&input, pool, text, length, false)));
    ORDERS_TRY(reword(pool, orders_fields_decode(top_table, COUNT(top_table), input, &top, pool)));
    is->exponent = (int)top.exponent;
    is->notes = or_null(is->notes);
    is->issued_on = day_of(pool, top.issued_at, &is->issued_at);
    if (!is->issued_on) {
        return unreadable(pool, "issued_at: Must be a time.");
    }
    ORDERS_TRY(read_parties(is, input, &top, pool));
    ORDERS_TRY(read_payment(&is->payment, input, top.payment, pool));
    ORDERS_TRY(read_rows(&is->lines, &line_rows, input, top.lines, pool));
    ORDERS_TRY(read_rows(&is->taxes, &tax_rows, input, top.taxes, pool));
    *invoice = apr_pmemdup(pool, is, sizeof(*is));
    return NULL;
}
