/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A4 pages of text as PDF: Pango shapes the text, in any script that has a font, and Cairo writes the file.
 *
 * A document is laid out twice, first to count the pages and then to write them, because each page shows their number.
 * Layout is cheap compared with writing, so only one block of text is kept in memory. Lengths are points (1/72 inch) from the upper
 * left corner. A document belongs to one thread and has its own font map, as Pango requires. Its Pango and Cairo objects are released with
 * its pool, or earlier by orders_pdf_doc_close().
 */
#ifndef ORDERS_DOCUMENTS_PDF_DOC_H
#define ORDERS_DOCUMENTS_PDF_DOC_H

#include <apr_pools.h>
#include <apr_time.h>
#include <pango/pangocairo.h>
#include <stdbool.h>

#include "core/bytes.h"
#include "core/problem.h"

#define ORDERS_PDF_WIDTH 595.276
#define ORDERS_PDF_HEIGHT 841.89
#define ORDERS_PDF_LEFT 50.0
#define ORDERS_PDF_RIGHT (ORDERS_PDF_WIDTH - 50.0)
#define ORDERS_PDF_TOP 50.0
#define ORDERS_PDF_BOTTOM (ORDERS_PDF_HEIGHT - 64.0) /**< the footer of each page is below */

/** Style of a text. */
typedef struct orders_text_style_t {
    double size; /**< font size, points */
    double grey; /**< 0 black … 1 white */
    bool bold;
} orders_text_style_t;

typedef enum {
    ORDERS_PDF_FROM_LEFT, /**< x is the left end of the text */
    ORDERS_PDF_TO_RIGHT   /**< x is the right end of the text */
} orders_pdf_doc_side_e;

typedef struct orders_pdf_doc_t orders_pdf_doc_t;

/** Draws the header row of a table again on the next page of the table. */
typedef void (*orders_pdf_doc_head_t)(orders_pdf_doc_t *doc, void *baton);

/** Called before each page; false aborts rendering. */
typedef bool (*orders_pdf_doc_wanted_t)(void *baton);

struct orders_pdf_doc_t {
    apr_pool_t *pool;
    int page;                   /**< current page of the layout, from 0 */
    double y;                   /**< position of the next text */
    orders_pdf_doc_head_t head; /**< NULL outside tables */
    void *baton;                /**< of `head` */
    PangoFontMap *fonts;
    PangoContext *context;
    apr_array_header_t *texts; /**< of PangoLayout *, since the last orders_pdf_doc_flush() */
    apr_array_header_t *marks; /**< elements to draw, in order, since the last flush */
    cairo_surface_t *surface;  /**< NULL in the counting pass */
    cairo_t *cairo;
    const char *title;              /**< in the footer of each page */
    int pages;                      /**< number of pages; 0 in the counting pass */
    int drawn;                      /**< page being drawn, from 0 */
    int boxes;                      /**< characters without a glyph drawn so far */
    int asked;                      /**< page before which `wanted` was called last */
    orders_pdf_doc_wanted_t wanted; /**< NULL: never abort */
    void *wanted_baton;
    bool stopped; /**< aborted: nothing more is laid out or written */
};

/** `internal_error` when no font is installed. */
orders_problem_t *orders_pdf_doc_open(orders_pdf_doc_t **doc, apr_pool_t *pool) ORDERS_MUSTCHECK;
/** Releases the Pango and Cairo objects. The document must not be used afterwards. */
void orders_pdf_doc_close(orders_pdf_doc_t *doc);

/** Lays out a text, wrapped to `width` (negative: not wrapped). Owned by the document until the next flush. */
PangoLayout *orders_pdf_doc_text(orders_pdf_doc_t *doc, const char *text,
                                 const orders_text_style_t *style, double width);
/** Lays out a text on one line and shrinks its font until it fits into `width`. */
PangoLayout *orders_pdf_doc_fit(orders_pdf_doc_t *doc, const char *text,
                                const orders_text_style_t *style, double width);
double orders_pdf_doc_width_of(PangoLayout *text);
/** The distance by which orders_pdf_doc_flow() advances. */
double orders_pdf_doc_height_of(PangoLayout *text);
/** Distance from the top of a text to its first baseline. */
double orders_pdf_doc_ascent_of(PangoLayout *text);

/** Places a text with its top at `y`, without a page break: the caller knows that it fits. */
void orders_pdf_doc_put(orders_pdf_doc_t *doc, PangoLayout *text, double x, double y,
                        orders_pdf_doc_side_e side);
/** Places a text at the current `y` and advances it; breaks pages between lines. */
void orders_pdf_doc_flow(orders_pdf_doc_t *doc, PangoLayout *text, double x);
/** Draws a thin rule from `x` to `to` at the current `y`. */
void orders_pdf_doc_rule(orders_pdf_doc_t *doc, double x, double to, double grey);
/** Begins the next page when less than `height` is left on this one. True: it did. */
bool orders_pdf_doc_need(orders_pdf_doc_t *doc, double height);

/**
 * Draws all placed elements (only in the writing pass) and releases all texts; the caller must not use them afterwards.
 * False: rendering was aborted, and the caller should stop.
 */
bool orders_pdf_doc_flush(orders_pdf_doc_t *doc);

/**
 * Begins the writing pass at the first page; output goes to `pdf`. `title` is the title of the document and is printed in each footer
 * beside the page number. `created` is the only time in the document; orders_time_text() must accept it.
 */
void orders_pdf_doc_begin(orders_pdf_doc_t *doc, orders_bytes_t *pdf, const char *title,
                          apr_time_t created);
/** Completes the document. `internal_error`: Cairo failed. */
orders_problem_t *orders_pdf_doc_finish(orders_pdf_doc_t *doc) ORDERS_MUSTCHECK;

#endif
