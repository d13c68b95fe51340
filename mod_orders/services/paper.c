/* SPDX-License-Identifier: Apache-2.0 */
#include "services/paper.h"

#include <apr_strings.h>
#include <apr_tables.h>
#include <cairo-pdf.h>
#include <fontconfig/fontconfig.h>

#include "core/time.h"

#define FAMILY "sans-serif"
#define FOOT (ORDERS_PAPER_HEIGHT - 34.0)
#define HAIRLINE 0.5
#define FULL_GREY 65535.0
#define LEADING 1.5 /* between lines, beside what the font asks for */

/** What goes onto a page: a line of text by its baseline, or a rule when there is none. */
typedef struct mark_t {
    int page;
    double x, y;
    double to;             /* where a rule ends */
    double grey;           /* of a rule */
    PangoLayoutLine *line; /* the text's own */
} mark_t;

static double points(int units)
{
    return (double)units / PANGO_SCALE;
}

static orders_problem_t *failed(apr_pool_t *pool, const char *why)
{
    return orders_problem_logged(pool, ORDERS_E_internal_error, why);
}

static apr_status_t release(void *data)
{
    orders_paper_t *paper = data;
    int index;

    for (index = 0; index < paper->texts->nelts; index++) {
        g_object_unref(APR_ARRAY_IDX(paper->texts, index, PangoLayout *));
    }
    g_object_unref(paper->context);
    g_object_unref(paper->fonts);
    return APR_SUCCESS;
}

/** Nothing of a screen, of the desktop's settings or of the locale: the same lengths everywhere. */
static void settle(PangoContext *context)
{
    cairo_font_options_t *options = cairo_font_options_create();

    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    pango_cairo_context_set_font_options(context, options);
    cairo_font_options_destroy(options);
    pango_cairo_context_set_resolution(context, 72.0);
    pango_context_set_language(context, pango_language_from_string("en"));
    pango_context_set_base_dir(context, PANGO_DIRECTION_LTR);
    pango_context_set_round_glyph_positions(context, FALSE);
}

/** Pango has an answer where there is no font: empty boxes, and not always the same. */
static bool any_font(void)
{
    const FcFontSet *fonts = FcConfigGetFonts(NULL, FcSetSystem);

    return fonts && fonts->nfont > 0;
}

orders_problem_t *orders_paper_open(orders_paper_t **paper, apr_pool_t *pool)
{
    PangoFontMap *fonts = any_font() ? pango_cairo_font_map_new() : NULL;
    orders_paper_t *made;

    if (!fonts) {
        return failed(pool, "there is no font to write an invoice with");
    }
    made = apr_pcalloc(pool, sizeof(*made));
    made->pool = pool;
    made->y = ORDERS_PAPER_TOP;
    made->fonts = fonts;
    made->context = pango_font_map_create_context(fonts);
    made->texts = apr_array_make(pool, 64, sizeof(PangoLayout *));
    made->marks = apr_array_make(pool, 128, sizeof(mark_t));
    settle(made->context);
    apr_pool_cleanup_register(pool, made, release, apr_pool_cleanup_null);
    *paper = made;
    return NULL;
}

void orders_paper_close(orders_paper_t *paper)
{
    apr_pool_cleanup_run(paper->pool, paper, release);
}

static void set_font(PangoLayout *text, const orders_ink_t *ink, double size)
{
    PangoFontDescription *font = pango_font_description_new();

    pango_font_description_set_family_static(font, FAMILY);
    pango_font_description_set_weight(font, ink->bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_font_description_set_absolute_size(font, size * PANGO_SCALE);
    pango_layout_set_font_description(text, font);
    pango_font_description_free(font);
}

static void set_grey(PangoLayout *text, double grey)
{
    const guint16 shade = (guint16)(grey * FULL_GREY);
    PangoAttrList *attributes = pango_attr_list_new();

    pango_attr_list_insert(attributes, pango_attr_foreground_new(shade, shade, shade));
    pango_layout_set_attributes(text, attributes);
    pango_attr_list_unref(attributes);
}

PangoLayout *orders_paper_text(orders_paper_t *paper, const char *text, const orders_ink_t *ink,
                               double width)
{
    PangoLayout *layout = pango_layout_new(paper->context);

    APR_ARRAY_PUSH(paper->texts, PangoLayout *) = layout;
    set_font(layout, ink, ink->size);
    set_grey(layout, ink->grey);
    if (width >= 0) {
        pango_layout_set_width(layout, (int)(width * PANGO_SCALE));
        pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
    }
    pango_layout_set_text(layout, text, -1);
    return layout;
}

PangoLayout *orders_paper_fit(orders_paper_t *paper, const char *text, const orders_ink_t *ink,
                              double width)
{
    PangoLayout *layout = orders_paper_text(paper, text, ink, -1);
    double is = orders_paper_width_of(layout);

    if (is > width) {
        set_font(layout, ink, ink->size * width / is);
    }
    return layout;
}

double orders_paper_width_of(PangoLayout *text)
{
    PangoRectangle logical;

    pango_layout_get_extents(text, NULL, &logical);
    return points(logical.width);
}

double orders_paper_height_of(PangoLayout *text)
{
    PangoRectangle logical;

    pango_layout_get_extents(text, NULL, &logical);
    return points(logical.height) + LEADING * pango_layout_get_line_count(text);
}

double orders_paper_ascent_of(PangoLayout *text)
{
    return points(pango_layout_get_baseline(text));
}

static mark_t *add_mark(orders_paper_t *paper, double x, double y)
{
    mark_t *mark = apr_array_push(paper->marks);

    *mark = (mark_t){.page = paper->page, .x = x, .y = y};
    return mark;
}

void orders_paper_put(orders_paper_t *paper, PangoLayout *text, double x, double y,
                      orders_paper_side_e side)
{
    PangoLayoutIter *iter = pango_layout_get_iter(text);

    do {
        PangoRectangle logical;
        double at;

        pango_layout_iter_get_line_extents(iter, NULL, &logical);
        at = side == ORDERS_PAPER_TO_RIGHT ? x - points(logical.width) : x + points(logical.x);
        add_mark(paper, at, y + points(pango_layout_iter_get_baseline(iter)))->line =
            pango_layout_iter_get_line_readonly(iter);
    } while (pango_layout_iter_next_line(iter));
    pango_layout_iter_free(iter);
}

void orders_paper_flow(orders_paper_t *paper, PangoLayout *text, double x)
{
    PangoLayoutIter *iter = pango_layout_get_iter(text);

    do {
        PangoRectangle logical;
        int from, to;

        pango_layout_iter_get_line_extents(iter, NULL, &logical);
        pango_layout_iter_get_line_yrange(iter, &from, &to);
        orders_paper_need(paper, points(to - from) + LEADING);
        add_mark(paper, x + points(logical.x),
                 paper->y + points(pango_layout_iter_get_baseline(iter) - from))
            ->line = pango_layout_iter_get_line_readonly(iter);
        paper->y += points(to - from) + LEADING;
    } while (pango_layout_iter_next_line(iter));
    pango_layout_iter_free(iter);
}

void orders_paper_rule(orders_paper_t *paper, double x, double to, double grey)
{
    mark_t *mark = add_mark(paper, x, paper->y);

    mark->to = to;
    mark->grey = grey;
}

bool orders_paper_need(orders_paper_t *paper, double height)
{
    if (paper->y + height <= ORDERS_PAPER_BOTTOM) {
        return false;
    }
    paper->page++;
    paper->y = ORDERS_PAPER_TOP;
    if (paper->head) {
        paper->head(paper, paper->baton);
    }
    return true;
}

static void draw(cairo_t *cairo, const mark_t *mark)
{
    if (mark->line) {
        cairo_set_source_rgb(cairo, 0, 0, 0);
        cairo_move_to(cairo, mark->x, mark->y);
        pango_cairo_show_layout_line(cairo, mark->line);
        return;
    }
    cairo_set_source_rgb(cairo, mark->grey, mark->grey, mark->grey);
    cairo_set_line_width(cairo, HAIRLINE);
    cairo_move_to(cairo, mark->x, mark->y);
    cairo_line_to(cairo, mark->to, mark->y);
    cairo_stroke(cairo);
}

/** The foot of each page goes after all else; marks are drawn page by page, in the order they were made. */
static void add_feet(orders_paper_t *paper, const char *title)
{
    static const orders_ink_t ink = {.size = 7.5, .grey = 0.45};
    const int pages = paper->page + 1;

    for (paper->page = 0; paper->page < pages; paper->page++) {
        const char *number = apr_psprintf(paper->pool, "%d / %d", paper->page + 1, pages);

        orders_paper_put(paper, orders_paper_text(paper, title, &ink, -1), ORDERS_PAPER_LEFT, FOOT,
                         ORDERS_PAPER_FROM_LEFT);
        orders_paper_put(paper, orders_paper_text(paper, number, &ink, -1), ORDERS_PAPER_RIGHT,
                         FOOT, ORDERS_PAPER_TO_RIGHT);
    }
}

static void draw_pages(cairo_t *cairo, const orders_paper_t *paper, int feet)
{
    int body = 0, foot = feet;

    for (int page = 0; foot < paper->marks->nelts; page++) {
        for (; body < feet && APR_ARRAY_IDX(paper->marks, body, mark_t).page == page; body++) {
            draw(cairo, &APR_ARRAY_IDX(paper->marks, body, mark_t));
        }
        for (; foot < paper->marks->nelts && APR_ARRAY_IDX(paper->marks, foot, mark_t).page == page;
             foot++) {
            draw(cairo, &APR_ARRAY_IDX(paper->marks, foot, mark_t));
        }
        cairo_show_page(cairo);
    }
}

static cairo_status_t on_data(void *pdf, const unsigned char *data, unsigned length)
{
    orders_bytes_add(pdf, data, length);
    return CAIRO_STATUS_SUCCESS;
}

orders_problem_t *orders_paper_write(orders_paper_t *paper, orders_bytes_t *pdf, const char *title,
                                     apr_time_t created)
{
    const char *time = orders_time_text(paper->pool, created, false);
    const int feet = paper->marks->nelts;
    cairo_surface_t *surface =
        cairo_pdf_surface_create_for_stream(on_data, pdf, ORDERS_PAPER_WIDTH, ORDERS_PAPER_HEIGHT);
    cairo_t *cairo = cairo_create(surface);
    cairo_status_t status;

    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, title);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, time);
    add_feet(paper, title);
    draw_pages(cairo, paper, feet);
    status = cairo_status(cairo);
    cairo_destroy(cairo);
    cairo_surface_finish(surface);
    if (status == CAIRO_STATUS_SUCCESS) {
        status = cairo_surface_status(surface);
    }
    cairo_surface_destroy(surface);
    return status == CAIRO_STATUS_SUCCESS
               ? NULL
               : failed(paper->pool, apr_pstrcat(paper->pool, "the invoice cannot be written: ",
                                                 cairo_status_to_string(status), NULL));
}
