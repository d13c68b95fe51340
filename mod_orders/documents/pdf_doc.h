/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Paper: A4 pages of text that become a PDF. Pango shapes (any script there is a font for), Cairo writes.
 *
 * A document is laid out twice: first to count the pages, then to write them, since each page says how many there are.
 * Layout is cheap beside writing, and so no more than one block of text is held at a time. Lengths are points, of
 * 1/72 inch, from the upper left corner. A paper belongs to one thread and has a font map of its own, which is how Pango
 * may be used from many; what it holds of Pango and Cairo goes with its pool, or before by orders_pdf_doc_close.
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
#define ORDERS_PDF_BOTTOM (ORDERS_PDF_HEIGHT - 64.0) /**< the foot of each page is below */

/** How a text looks. */
typedef struct orders_text_style_t {
    double size; /**< of the font */
    double grey; /**< 0 black … 1 white */
    bool bold;
} orders_text_style_t;

typedef enum {
    ORDERS_PDF_FROM_LEFT, /**< x is where it begins */
    ORDERS_PDF_TO_RIGHT   /**< x is where it ends */
} orders_pdf_doc_side_e;

typedef struct orders_pdf_doc_t orders_pdf_doc_t;

/** What is repeated at the head of a page that a table goes on to. */
typedef void (*orders_pdf_doc_head_t)(orders_pdf_doc_t *paper, void *baton);

/** Whether the document is still wanted: asked before each page. */
typedef bool (*orders_pdf_doc_wanted_t)(void *baton);

struct orders_pdf_doc_t {
    apr_pool_t *pool;
    int page;                   /**< the page that is written on, from 0 */
    double y;                   /**< where the next text goes */
    orders_pdf_doc_head_t head; /**< NULL outside tables */
    void *baton;                /**< of `head` */
    PangoFontMap *fonts;
    PangoContext *context;
    apr_array_header_t *texts; /**< of PangoLayout *: made since the last orders_pdf_doc_flush */
    apr_array_header_t *marks; /**< likewise what goes onto the pages, in order */
    cairo_surface_t *surface;  /**< NULL while pages are counted */
    cairo_t *cairo;
    const char *title;              /**< at the foot of each page */
    int pages;                      /**< how many there are; 0 while they are counted */
    int drawn;                      /**< the page that is drawn on, from 0 */
    int boxes;                      /**< characters without a font that were drawn */
    int asked;                      /**< the page before which `wanted` was asked last */
    orders_pdf_doc_wanted_t wanted; /**< or NULL: always */
    void *wanted_baton;
    bool stopped; /**< it is no longer wanted: nothing more is laid out or written */
};

/** `internal_error` when there is no font at all. */
orders_problem_t *orders_pdf_doc_open(orders_pdf_doc_t **paper, apr_pool_t *pool) ORDERS_MUSTCHECK;
/** Lets go of Pango's objects now. The paper cannot be used any more. */
void orders_pdf_doc_close(orders_pdf_doc_t *paper);

/** A text, wrapped to `width`; unwrapped when that is negative. It belongs to the paper. */
PangoLayout *orders_pdf_doc_text(orders_pdf_doc_t *paper, const char *text,
                                 const orders_text_style_t *ink, double width);
/** A text on one line, made smaller until it is no wider than `width`. */
PangoLayout *orders_pdf_doc_fit(orders_pdf_doc_t *paper, const char *text,
                                const orders_text_style_t *ink, double width);
double orders_pdf_doc_width_of(PangoLayout *text);
/** As much as orders_pdf_doc_flow moves on by. */
double orders_pdf_doc_height_of(PangoLayout *text);
/** From a text's top to its first baseline. */
double orders_pdf_doc_ascent_of(PangoLayout *text);

/** Puts a text onto the page as it is, its top at `y`; for what is known to fit. */
void orders_pdf_doc_put(orders_pdf_doc_t *paper, PangoLayout *text, double x, double y,
                        orders_pdf_doc_side_e side);
/** Puts a text where the paper's `y` is and moves that, going on to the next page between lines. */
void orders_pdf_doc_flow(orders_pdf_doc_t *paper, PangoLayout *text, double x);
/** A thin line from `x` to `to`, at the paper's `y`. */
void orders_pdf_doc_rule(orders_pdf_doc_t *paper, double x, double to, double grey);
/** Goes on to the next page when less than `height` is left on this one. True: it did. */
bool orders_pdf_doc_need(orders_pdf_doc_t *paper, double height);

/**
 * Draws what was put so far, unless pages are only counted, and releases all texts: the caller holds none of them any more.
 * False: the document is no longer wanted, and the caller can stop.
 */
bool orders_pdf_doc_flush(orders_pdf_doc_t *paper);

/**
 * After the pages were counted: starts again at the first page, now writing into `pdf`. `title` becomes the document's and
 * stands at the foot of each page, beside the page's number. `created` is the document's time, it has no other; it must be
 * one that orders_time_text can write.
 */
void orders_pdf_doc_begin(orders_pdf_doc_t *paper, orders_bytes_t *pdf, const char *title,
                          apr_time_t created);
/** Writes the rest. `internal_error`: Cairo failed. */
orders_problem_t *orders_pdf_doc_finish(orders_pdf_doc_t *paper) ORDERS_MUSTCHECK;

#endif
