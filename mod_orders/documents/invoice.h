/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Renders invoices and bills as PDF from the snapshot that was stored when they were issued. docs/invoices.md describes both.
 */
#ifndef ORDERS_DOCUMENTS_INVOICE_H
#define ORDERS_DOCUMENTS_INVOICE_H

#include <apr_pools.h>
#include <stdbool.h>

#include "core/problem.h"

/**
 * Loads the fontconfig cache, so that no request waits for it, and keeps LANGUAGE and PANGO_LANGUAGE from choosing fonts.
 * Call it once in each child process of httpd, before the process has other threads, because it changes the environment. A process that has called it
 * or has rendered must not fork or unload the module: Pango starts threads and registers types.
 * `internal_error`: no font is installed; only documents are unavailable then.
 */
orders_problem_t *orders_invoice_startup(apr_pool_t *pool) ORDERS_MUSTCHECK;

/** A rendered document. `data` is NULL when rendering was aborted. */
typedef struct orders_invoice_pdf_t {
    const char *data;
    apr_size_t length;
} orders_invoice_pdf_t;

/** Called before each page on the rendering thread: whether a request still waits for the document. */
typedef struct orders_invoice_watch_t {
    bool (*wanted)(void *baton);
    void *baton;
} orders_invoice_watch_t;

/** Increment it when the layout changes, so that cached documents of the old layout are not served. */
#define ORDERS_INVOICE_RENDERER 1

/**
 * Renders an A4 document into `*pdf`, allocated from `pool`. Aborts when `watch` (NULL: none) returns false. The same snapshot gives the same bytes
 * with the same fonts and libraries; clock, locale and thread have no influence. Thread-safe; documents/pdf_cache.h limits concurrency.
 * `internal_error`, with the reason in `log`: the snapshot is malformed, or no font is installed.
 */
orders_problem_t *orders_invoice_pdf(orders_invoice_pdf_t *pdf, apr_pool_t *pool,
                                     const char *snapshot, apr_size_t snapshot_length,
                                     const orders_invoice_watch_t *watch) ORDERS_MUSTCHECK;

#endif
