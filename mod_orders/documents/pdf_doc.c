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
#define LEADING 1.5 /* extra space between lines, points */

/** An element of a page: a line of text at its baseline, or a horizontal rule when `line` is NULL. */
typedef struct mark_t {
    int page;
    double x, y;
    double to;             /* right end of a rule */
    double grey;           /* grey level of a rule */
    PangoLayoutLine *line; /* owned by its layout */
} mark_t;

static double points(int units)
{
    return (double)units / PANGO_SCALE;
}

static orders_problem_t *failed(apr_pool_t *pool, const char *why)
{
    return orders_problem_logged(pool, ORDERS_E_internal_error, why);
}

static void release_texts(orders_pdf_doc_t *doc)
{
    int index;

    for (index = 0; index < doc->texts->nelts; index++) {
        g_object_unref(APR_ARRAY_IDX(doc->texts, index, PangoLayout *));
    }
    doc->texts->nelts = 0;
    doc->marks->nelts = 0;
}

/** Finishes the surface, which writes the trailer of the document. Returns its status. */
static cairo_status_t end_document(orders_pdf_doc_t *doc)
{
    cairo_status_t status = CAIRO_STATUS_SUCCESS;

    if (doc->surface) {
        status = cairo_status(doc->cairo);
        cairo_destroy(doc->cairo);
        cairo_surface_finish(doc->surface);
        if (status == CAIRO_STATUS_SUCCESS) {
            status = cairo_surface_status(doc->surface);
        }
        cairo_surface_destroy(doc->surface);
        doc->surface = NULL;
    }
    return status;
}

static apr_status_t release(void *data)
{
    orders_pdf_doc_t *doc = data;

    release_texts(doc);
    (void)end_document(doc);
    g_object_unref(doc->context);
    g_object_unref(doc->fonts);
    return APR_SUCCESS;
}

/** Makes the layout independent of screen, desktop settings and locale. */
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

/** Whether any font is installed. Without one, Pango draws empty boxes. */
static bool any_font(void)
{
    const FcFontSet *fonts = FcConfigGetFonts(NULL, FcSetSystem);

    return fonts && fonts->nfont > 0;
}

orders_problem_t *orders_pdf_doc_open(orders_pdf_doc_t **doc, apr_pool_t *pool)
{
    PangoFontMap *fonts = any_font() ? pango_cairo_font_map_new() : NULL;
    orders_pdf_doc_t *made;

    if (!fonts) {
        return failed(pool, "no font is installed");
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
    *doc = made;
    return NULL;
}

void orders_pdf_doc_close(orders_pdf_doc_t *doc)
{
    apr_pool_cleanup_run(doc->pool, doc, release);
}

static void set_font(PangoLayout *text, const orders_text_style_t *style, double size)
{
    PangoFontDescription *font = pango_font_description_new();

    pango_font_description_set_family_static(font, FAMILY);
    pango_font_description_set_weight(font, style->bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
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

PangoLayout *orders_pdf_doc_text(orders_pdf_doc_t *doc, const char *text,
                                 const orders_text_style_t *style, double width)
{
    PangoLayout *layout = pango_layout_new(doc->context);

    APR_ARRAY_PUSH(doc->texts, PangoLayout *) = layout;
    set_font(layout, style, style->size);
    set_grey(layout, style->grey);
    if (width >= 0) {
        pango_layout_set_width(layout, (int)(width * PANGO_SCALE));
        pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
    }
    pango_layout_set_text(layout, text, -1);
    return layout;
}

PangoLayout *orders_pdf_doc_fit(orders_pdf_doc_t *doc, const char *text,
                                const orders_text_style_t *style, double width)
{
    PangoLayout *layout = orders_pdf_doc_text(doc, text, style, -1);
    double is = orders_pdf_doc_width_of(layout);

    if (is > width) {
        set_font(layout, style, style->size * width / is);
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

static mark_t *add_mark(orders_pdf_doc_t *doc, double x, double y)
{
    mark_t *mark = apr_array_push(doc->marks);

    *mark = (mark_t){.page = doc->page, .x = x, .y = y};
    return mark;
}

void orders_pdf_doc_put(orders_pdf_doc_t *doc, PangoLayout *text, double x, double y,
                        orders_pdf_doc_side_e side)
{
    PangoLayoutIter *iter = pango_layout_get_iter(text);

    do {
        PangoRectangle logical;
        double at;

        pango_layout_iter_get_line_extents(iter, NULL, &logical);
        at = side == ORDERS_PDF_TO_RIGHT ? x - points(logical.width) : x + points(logical.x);
        add_mark(doc, at, y + points(pango_layout_iter_get_baseline(iter)))->line =
            pango_layout_iter_get_line_readonly(iter);
    } while (pango_layout_iter_next_line(iter));
    pango_layout_iter_free(iter);
}

void orders_pdf_doc_flow(orders_pdf_doc_t *doc, PangoLayout *text, double x)
{
    PangoLayoutIter *iter = pango_layout_get_iter(text);

    do {
        PangoRectangle logical;
        int from, to;

        pango_layout_iter_get_line_extents(iter, NULL, &logical);
        pango_layout_iter_get_line_yrange(iter, &from, &to);
        orders_pdf_doc_need(doc, points(to - from) + LEADING);
        add_mark(doc, x + points(logical.x),
                 doc->y + points(pango_layout_iter_get_baseline(iter) - from))
            ->line = pango_layout_iter_get_line_readonly(iter);
        doc->y += points(to - from) + LEADING;
    } while (pango_layout_iter_next_line(iter));
    pango_layout_iter_free(iter);
}

void orders_pdf_doc_rule(orders_pdf_doc_t *doc, double x, double to, double grey)
{
    mark_t *mark = add_mark(doc, x, doc->y);

    mark->to = to;
    mark->grey = grey;
}

bool orders_pdf_doc_need(orders_pdf_doc_t *doc, double height)
{
    if (doc->y + height <= ORDERS_PDF_BOTTOM) {
        return false;
    }
    doc->page++;
    doc->y = ORDERS_PDF_TOP;
    if (doc->head) {
        doc->head(doc, doc->baton);
    }
    return true;
}

/**
 * For a character that no font has, Pango draws a box with its code, which takes a hundred times as long as a glyph.
 * After NUMBERED_BOXES of them the empty box of the font is drawn.
 */
static void bound_boxes(orders_pdf_doc_t *doc, const PangoLayoutLine *line)
{
    const GSList *runs;

    for (runs = line->runs; runs; runs = runs->next) {
        PangoGlyphString *glyphs = ((PangoGlyphItem *)runs->data)->glyphs;
        int index;

        for (index = 0; index < glyphs->num_glyphs; index++) {
            PangoGlyphInfo *glyph = &glyphs->glyphs[index];

            if (glyph->glyph != PANGO_GLYPH_EMPTY && (glyph->glyph & PANGO_GLYPH_UNKNOWN_FLAG) &&
                ++doc->boxes > NUMBERED_BOXES) {
                glyph->glyph = 0;
            }
        }
    }
}

static void draw(orders_pdf_doc_t *doc, const mark_t *mark)
{
    cairo_t *cairo = doc->cairo;

    if (mark->line) {
        bound_boxes(doc, mark->line);
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

/** Draws the footer of the current page and begins the next page. */
static void end_page(orders_pdf_doc_t *doc)
{
    static const orders_text_style_t style = {.size = 7.5, .grey = 0.45};
    const char *number = apr_psprintf(doc->pool, "%d / %d", doc->drawn + 1, doc->pages);
    int mark = doc->marks->nelts;

    orders_pdf_doc_put(doc, orders_pdf_doc_text(doc, doc->title, &style, -1), ORDERS_PDF_LEFT, FOOT,
                       ORDERS_PDF_FROM_LEFT);
    orders_pdf_doc_put(doc, orders_pdf_doc_text(doc, number, &style, -1), ORDERS_PDF_RIGHT, FOOT,
                       ORDERS_PDF_TO_RIGHT);
    for (; mark < doc->marks->nelts; mark++) {
        draw(doc, &APR_ARRAY_IDX(doc->marks, mark, mark_t));
    }
    cairo_show_page(doc->cairo);
    doc->drawn++;
}

static void draw_marks(orders_pdf_doc_t *doc)
{
    const int count = doc->marks->nelts; /* the loop appends footers */
    int index;

    for (index = 0; index < count; index++) {
        while (doc->drawn < APR_ARRAY_IDX(doc->marks, index, mark_t).page) {
            end_page(doc);
        }
        draw(doc, &APR_ARRAY_IDX(doc->marks, index, mark_t));
    }
}

/** Calls `wanted` once per page, because it may cost a system call. */
static bool is_wanted(orders_pdf_doc_t *doc)
{
    if (doc->wanted && !doc->stopped && doc->asked != doc->page) {
        doc->asked = doc->page;
        doc->stopped = !doc->wanted(doc->wanted_baton);
    }
    return !doc->stopped;
}

bool orders_pdf_doc_flush(orders_pdf_doc_t *doc)
{
    if (is_wanted(doc) && doc->surface) {
        draw_marks(doc);
    }
    release_texts(doc);
    return !doc->stopped;
}

static cairo_status_t on_data(void *pdf, const unsigned char *data, unsigned length)
{
    orders_bytes_add(pdf, data, length);
    return CAIRO_STATUS_SUCCESS;
}

void orders_pdf_doc_begin(orders_pdf_doc_t *doc, orders_bytes_t *pdf, const char *title,
                          apr_time_t created)
{
    const char *time = orders_time_text(doc->pool, created, false);

    doc->pages = doc->page + 1;
    doc->page = 0;
    doc->asked = -1;
    doc->y = ORDERS_PDF_TOP;
    doc->title = title;
    doc->surface =
        cairo_pdf_surface_create_for_stream(on_data, pdf, ORDERS_PDF_WIDTH, ORDERS_PDF_HEIGHT);
    doc->cairo = cairo_create(doc->surface);
    cairo_pdf_surface_set_metadata(doc->surface, CAIRO_PDF_METADATA_TITLE, title);
    cairo_pdf_surface_set_metadata(doc->surface, CAIRO_PDF_METADATA_CREATE_DATE, time);
}

orders_problem_t *orders_pdf_doc_finish(orders_pdf_doc_t *doc)
{
    cairo_status_t status;

    if (orders_pdf_doc_flush(doc)) {
        while (doc->drawn < doc->pages) {
            end_page(doc);
        }
    }
    status = end_document(doc);
    return status == CAIRO_STATUS_SUCCESS
               ? NULL
               : failed(doc->pool, apr_pstrcat(doc->pool, "the PDF cannot be written: ",
                                               cairo_status_to_string(status), NULL));
}
