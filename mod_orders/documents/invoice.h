/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Invoices as PDF, from the snapshot that was stored when they were issued. docs/invoices.md describes both.
 */
#ifndef ORDERS_DOCUMENTS_INVOICE_H
#define ORDERS_DOCUMENTS_INVOICE_H

#include <apr_pools.h>
#include <stdbool.h>

#include "core/problem.h"

/**
 * Loads what fontconfig knows of the fonts, so that no request has to wait for it, and settles that the environment's
 * languages (LANGUAGE, PANGO_LANGUAGE) do not choose them. To be called once in each process that renders (httpd's
 * children), before it has other threads, for it touches the environment. Neither this nor a rendering may happen in a
 * process that forks or unloads the module afterwards: Pango starts threads and registers types.
 * `internal_error`: there is no font; invoices can then not be had, all else can.
 */
orders_problem_t *orders_invoice_startup(apr_pool_t *pool) ORDERS_MUSTCHECK;

/** A document. `data` is NULL when it was abandoned. */
typedef struct orders_invoice_pdf_t {
    const char *data;
    apr_size_t length;
} orders_invoice_pdf_t;

/** Asked before each page whether somebody still waits for the document. Called on the thread that renders. */
typedef struct orders_invoice_watch_t {
    bool (*wanted)(void *baton);
    void *baton;
} orders_invoice_watch_t;

/** To be raised when the same snapshot is laid out in another way: old copies must not be served as the new ones. */
#define ORDERS_INVOICE_RENDERER 1

/**
 * `*pdf`: an A4 document from `pool`, abandoned as soon as `watch` (NULL: none) says that it is no longer wanted. The same
 * snapshot gives the same bytes, as long as the fonts and libraries of the machine stay the same: clock, locale and thread
 * have no part in it. Any number of threads may render at the same time; documents/pdf_cache.h bounds it. `internal_error`,
 * with its reason in `log`: a snapshot that cannot be read, or no font.
 */
orders_problem_t *orders_invoice_pdf(orders_invoice_pdf_t *pdf, apr_pool_t *pool,
                                     const char *snapshot, apr_size_t snapshot_length,
                                     const orders_invoice_watch_t *watch) ORDERS_MUSTCHECK;

#endif
