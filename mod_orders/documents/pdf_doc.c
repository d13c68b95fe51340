/* SPDX-License-Identifier: Apache-2.0 */
#include "documents/pdf_doc.h"

#include <apr_strings.h>
#include <apr_tables.h>
#include <cairo-pdf.h>
#include <fontconfig/fontconfig.h>

#include "core/time.h"

#define FAMILY "sans-serif"
#define FOOT (ORDERS_PDF_HEIGHT - 34.0)
#define HAIRLINE 0.5
#define FULL_GREY 65535.0
#define NUMBERED_BOXES 1000
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

static void release_texts(orders_pdf_doc_t *paper)
{
    int index;

    for (index = 0; index < paper->texts->nelts; index++) {
        g_object_unref(APR_ARRAY_IDX(paper->texts, index, PangoLayout *));
    }
    paper->texts->nelts = 0;
    paper->marks->nelts = 0;
}

/** Returns what became of the document. A surface that was not finished writes its end into the stream here. */
static cairo_status_t end_document(orders_pdf_doc_t *paper)
{
    cairo_status_t status = CAIRO_STATUS_SUCCESS;

    if (paper->surface) {
        status = cairo_status(paper->cairo);
        cairo_destroy(paper->cairo);
        cairo_surface_finish(paper->surface);
        if (status == CAIRO_STATUS_SUCCESS) {
            status = cairo_surface_status(paper->surface);
        }
        cairo_surface_destroy(paper->surface);
        paper->surface = NULL;
    }
    return status;
}

static apr_status_t release(void *data)
{
    orders_pdf_doc_t *paper = data;

    release_texts(paper);
    (void)end_document(paper);
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

orders_problem_t *orders_pdf_doc_open(orders_pdf_doc_t **paper, apr_pool_t *pool)
{
    PangoFontMap *fonts = any_font() ? pango_cairo_font_map_new() : NULL;
    orders_pdf_doc_t *made;

    if (!fonts) {
        return failed(pool, "there is no font to write an invoice with");
    }
    made = apr_pcalloc(pool, sizeof(*made));
    made->pool = pool;
    made->y = ORDERS_PDF_TOP;
    made->asked = -1;
    made->fonts = fonts;
    made->context = pango_font_map_create_context(fonts);
    made->texts = apr_array_make(pool, 64, sizeof(PangoLayout *));
    made->marks = apr_array_make(pool, 128, sizeof(mark_t));
    settle(made->context);
    apr_pool_cleanup_register(pool, made, release, apr_pool_cleanup_null);
    *paper = made;
    return NULL;
}

void orders_pdf_doc_close(orders_pdf_doc_t *paper)
{
    apr_pool_cleanup_run(paper->pool, paper, release);
}

static void set_font(PangoLayout *text, const orders_text_style_t *ink, double size)
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

PangoLayout *orders_pdf_doc_text(orders_pdf_doc_t *paper, const char *text,
                                 const orders_text_style_t *ink, double width)
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

PangoLayout *orders_pdf_doc_fit(orders_pdf_doc_t *paper, const char *text,
                                const orders_text_style_t *ink, double width)
{
    PangoLayout *layout = orders_pdf_doc_text(paper, text, ink, -1);
    double is = orders_pdf_doc_width_of(layout);

    if (is > width) {
        set_font(layout, ink, ink->size * width / is);
    }
    return layout;
}

double orders_pdf_doc_width_of(PangoLayout *text)
{
    PangoRectangle logical;

    pango_layout_get_extents(text, NULL, &logical);
    return points(logical.width);
}

double orders_pdf_doc_height_of(PangoLayout *text)
{
    PangoRectangle logical;

    pango_layout_get_extents(text, NULL, &logical);
    return points(logical.height) + LEADING * pango_layout_get_line_count(text);
}

double orders_pdf_doc_ascent_of(PangoLayout *text)
{
    return points(pango_layout_get_baseline(text));
}

static mark_t *add_mark(orders_pdf_doc_t *paper, double x, double y)
{
    mark_t *mark = apr_array_push(paper->marks);

    *mark = (mark_t){.page = paper->page, .x = x, .y = y};
    return mark;
}

void orders_pdf_doc_put(orders_pdf_doc_t *paper, PangoLayout *text, double x, double y,
                        orders_pdf_doc_side_e side)
{
    PangoLayoutIter *iter = pango_layout_get_iter(text);

    do {
        PangoRectangle logical;
        double at;

        pango_layout_iter_get_line_extents(iter, NULL, &logical);
        at = side == ORDERS_PDF_TO_RIGHT ? x - points(logical.width) : x + points(logical.x);
        add_mark(paper, at, y + points(pango_layout_iter_get_baseline(iter)))->line =
            pango_layout_iter_get_line_readonly(iter);
    } while (pango_layout_iter_next_line(iter));
    pango_layout_iter_free(iter);
}

void orders_pdf_doc_flow(orders_pdf_doc_t *paper, PangoLayout *text, double x)
{
    PangoLayoutIter *iter = pango_layout_get_iter(text);

    do {
        PangoRectangle logical;
        int from, to;

        pango_layout_iter_get_line_extents(iter, NULL, &logical);
        pango_layout_iter_get_line_yrange(iter, &from, &to);
        orders_pdf_doc_need(paper, points(to - from) + LEADING);
        add_mark(paper, x + points(logical.x),
                 paper->y + points(pango_layout_iter_get_baseline(iter) - from))
            ->line = pango_layout_iter_get_line_readonly(iter);
        paper->y += points(to - from) + LEADING;
    } while (pango_layout_iter_next_line(iter));
    pango_layout_iter_free(iter);
}

void orders_pdf_doc_rule(orders_pdf_doc_t *paper, double x, double to, double grey)
{
    mark_t *mark = add_mark(paper, x, paper->y);

    mark->to = to;
    mark->grey = grey;
}

bool orders_pdf_doc_need(orders_pdf_doc_t *paper, double height)
{
    if (paper->y + height <= ORDERS_PDF_BOTTOM) {
        return false;
    }
    paper->page++;
    paper->y = ORDERS_PDF_TOP;
    if (paper->head) {
        paper->head(paper, paper->baton);
    }
    return true;
}

/**
 * Pango draws a box with the number of each character that no font has, which takes a hundred times as long as a glyph of
 * a font. Beyond NUMBERED_BOXES of them the font's own empty box is drawn.
 */
static void bound_boxes(orders_pdf_doc_t *paper, const PangoLayoutLine *line)
{
    const GSList *runs;

    for (runs = line->runs; runs; runs = runs->next) {
        PangoGlyphString *glyphs = ((PangoGlyphItem *)runs->data)->glyphs;
        int index;

        for (index = 0; index < glyphs->num_glyphs; index++) {
            PangoGlyphInfo *glyph = &glyphs->glyphs[index];

            if (glyph->glyph != PANGO_GLYPH_EMPTY && (glyph->glyph & PANGO_GLYPH_UNKNOWN_FLAG) &&
                ++paper->boxes > NUMBERED_BOXES) {
                glyph->glyph = 0;
            }
        }
    }
}

static void draw(orders_pdf_doc_t *paper, const mark_t *mark)
{
    cairo_t *cairo = paper->cairo;

    if (mark->line) {
        bound_boxes(paper, mark->line);
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

/** The foot of the page that is drawn on, after all else; then the next page. */
static void end_page(orders_pdf_doc_t *paper)
{
    static const orders_text_style_t ink = {.size = 7.5, .grey = 0.45};
    const char *number = apr_psprintf(paper->pool, "%d / %d", paper->drawn + 1, paper->pages);
    int mark = paper->marks->nelts;

    orders_pdf_doc_put(paper, orders_pdf_doc_text(paper, paper->title, &ink, -1), ORDERS_PDF_LEFT,
                       FOOT, ORDERS_PDF_FROM_LEFT);
    orders_pdf_doc_put(paper, orders_pdf_doc_text(paper, number, &ink, -1), ORDERS_PDF_RIGHT, FOOT,
                       ORDERS_PDF_TO_RIGHT);
    for (; mark < paper->marks->nelts; mark++) {
        draw(paper, &APR_ARRAY_IDX(paper->marks, mark, mark_t));
    }
    cairo_show_page(paper->cairo);
    paper->drawn++;
}

static void draw_marks(orders_pdf_doc_t *paper)
{
    const int count = paper->marks->nelts; /* the feet are added behind */
    int index;

    for (index = 0; index < count; index++) {
        while (paper->drawn < APR_ARRAY_IDX(paper->marks, index, mark_t).page) {
            end_page(paper);
        }
        draw(paper, &APR_ARRAY_IDX(paper->marks, index, mark_t));
    }
}

/** Asks once a page: it may cost a system call. */
static bool is_wanted(orders_pdf_doc_t *paper)
{
    if (paper->wanted && !paper->stopped && paper->asked != paper->page) {
        paper->asked = paper->page;
        paper->stopped = !paper->wanted(paper->wanted_baton);
    }
    return !paper->stopped;
}

bool orders_pdf_doc_flush(orders_pdf_doc_t *paper)
{
    if (is_wanted(paper) && paper->surface) {
        draw_marks(paper);
    }
    release_texts(paper);
    return !paper->stopped;
}

static cairo_status_t on_data(void *pdf, const unsigned char *data, unsigned length)
{
    orders_bytes_add(pdf, data, length);
    return CAIRO_STATUS_SUCCESS;
}

void orders_pdf_doc_begin(orders_pdf_doc_t *paper, orders_bytes_t *pdf, const char *title,
                          apr_time_t created)
{
    const char *time = orders_time_text(paper->pool, created, false);

    paper->pages = paper->page + 1;
    paper->page = 0;
    paper->asked = -1;
    paper->y = ORDERS_PDF_TOP;
    paper->title = title;
    paper->surface =
        cairo_pdf_surface_create_for_stream(on_data, pdf, ORDERS_PDF_WIDTH, ORDERS_PDF_HEIGHT);
    paper->cairo = cairo_create(paper->surface);
    cairo_pdf_surface_set_metadata(paper->surface, CAIRO_PDF_METADATA_TITLE, title);
    cairo_pdf_surface_set_metadata(paper->surface, CAIRO_PDF_METADATA_CREATE_DATE, time);
}

orders_problem_t *orders_pdf_doc_finish(orders_pdf_doc_t *paper)
{
    cairo_status_t status;

    if (orders_pdf_doc_flush(paper)) {
        while (paper->drawn < paper->pages) {
            end_page(paper);
        }
    }
    status = end_document(paper);
    return status == CAIRO_STATUS_SUCCESS
               ? NULL
               : failed(paper->pool, apr_pstrcat(paper->pool, "the invoice cannot be written: ",
                                                 cairo_status_to_string(status), NULL));
}
