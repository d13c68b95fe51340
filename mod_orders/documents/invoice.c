/* SPDX-License-Identifier: Apache-2.0 */
#include "documents/invoice.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "core/money.h"
#include "documents/invoice_snapshot.h"
#include "documents/invoice_table.h"
#include "documents/pdf_doc.h"

#define LEFT ORDERS_PDF_LEFT
#define RIGHT ORDERS_PDF_RIGHT
#define PARTY_WIDTH 255.0
#define FACTS_LEFT (RIGHT - 200.0) /* left edge of the block with number, date and order */
#define FACTS_LABEL 80.0
#define TOTALS_LEFT (RIGHT - 245.0)
#define TOTALS_VALUE 135.0 /* maximum width of an amount in the totals */
#define GAP 10.0
#define SECTION 26.0

static const orders_text_style_t heading_style = {.size = 24, .grey = 0.1};
static const orders_text_style_t name_style = {.size = 12, .grey = 0, .bold = true};
static const orders_text_style_t strong_style = {.size = 9, .grey = 0, .bold = true};
static const orders_text_style_t text_style = {.size = 9, .grey = 0.1};
static const orders_text_style_t muted_style = {.size = 9, .grey = 0.4};
static const orders_text_style_t label_style = {.size = 7.5, .grey = 0.45};
static const orders_text_style_t total_style = {.size = 12, .grey = 0, .bold = true};

/** Text of a party is aligned to the left of its block, also in right-to-left scripts. */
static void party_text(orders_pdf_doc_t *doc, const char *text, const orders_text_style_t *style)
{
    PangoLayout *layout;

    if (!text) {
        return;
    }
    layout = orders_pdf_doc_text(doc, text, style, PARTY_WIDTH);
    if (pango_layout_get_direction(layout, 0) == PANGO_DIRECTION_RTL) {
        pango_layout_set_alignment(layout, PANGO_ALIGN_RIGHT);
    }
    orders_pdf_doc_flow(doc, layout, LEFT);
}

static void draw_party(orders_pdf_doc_t *doc, const orders_invoice_party_t *party,
                       const orders_text_style_t *style)
{
    int index;

    party_text(doc, party->name, style);
    doc->y += 2;
    for (index = 0; index < party->address->nelts; index++) {
        party_text(doc, APR_ARRAY_IDX(party->address, index, const char *), &text_style);
    }
    if (party->tax_number) {
        party_text(doc, apr_pstrcat(doc->pool, "Tax number ", party->tax_number, NULL),
                   &text_style);
    }
    party_text(doc, party->email, &text_style);
}

/** Moves `y` below two blocks side by side. `doc->y` is the lower edge of the left block, `right` that of the right block. */
static void below_both(orders_pdf_doc_t *doc, double right)
{
    if (doc->page == 0 && doc->y < right) {
        doc->y = right;
    }
}

/** Labels of a kind of document: its title, its number, its date. */
typedef struct kind_labels_t {
    const char *kind;
    const char *title, *number, *date;
} kind_labels_t;

static const kind_labels_t *names_of(const orders_invoice_snapshot_t *invoice)
{
    static const kind_labels_t all[] = {
        {"bill", "Bill", "Bill number", "Bill date"},
        {"invoice", "Invoice", "Invoice number", "Invoice date"},
    };
    const kind_labels_t *names = all;

    while (strcmp(names->kind, invoice->kind) != 0) {
        names++; /* orders_invoice_read() refuses other kinds */
    }
    return names;
}

static void draw_issuer(orders_pdf_doc_t *doc, const orders_invoice_snapshot_t *invoice)
{
    PangoLayout *heading = orders_pdf_doc_text(doc, names_of(invoice)->title, &heading_style, -1);

    orders_pdf_doc_put(doc, heading, RIGHT, doc->y - 6, ORDERS_PDF_TO_RIGHT);
    draw_party(doc, &invoice->issuer, &name_style);
    below_both(doc, ORDERS_PDF_TOP + orders_pdf_doc_height_of(heading));
    doc->y += SECTION;
}

static double draw_fact(orders_pdf_doc_t *doc, const char *label, const char *value, double y)
{
    PangoLayout *name = orders_pdf_doc_text(doc, label, &muted_style, -1);
    PangoLayout *text =
        orders_pdf_doc_fit(doc, value, &strong_style, RIGHT - FACTS_LEFT - FACTS_LABEL);

    orders_pdf_doc_put(doc, name, FACTS_LEFT, y, ORDERS_PDF_FROM_LEFT);
    orders_pdf_doc_put(doc, text, RIGHT,
                       y + orders_pdf_doc_ascent_of(name) - orders_pdf_doc_ascent_of(text),
                       ORDERS_PDF_TO_RIGHT);
    return y + orders_pdf_doc_height_of(name) + 3;
}

static void draw_label(orders_pdf_doc_t *doc, const char *text)
{
    orders_pdf_doc_need(doc, 30);
    orders_pdf_doc_flow(doc, orders_pdf_doc_text(doc, text, &label_style, -1), LEFT);
    doc->y += 3;
}

/** Draws the facts first, because the buyer's block may continue on another page. */
static void draw_buyer(orders_pdf_doc_t *doc, const orders_invoice_snapshot_t *invoice)
{
    const kind_labels_t *names = names_of(invoice);
    double right;

    orders_pdf_doc_need(doc, 60);
    right = draw_fact(doc, names->number, invoice->number, doc->y);
    right = draw_fact(doc, names->date, invoice->issued_on, right);
    right = draw_fact(doc, "Order number", invoice->order_number, right);
    if (invoice->buyer) {
        draw_label(doc, "Billed to");
        draw_party(doc, invoice->buyer, &strong_style);
    }
    below_both(doc, right);
    doc->y += SECTION;
}

/** A line of the totals. */
typedef struct sum_t {
    const char *label;
    const char *value;
    const orders_text_style_t *style;
} sum_t;

static void add_sum(apr_array_header_t *sums, const char *label, const char *value,
                    const orders_text_style_t *style)
{
    APR_ARRAY_PUSH(sums, sum_t) = (sum_t){.label = label, .value = value, .style = style};
}

static const char *tax_label(apr_pool_t *pool, const orders_invoice_tax_t *tax, bool included)
{
    char rate[ORDERS_MONEY_SIZE];
    apr_size_t length = orders_money_write(rate, tax->rate_bp, 2, true);

    rate[length] = '\0';
    return apr_pstrcat(pool, included ? "Includes " : "", tax->key, " ", rate, "%", NULL);
}

static void add_taxes(apr_array_header_t *sums, const orders_invoice_snapshot_t *invoice,
                      apr_pool_t *pool)
{
    const orders_text_style_t *style = invoice->tax_inclusive ? &muted_style : &text_style;
    int index;

    for (index = 0; index < invoice->taxes->nelts; index++) {
        const orders_invoice_tax_t *tax =
            &APR_ARRAY_IDX(invoice->taxes, index, orders_invoice_tax_t);

        add_sum(sums, tax_label(pool, tax, invoice->tax_inclusive),
                orders_invoice_money(pool, invoice, tax->amount), style);
    }
    if (!invoice->taxes->nelts && invoice->tax) {
        add_sum(sums, invoice->tax_inclusive ? "Includes tax" : "Tax",
                orders_invoice_money(pool, invoice, invoice->tax), style);
    }
}

/** Lines that add up to the total are above it; a tax that is included in the prices is below. */
static apr_array_header_t *sums_of(const orders_invoice_snapshot_t *invoice, apr_pool_t *pool)
{
    apr_array_header_t *sums = apr_array_make(pool, 8, sizeof(sum_t));

    add_sum(sums, "Subtotal", orders_invoice_money(pool, invoice, invoice->subtotal), &text_style);
    add_sum(sums, "Discount", orders_invoice_money_off(pool, invoice, invoice->discount),
            &text_style);
    add_sum(sums, "Shipping", orders_invoice_money(pool, invoice, invoice->shipping), &text_style);
    if (!invoice->tax_inclusive) {
        add_taxes(sums, invoice, pool);
    }
    add_sum(sums, "Total", orders_invoice_money(pool, invoice, invoice->total), &total_style);
    if (invoice->tax_inclusive) {
        add_taxes(sums, invoice, pool);
    }
    return sums;
}

static void draw_sum(orders_pdf_doc_t *doc, const sum_t *sum)
{
    const bool total = sum->style == &total_style;
    PangoLayout *value =
        orders_pdf_doc_fit(doc, sum->value, sum->style, TOTALS_VALUE + (total ? 50 : 0));
    PangoLayout *label = orders_pdf_doc_text(
        doc, sum->label, sum->style, RIGHT - TOTALS_LEFT - orders_pdf_doc_width_of(value) - GAP);

    orders_pdf_doc_need(doc, orders_pdf_doc_height_of(label) + GAP);
    if (total) {
        doc->y += 4;
        orders_pdf_doc_rule(doc, TOTALS_LEFT, RIGHT, 0.3);
        doc->y += 5;
    }
    orders_pdf_doc_put(doc, value, RIGHT,
                       doc->y + orders_pdf_doc_ascent_of(label) - orders_pdf_doc_ascent_of(value),
                       ORDERS_PDF_TO_RIGHT);
    orders_pdf_doc_flow(doc, label, TOTALS_LEFT);
    doc->y += total ? 6 : 3;
}

static void draw_sums(orders_pdf_doc_t *doc, const orders_invoice_snapshot_t *invoice)
{
    const apr_array_header_t *sums = sums_of(invoice, doc->pool);
    int index;

    if (sums->nelts < 12) {
        orders_pdf_doc_need(doc, 18.0 * sums->nelts); /* keep the totals on one page */
    }
    for (index = 0; index < sums->nelts; index++) {
        draw_sum(doc, &APR_ARRAY_IDX(sums, index, sum_t));
    }
    doc->y += SECTION - GAP;
}

/** "Paid on 2017-03-29 by credit card. Reference: UXI2KS784JOC9A0" */
static const char *payment_text(apr_pool_t *pool, const orders_invoice_payment_t *payment)
{
    char *method = apr_pstrdup(pool, payment->method);
    char *at;

    for (at = method; *at; at++) {
        *at = *at == '_' ? ' ' : *at;
    }
    return apr_pstrcat(pool, payment->paid_on ? "Paid on " : "By ",
                       payment->paid_on ? payment->paid_on : "", payment->paid_on ? " by " : "",
                       method, ".", payment->reference ? " Reference: " : "",
                       payment->reference ? payment->reference : "", NULL);
}

static void draw_section(orders_pdf_doc_t *doc, const char *label, const char *text)
{
    draw_label(doc, label);
    orders_pdf_doc_flow(doc, orders_pdf_doc_text(doc, text, &text_style, RIGHT - LEFT), LEFT);
    doc->y += SECTION - GAP;
}

/** False: rendering was aborted. */
static bool draw_invoice(orders_pdf_doc_t *doc, const orders_invoice_snapshot_t *invoice)
{
    draw_issuer(doc, invoice);
    draw_buyer(doc, invoice);
    orders_invoice_table(doc, invoice);
    if (!orders_pdf_doc_flush(doc)) {
        return false;
    }
    draw_sums(doc, invoice);
    if (invoice->payment) {
        draw_section(doc, "Payment", payment_text(doc->pool, invoice->payment));
    }
    if (invoice->notes) {
        draw_section(doc, "Notes", invoice->notes);
    }
    return orders_pdf_doc_flush(doc);
}

/** `*done`: false when rendering was aborted. */
static orders_problem_t *write_invoice(bool *done, orders_pdf_doc_t *doc, orders_bytes_t *bytes,
                                       const orders_invoice_snapshot_t *invoice)
{
    *done = draw_invoice(doc, invoice);
    if (*done) {
        orders_pdf_doc_begin(doc, bytes, invoice->number, invoice->issued_at);
        *done = draw_invoice(doc, invoice);
        ORDERS_TRY(orders_pdf_doc_finish(doc));
    }
    return NULL;
}

orders_problem_t *orders_invoice_pdf(orders_invoice_pdf_t *pdf, apr_pool_t *pool,
                                     const char *snapshot, apr_size_t snapshot_length,
                                     const orders_invoice_watch_t *watch)
{
    orders_bytes_t bytes = {.pool = pool};
    orders_invoice_snapshot_t *invoice = NULL;
    orders_pdf_doc_t *doc = NULL;
    orders_problem_t *problem;
    bool done;

    *pdf = (orders_invoice_pdf_t){.data = NULL};
    ORDERS_TRY(orders_invoice_read(&invoice, pool, snapshot, snapshot_length));
    ORDERS_TRY(orders_pdf_doc_open(&doc, pool));
    if (watch) {
        doc->wanted = watch->wanted;
        doc->wanted_baton = watch->baton;
    }
    problem = write_invoice(&done, doc, &bytes, invoice);
    orders_pdf_doc_close(doc);
    if (!problem && done) {
        *pdf = (orders_invoice_pdf_t){.data = (const char *)bytes.data, .length = bytes.length};
    }
    return problem;
}

/** An environment variable that is unset while Pango determines the preferred languages, which it does once per process. */
typedef struct hidden_t {
    const char *name;
    char *value;
} hidden_t;

static void hide(hidden_t *hidden, apr_pool_t *pool)
{
    const char *value = getenv(hidden->name);

    if (value) {
        hidden->value = apr_pstrdup(pool, value);
        unsetenv(hidden->name);
    }
}

static void show(const hidden_t *hidden)
{
    if (hidden->value) {
        setenv(hidden->name, hidden->value, 1);
    }
}

orders_problem_t *orders_invoice_startup(apr_pool_t *pool)
{
    hidden_t preferred = {.name = "PANGO_LANGUAGE"}, language = {.name = "LANGUAGE"};
    orders_pdf_doc_t *doc = NULL;

    ORDERS_TRY(orders_pdf_doc_open(&doc, pool));
    hide(&preferred, pool);
    hide(&language, pool);
    orders_pdf_doc_height_of(orders_pdf_doc_text(doc, "Invoice 東京", &text_style, -1));
    show(&preferred);
    show(&language);
    orders_pdf_doc_close(doc);
    return NULL;
}
