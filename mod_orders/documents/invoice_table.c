/* SPDX-License-Identifier: Apache-2.0 */
#include "documents/invoice_table.h"

#include <apr_strings.h>
#include <string.h>

#include "core/money.h"

#define LEFT ORDERS_PDF_LEFT
#define RIGHT ORDERS_PDF_RIGHT
#define GAP 12.0
#define PADDING 4.5
#define NUMBER_MOST 75.0 /* maximum width of the column of item numbers; longer numbers wrap */
#define DESCRIPTION_LEAST 130.0
#define HEAD_GREY 0.3
#define ROW_GREY 0.85

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const orders_text_style_t head_style = {.size = 7.5, .grey = 0.45};
static const orders_text_style_t cell_style = {.size = 9, .grey = 0.1};
static const orders_text_style_t variant_style = {.size = 8, .grey = 0.4};

typedef enum { QUANTITY, UNIT_PRICE, DISCOUNT, AMOUNT, FIGURES } figure_e;

/** Positions of the columns. Figures are right-aligned at `right` and at most `width` wide. */
typedef struct table_t {
    orders_pdf_doc_t *doc;
    const orders_invoice_snapshot_t *invoice;
    bool numbered; /* at least one item has a number */
    double number_width;
    double description_left, description_width;
    double right[FIGURES], width[FIGURES];
    const char *titles[FIGURES];
    orders_text_style_t style; /* style of figures */
} table_t;

/** Formats 2441450 as 24,414.50; negated when `off` is set. */
static const char *grouped(apr_pool_t *pool, int64_t amount, int exponent, bool off)
{
    char plain[ORDERS_MONEY_SIZE];
    char *text = apr_palloc(pool, 2 * ORDERS_MONEY_SIZE), *to = text;
    const char *at = plain;
    apr_size_t digits;

    plain[orders_money_write(plain, amount, exponent, false)] = '\0';
    if (*at == '-') {
        at++;
    }
    if (off ? amount > 0 : amount < 0) {
        *to++ = '-';
    }
    for (digits = strcspn(at, "."); digits > 0; digits--) {
        *to++ = *at++;
        if (digits > 1 && digits % 3 == 1) {
            *to++ = ',';
        }
    }
    strcpy(to, at);
    return text;
}

const char *orders_invoice_money(apr_pool_t *pool, const orders_invoice_snapshot_t *invoice,
                                 int64_t amount)
{
    return apr_pstrcat(pool, invoice->currency, " ",
                       grouped(pool, amount, invoice->exponent, false), NULL);
}

const char *orders_invoice_money_off(apr_pool_t *pool, const orders_invoice_snapshot_t *invoice,
                                     int64_t amount)
{
    return apr_pstrcat(pool, invoice->currency, " ", grouped(pool, amount, invoice->exponent, true),
                       NULL);
}

static const char *figure_text(const table_t *table, const orders_invoice_line_t *line,
                               figure_e figure)
{
    apr_pool_t *pool = table->doc->pool;
    const int exponent = table->invoice->exponent;

    switch (figure) {
    case QUANTITY:
        return grouped(pool, line->quantity, 0, false);
    case UNIT_PRICE:
        return grouped(pool, line->unit_price, exponent, false);
    case DISCOUNT:
        return grouped(pool, line->discount, exponent, true);
    default:
        return grouped(pool, line->amount, exponent, false);
    }
}

static const char *number_text(const table_t *table, const orders_invoice_line_t *line, int index)
{
    if (table->numbered) {
        return line->number ? line->number : "";
    }
    return apr_itoa(table->doc->pool, index + 1);
}

static double width_of(orders_pdf_doc_t *doc, const char *text, const orders_text_style_t *style)
{
    return orders_pdf_doc_width_of(orders_pdf_doc_text(doc, text, style, -1));
}

/** Width of the column's title or of its longest text, whichever is greater. */
static double natural_width(orders_pdf_doc_t *doc, const char *title, const char *longest)
{
    double head = width_of(doc, title, &head_style);
    double cell = width_of(doc, longest, &cell_style);

    return head > cell ? head : cell;
}

static const char *longer(const char *left, const char *right)
{
    return strlen(right) > strlen(left) ? right : left;
}

/** Finds the longest text of each column; item numbers come last. */
static void find_longest(const table_t *table, const char *longest[FIGURES + 1])
{
    int index, figure;

    for (figure = 0; figure <= FIGURES; figure++) {
        longest[figure] = "";
    }
    for (index = 0; index < table->invoice->lines->nelts; index++) {
        const orders_invoice_line_t *line =
            &APR_ARRAY_IDX(table->invoice->lines, index, orders_invoice_line_t);

        for (figure = 0; figure < FIGURES; figure++) {
            longest[figure] = longer(longest[figure], figure_text(table, line, (figure_e)figure));
        }
        longest[FIGURES] = longer(longest[FIGURES], number_text(table, line, index));
    }
}

/** Figures get the width they need. When too little is left for the description, the font of all figures shrinks. */
static void place_columns(table_t *table)
{
    const char *longest[FIGURES + 1];
    double all = 0, room, scale = 1, x = RIGHT;
    int figure;

    find_longest(table, longest);
    table->number_width =
        natural_width(table->doc, table->numbered ? "Item" : "No.", longest[FIGURES]);
    if (table->number_width > NUMBER_MOST) {
        table->number_width = NUMBER_MOST;
    }
    table->description_left = LEFT + table->number_width + GAP;
    room = RIGHT - table->description_left - DESCRIPTION_LEAST - FIGURES * GAP;
    for (figure = 0; figure < FIGURES; figure++) {
        table->width[figure] = natural_width(table->doc, table->titles[figure], longest[figure]);
        all += table->width[figure];
    }
    if (all > room) {
        scale = room / all;
    }
    table->style = cell_style;
    table->style.size *= scale;
    for (figure = FIGURES - 1; figure >= 0; figure--) {
        table->width[figure] *= scale;
        table->right[figure] = x;
        x -= table->width[figure] + GAP;
    }
    table->description_width = x - table->description_left;
}

static void draw_head(orders_pdf_doc_t *doc, void *baton)
{
    const table_t *table = baton;
    int figure;

    orders_pdf_doc_put(doc,
                       orders_pdf_doc_text(doc, table->numbered ? "Item" : "No.", &head_style, -1),
                       LEFT, doc->y, ORDERS_PDF_FROM_LEFT);
    orders_pdf_doc_put(doc, orders_pdf_doc_text(doc, "Description", &head_style, -1),
                       table->description_left, doc->y, ORDERS_PDF_FROM_LEFT);
    for (figure = 0; figure < FIGURES; figure++) {
        orders_pdf_doc_put(
            doc, orders_pdf_doc_fit(doc, table->titles[figure], &head_style, table->width[figure]),
            table->right[figure], doc->y, ORDERS_PDF_TO_RIGHT);
    }
    doc->y += 14;
    orders_pdf_doc_rule(doc, LEFT, RIGHT, HEAD_GREY);
    doc->y += PADDING;
}

/** Draws the figures of a line on the first baseline of its title. */
static void draw_figures(const table_t *table, const orders_invoice_line_t *line, double baseline)
{
    int figure;

    for (figure = 0; figure < FIGURES; figure++) {
        PangoLayout *text =
            orders_pdf_doc_fit(table->doc, figure_text(table, line, (figure_e)figure),
                               &table->style, table->width[figure]);

        orders_pdf_doc_put(table->doc, text, table->right[figure],
                           baseline - orders_pdf_doc_ascent_of(text), ORDERS_PDF_TO_RIGHT);
    }
}

/** Keeps a line on one page unless it is longer than a page. */
static void draw_line(const table_t *table, int index)
{
    orders_pdf_doc_t *doc = table->doc;
    const orders_invoice_line_t *line =
        &APR_ARRAY_IDX(table->invoice->lines, index, orders_invoice_line_t);
    PangoLayout *number =
        orders_pdf_doc_text(doc, number_text(table, line, index), &cell_style, table->number_width);
    PangoLayout *title =
        orders_pdf_doc_text(doc, line->title, &cell_style, table->description_width);
    PangoLayout *variant =
        line->variant && *line->variant
            ? orders_pdf_doc_text(doc, line->variant, &variant_style, table->description_width)
            : NULL;
    double height =
        orders_pdf_doc_height_of(title) + (variant ? orders_pdf_doc_height_of(variant) : 0);
    double least = orders_pdf_doc_height_of(number), baseline, end;
    int page;

    orders_pdf_doc_need(doc, (height > least ? height : least) + PADDING);
    page = doc->page;
    baseline = doc->y + orders_pdf_doc_ascent_of(title);
    end = doc->y + least;
    orders_pdf_doc_put(doc, number, LEFT, baseline - orders_pdf_doc_ascent_of(number),
                       ORDERS_PDF_FROM_LEFT);
    draw_figures(table, line, baseline);
    orders_pdf_doc_flow(doc, title, table->description_left);
    if (variant) {
        orders_pdf_doc_flow(doc, variant, table->description_left);
    }
    doc->y = doc->page == page && doc->y < end ? end : doc->y;
    doc->y += PADDING;
    orders_pdf_doc_rule(doc, LEFT, RIGHT, ROW_GREY);
    doc->y += PADDING;
}

void orders_invoice_table(orders_pdf_doc_t *doc, const orders_invoice_snapshot_t *invoice)
{
    table_t table = {
        .doc = doc,
        .invoice = invoice,
        .titles =
            {
                [QUANTITY] = "Quantity",
                [UNIT_PRICE] = "Unit price",
                [DISCOUNT] = "Discount",
                [AMOUNT] = apr_pstrcat(doc->pool, "Amount ", invoice->currency, NULL),
            },
    };
    int index;

    for (index = 0; index < invoice->lines->nelts && !table.numbered; index++) {
        const char *number = APR_ARRAY_IDX(invoice->lines, index, orders_invoice_line_t).number;

        table.numbered = number && *number;
    }
    place_columns(&table);
    orders_pdf_doc_need(doc, 60);
    draw_head(doc, &table);
    doc->head = draw_head;
    doc->baton = &table;
    for (index = 0; index < invoice->lines->nelts && orders_pdf_doc_flush(doc); index++) {
        draw_line(&table, index);
    }
    doc->head = NULL;
    doc->y += GAP;
}
