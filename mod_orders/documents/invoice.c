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
#define FACTS_LEFT (RIGHT - 200.0) /* what the invoice is: number, date, order */
#define FACTS_LABEL 80.0
#define TOTALS_LEFT (RIGHT - 245.0)
#define TOTALS_VALUE 135.0 /* the widest that an amount of the totals may be */
#define GAP 10.0
#define SECTION 26.0

static const orders_text_style_t heading_ink = {.size = 24, .grey = 0.1};
static const orders_text_style_t name_ink = {.size = 12, .grey = 0, .bold = true};
static const orders_text_style_t strong_ink = {.size = 9, .grey = 0, .bold = true};
static const orders_text_style_t text_ink = {.size = 9, .grey = 0.1};
static const orders_text_style_t muted_ink = {.size = 9, .grey = 0.4};
static const orders_text_style_t label_ink = {.size = 7.5, .grey = 0.45};
static const orders_text_style_t total_ink = {.size = 12, .grey = 0, .bold = true};

/** A party's text keeps to the left of its block, in whichever direction it is written. */
static void party_text(orders_pdf_doc_t *paper, const char *text, const orders_text_style_t *ink)
{
    PangoLayout *layout;

    if (!text) {
        return;
    }
    layout = orders_pdf_doc_text(paper, text, ink, PARTY_WIDTH);
    if (pango_layout_get_direction(layout, 0) == PANGO_DIRECTION_RTL) {
        pango_layout_set_alignment(layout, PANGO_ALIGN_RIGHT);
    }
    orders_pdf_doc_flow(paper, layout, LEFT);
}

static void draw_party(orders_pdf_doc_t *paper, const orders_invoice_party_t *party,
                       const orders_text_style_t *ink)
{
    int index;

    party_text(paper, party->name, ink);
    paper->y += 2;
    for (index = 0; index < party->address->nelts; index++) {
        party_text(paper, APR_ARRAY_IDX(party->address, index, const char *), &text_ink);
    }
    if (party->tax_number) {
        party_text(paper, apr_pstrcat(paper->pool, "Tax number ", party->tax_number, NULL),
                   &text_ink);
    }
    party_text(paper, party->email, &text_ink);
}

/** The paper's `y` after two blocks side by side, of which the right one went to `right`. */
static void below_both(orders_pdf_doc_t *paper, double right)
{
    if (paper->page == 0 && paper->y < right) {
        paper->y = right;
    }
}

/** What a kind of document calls itself, its number and its date. */
typedef struct names_t {
    const char *kind;
    const char *title, *number, *date;
} names_t;

static const names_t *names_of(const orders_invoice_t *invoice)
{
    static const names_t all[] = {
        {"bill", "Bill", "Bill number", "Bill date"},
        {"invoice", "Invoice", "Invoice number", "Invoice date"},
    };
    const names_t *names = all;

    while (strcmp(names->kind, invoice->kind) != 0) {
        names++; /* the reader lets no other kind pass */
    }
    return names;
}

static void draw_issuer(orders_pdf_doc_t *paper, const orders_invoice_t *invoice)
{
    PangoLayout *heading = orders_pdf_doc_text(paper, names_of(invoice)->title, &heading_ink, -1);

    orders_pdf_doc_put(paper, heading, RIGHT, paper->y - 6, ORDERS_PDF_TO_RIGHT);
    draw_party(paper, &invoice->issuer, &name_ink);
    below_both(paper, ORDERS_PDF_TOP + orders_pdf_doc_height_of(heading));
    paper->y += SECTION;
}

static double draw_fact(orders_pdf_doc_t *paper, const char *label, const char *value, double y)
{
    PangoLayout *name = orders_pdf_doc_text(paper, label, &muted_ink, -1);
    PangoLayout *text =
        orders_pdf_doc_fit(paper, value, &strong_ink, RIGHT - FACTS_LEFT - FACTS_LABEL);

    orders_pdf_doc_put(paper, name, FACTS_LEFT, y, ORDERS_PDF_FROM_LEFT);
    orders_pdf_doc_put(paper, text, RIGHT,
                       y + orders_pdf_doc_ascent_of(name) - orders_pdf_doc_ascent_of(text),
                       ORDERS_PDF_TO_RIGHT);
    return y + orders_pdf_doc_height_of(name) + 3;
}

static void draw_label(orders_pdf_doc_t *paper, const char *text)
{
    orders_pdf_doc_need(paper, 30);
    orders_pdf_doc_flow(paper, orders_pdf_doc_text(paper, text, &label_ink, -1), LEFT);
    paper->y += 3;
}

/** The facts come first: the buyer's block may go on to another page. */
static void draw_buyer(orders_pdf_doc_t *paper, const orders_invoice_t *invoice)
{
    const names_t *names = names_of(invoice);
    double right;

    orders_pdf_doc_need(paper, 60);
    right = draw_fact(paper, names->number, invoice->number, paper->y);
    right = draw_fact(paper, names->date, invoice->issued_on, right);
    right = draw_fact(paper, "Order number", invoice->order_number, right);
    if (invoice->buyer) {
        draw_label(paper, "Billed to");
        draw_party(paper, invoice->buyer, &strong_ink);
    }
    below_both(paper, right);
    paper->y += SECTION;
}

/** One line of the totals. */
typedef struct sum_t {
    const char *label;
    const char *value;
    const orders_text_style_t *ink;
} sum_t;

static void add_sum(apr_array_header_t *sums, const char *label, const char *value,
                    const orders_text_style_t *ink)
{
    APR_ARRAY_PUSH(sums, sum_t) = (sum_t){.label = label, .value = value, .ink = ink};
}

static const char *tax_label(apr_pool_t *pool, const orders_invoice_tax_t *tax, bool included)
{
    char rate[ORDERS_MONEY_SIZE];
    apr_size_t length = orders_money_write(rate, tax->rate_bp, 2, true);

    rate[length] = '\0';
    return apr_pstrcat(pool, included ? "Includes " : "", tax->key, " ", rate, "%", NULL);
}

static void add_taxes(apr_array_header_t *sums, const orders_invoice_t *invoice, apr_pool_t *pool)
{
    const orders_text_style_t *ink = invoice->tax_inclusive ? &muted_ink : &text_ink;
    int index;

    for (index = 0; index < invoice->taxes->nelts; index++) {
        const orders_invoice_tax_t *tax =
            &APR_ARRAY_IDX(invoice->taxes, index, orders_invoice_tax_t);

        add_sum(sums, tax_label(pool, tax, invoice->tax_inclusive),
                orders_invoice_money(pool, invoice, tax->amount), ink);
    }
    if (!invoice->taxes->nelts && invoice->tax) {
        add_sum(sums, invoice->tax_inclusive ? "Includes tax" : "Tax",
                orders_invoice_money(pool, invoice, invoice->tax), ink);
    }
}

/** What adds up stands above the total; a tax that prices include stands below. */
static apr_array_header_t *sums_of(const orders_invoice_t *invoice, apr_pool_t *pool)
{
    apr_array_header_t *sums = apr_array_make(pool, 8, sizeof(sum_t));

    add_sum(sums, "Subtotal", orders_invoice_money(pool, invoice, invoice->subtotal), &text_ink);
    add_sum(sums, "Discount", orders_invoice_money_off(pool, invoice, invoice->discount),
            &text_ink);
    add_sum(sums, "Shipping", orders_invoice_money(pool, invoice, invoice->shipping), &text_ink);
    if (!invoice->tax_inclusive) {
        add_taxes(sums, invoice, pool);
    }
    add_sum(sums, "Total", orders_invoice_money(pool, invoice, invoice->total), &total_ink);
    if (invoice->tax_inclusive) {
        add_taxes(sums, invoice, pool);
    }
    return sums;
}

static void draw_sum(orders_pdf_doc_t *paper, const sum_t *sum)
{
    const bool total = sum->ink == &total_ink;
    PangoLayout *value =
        orders_pdf_doc_fit(paper, sum->value, sum->ink, TOTALS_VALUE + (total ? 50 : 0));
    PangoLayout *label = orders_pdf_doc_text(
        paper, sum->label, sum->ink, RIGHT - TOTALS_LEFT - orders_pdf_doc_width_of(value) - GAP);

    orders_pdf_doc_need(paper, orders_pdf_doc_height_of(label) + GAP);
    if (total) {
        paper->y += 4;
        orders_pdf_doc_rule(paper, TOTALS_LEFT, RIGHT, 0.3);
        paper->y += 5;
    }
    orders_pdf_doc_put(paper, value, RIGHT,
                       paper->y + orders_pdf_doc_ascent_of(label) - orders_pdf_doc_ascent_of(value),
                       ORDERS_PDF_TO_RIGHT);
    orders_pdf_doc_flow(paper, label, TOTALS_LEFT);
    paper->y += total ? 6 : 3;
}

static void draw_sums(orders_pdf_doc_t *paper, const orders_invoice_t *invoice)
{
    const apr_array_header_t *sums = sums_of(invoice, paper->pool);
    int index;

    if (sums->nelts < 12) {
        orders_pdf_doc_need(paper, 18.0 * sums->nelts); /* together */
    }
    for (index = 0; index < sums->nelts; index++) {
        draw_sum(paper, &APR_ARRAY_IDX(sums, index, sum_t));
    }
    paper->y += SECTION - GAP;
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

static void draw_section(orders_pdf_doc_t *paper, const char *label, const char *text)
{
    draw_label(paper, label);
    orders_pdf_doc_flow(paper, orders_pdf_doc_text(paper, text, &text_ink, RIGHT - LEFT), LEFT);
    paper->y += SECTION - GAP;
}

/** False: the document is no longer wanted. */
static bool draw_invoice(orders_pdf_doc_t *paper, const orders_invoice_t *invoice)
{
    draw_issuer(paper, invoice);
    draw_buyer(paper, invoice);
    orders_invoice_table(paper, invoice);
    if (!orders_pdf_doc_flush(paper)) {
        return false;
    }
    draw_sums(paper, invoice);
    if (invoice->payment) {
        draw_section(paper, "Payment", payment_text(paper->pool, invoice->payment));
    }
    if (invoice->notes) {
        draw_section(paper, "Notes", invoice->notes);
    }
    return orders_pdf_doc_flush(paper);
}

/** `*done`: whether it was wanted to the end. */
static orders_problem_t *write_invoice(bool *done, orders_pdf_doc_t *paper, orders_bytes_t *bytes,
                                       const orders_invoice_t *invoice)
{
    *done = draw_invoice(paper, invoice);
    if (*done) {
        orders_pdf_doc_begin(paper, bytes, invoice->number, invoice->issued_at);
        *done = draw_invoice(paper, invoice);
        ORDERS_TRY(orders_pdf_doc_finish(paper));
    }
    return NULL;
}

orders_problem_t *orders_invoice_pdf(orders_invoice_pdf_t *pdf, apr_pool_t *pool,
                                     const char *snapshot, apr_size_t snapshot_length,
                                     const orders_invoice_watch_t *watch)
{
    orders_bytes_t bytes = {.pool = pool};
    orders_invoice_t *invoice = NULL;
    orders_pdf_doc_t *paper = NULL;
    orders_problem_t *problem;
    bool done;

    *pdf = (orders_invoice_pdf_t){.data = NULL};
    ORDERS_TRY(orders_invoice_read(&invoice, pool, snapshot, snapshot_length));
    ORDERS_TRY(orders_pdf_doc_open(&paper, pool));
    if (watch) {
        paper->wanted = watch->wanted;
        paper->wanted_baton = watch->baton;
    }
    problem = write_invoice(&done, paper, &bytes, invoice);
    orders_pdf_doc_close(paper);
    if (!problem && done) {
        *pdf = (orders_invoice_pdf_t){.data = (const char *)bytes.data, .length = bytes.length};
    }
    return problem;
}

/** Keeps an environment variable from Pango while it looks which languages its user prefers, which it does once. */
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
    orders_pdf_doc_t *paper = NULL;

    ORDERS_TRY(orders_pdf_doc_open(&paper, pool));
    hide(&preferred, pool);
    hide(&language, pool);
    orders_pdf_doc_height_of(orders_pdf_doc_text(paper, "Invoice 東京", &text_ink, -1));
    show(&preferred);
    show(&language);
    orders_pdf_doc_close(paper);
    return NULL;
}
