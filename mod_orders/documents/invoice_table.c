/* SPDX-License-Identifier: Apache-2.0 */
#include "documents/invoice_table.h"

#include <apr_strings.h>
#include <string.h>

#include "core/money.h"

#define LEFT ORDERS_PDF_LEFT
#define RIGHT ORDERS_PDF_RIGHT
#define GAP 12.0
#define PADDING 4.5
#define NUMBER_MOST 75.0 /* the widest column of items' numbers; longer ones wrap */
#define DESCRIPTION_LEAST 130.0
#define HEAD_GREY 0.3
#define ROW_GREY 0.85

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const orders_text_style_t head_ink = {.size = 7.5, .grey = 0.45};
static const orders_text_style_t cell_ink = {.size = 9, .grey = 0.1};
static const orders_text_style_t variant_ink = {.size = 8, .grey = 0.4};

typedef enum { QUANTITY, UNIT_PRICE, DISCOUNT, AMOUNT, FIGURES } figure_e;

/** Where the columns are. Figures end at `right` and are no wider than `width`. */
typedef struct table_t {
    orders_pdf_doc_t *paper;
    const orders_invoice_t *invoice;
    bool numbered; /* at least one item has a number of its own */
    double number_width;
    double description_left, description_width;
    double right[FIGURES], width[FIGURES];
    const char *titles[FIGURES];
    orders_text_style_t ink; /* of figures */
} table_t;

/** 24414.50 as 24,414.50, with a minus in front when `off` turns it round. */
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

const char *orders_invoice_money(apr_pool_t *pool, const orders_invoice_t *invoice, int64_t amount)
{
    return apr_pstrcat(pool, invoice->currency, " ",
                       grouped(pool, amount, invoice->exponent, false), NULL);
}

const char *orders_invoice_money_off(apr_pool_t *pool, const orders_invoice_t *invoice,
                                     int64_t amount)
{
    return apr_pstrcat(pool, invoice->currency, " ", grouped(pool, amount, invoice->exponent, true),
                       NULL);
}

static const char *figure_text(const table_t *table, const orders_invoice_line_t *line,
                               figure_e figure)
{
    apr_pool_t *pool = table->paper->pool;
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
    return apr_itoa(table->paper->pool, index + 1);
}

static double width_of(orders_pdf_doc_t *paper, const char *text, const orders_text_style_t *ink)
{
    return orders_pdf_doc_width_of(orders_pdf_doc_text(paper, text, ink, -1));
}

/** The width of the column's title, or of its longest text. */
static double natural_width(orders_pdf_doc_t *paper, const char *title, const char *longest)
{
    double head = width_of(paper, title, &head_ink);
    double cell = width_of(paper, longest, &cell_ink);

    return head > cell ? head : cell;
}

static const char *longer(const char *left, const char *right)
{
    return strlen(right) > strlen(left) ? right : left;
}

/** The longest text of each column, the items' numbers last. */
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

/** Figures get the room they need, and become smaller all together when the description had too little left. */
static void place_columns(table_t *table)
{
    const char *longest[FIGURES + 1];
    double all = 0, room, scale = 1, x = RIGHT;
    int figure;

    find_longest(table, longest);
    table->number_width =
        natural_width(table->paper, table->numbered ? "Item" : "No.", longest[FIGURES]);
    if (table->number_width > NUMBER_MOST) {
        table->number_width = NUMBER_MOST;
    }
    table->description_left = LEFT + table->number_width + GAP;
    room = RIGHT - table->description_left - DESCRIPTION_LEAST - FIGURES * GAP;
    for (figure = 0; figure < FIGURES; figure++) {
        table->width[figure] = natural_width(table->paper, table->titles[figure], longest[figure]);
        all += table->width[figure];
    }
    if (all > room) {
        scale = room / all;
    }
    table->ink = cell_ink;
    table->ink.size *= scale;
    for (figure = FIGURES - 1; figure >= 0; figure--) {
        table->width[figure] *= scale;
        table->right[figure] = x;
        x -= table->width[figure] + GAP;
    }
    table->description_width = x - table->description_left;
}

static void draw_head(orders_pdf_doc_t *paper, void *baton)
{
    const table_t *table = baton;
    int figure;

    orders_pdf_doc_put(paper,
                       orders_pdf_doc_text(paper, table->numbered ? "Item" : "No.", &head_ink, -1),
                       LEFT, paper->y, ORDERS_PDF_FROM_LEFT);
    orders_pdf_doc_put(paper, orders_pdf_doc_text(paper, "Description", &head_ink, -1),
                       table->description_left, paper->y, ORDERS_PDF_FROM_LEFT);
    for (figure = 0; figure < FIGURES; figure++) {
        orders_pdf_doc_put(
            paper,
            orders_pdf_doc_fit(paper, table->titles[figure], &head_ink, table->width[figure]),
            table->right[figure], paper->y, ORDERS_PDF_TO_RIGHT);
    }
    paper->y += 14;
    orders_pdf_doc_rule(paper, LEFT, RIGHT, HEAD_GREY);
    paper->y += PADDING;
}

/** The figures of a line, on the baseline that its title begins with. */
static void draw_figures(const table_t *table, const orders_invoice_line_t *line, double baseline)
{
    int figure;

    for (figure = 0; figure < FIGURES; figure++) {
        PangoLayout *text =
            orders_pdf_doc_fit(table->paper, figure_text(table, line, (figure_e)figure),
                               &table->ink, table->width[figure]);

        orders_pdf_doc_put(table->paper, text, table->right[figure],
                           baseline - orders_pdf_doc_ascent_of(text), ORDERS_PDF_TO_RIGHT);
    }
}

/** A line keeps together on one page, unless no page is long enough for it. */
static void draw_line(const table_t *table, int index)
{
    orders_pdf_doc_t *paper = table->paper;
    const orders_invoice_line_t *line =
        &APR_ARRAY_IDX(table->invoice->lines, index, orders_invoice_line_t);
    PangoLayout *number =
        orders_pdf_doc_text(paper, number_text(table, line, index), &cell_ink, table->number_width);
    PangoLayout *title =
        orders_pdf_doc_text(paper, line->title, &cell_ink, table->description_width);
    PangoLayout *variant =
        line->variant && *line->variant
            ? orders_pdf_doc_text(paper, line->variant, &variant_ink, table->description_width)
            : NULL;
    double height =
        orders_pdf_doc_height_of(title) + (variant ? orders_pdf_doc_height_of(variant) : 0);
    double least = orders_pdf_doc_height_of(number), baseline, end;
    int page;

    orders_pdf_doc_need(paper, (height > least ? height : least) + PADDING);
    page = paper->page;
    baseline = paper->y + orders_pdf_doc_ascent_of(title);
    end = paper->y + least;
    orders_pdf_doc_put(paper, number, LEFT, baseline - orders_pdf_doc_ascent_of(number),
                       ORDERS_PDF_FROM_LEFT);
    draw_figures(table, line, baseline);
    orders_pdf_doc_flow(paper, title, table->description_left);
    if (variant) {
        orders_pdf_doc_flow(paper, variant, table->description_left);
    }
    paper->y = paper->page == page && paper->y < end ? end : paper->y;
    paper->y += PADDING;
    orders_pdf_doc_rule(paper, LEFT, RIGHT, ROW_GREY);
    paper->y += PADDING;
}

void orders_invoice_table(orders_pdf_doc_t *paper, const orders_invoice_t *invoice)
{
    table_t table = {
        .paper = paper,
        .invoice = invoice,
        .titles =
            {
                [QUANTITY] = "Quantity",
                [UNIT_PRICE] = "Unit price",
                [DISCOUNT] = "Discount",
                [AMOUNT] = apr_pstrcat(paper->pool, "Amount ", invoice->currency, NULL),
            },
    };
    int index;

    for (index = 0; index < invoice->lines->nelts && !table.numbered; index++) {
        const char *number = APR_ARRAY_IDX(invoice->lines, index, orders_invoice_line_t).number;

        table.numbered = number && *number;
    }
    place_columns(&table);
    orders_pdf_doc_need(paper, 60);
    draw_head(paper, &table);
    paper->head = draw_head;
    paper->baton = &table;
    for (index = 0; index < invoice->lines->nelts && orders_pdf_doc_flush(paper); index++) {
        draw_line(&table, index);
    }
    paper->head = NULL;
    paper->y += GAP;
}
