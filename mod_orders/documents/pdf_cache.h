/* SPDX-License-Identifier: Apache-2.0 */
/**
 * LRU cache of rendered documents, keyed by a hash of their source, and a limit of concurrent renderings.
 *
 * One cache per process, thread-safe. A document is sent from the cache without a copy, and is rendered at most once per process while it is
 * cached. Rendering costs processor time, so one runs at a time in a process; a few requests wait for it, and further requests are refused at once,
 * because a waiting thread serves no other request.
 */
#ifndef ORDERS_DOCUMENTS_PDF_CACHE_H
#define ORDERS_DOCUMENTS_PDF_CACHE_H

#include <apr_pools.h>
#include <stdbool.h>

#include "core/digest.h"
#include "core/problem.h"
#include "documents/invoice.h"

/** Size of the cache of a process, bytes. Documents that are being sent count too. */
#define ORDERS_PDF_CACHE_BYTES (16 * 1024 * 1024)
/** Limits of concurrent renderings, and of requests that wait for one, per process. */
#define ORDERS_PDF_RENDERINGS 1
#define ORDERS_PDF_WAITING 8
/** Limit of concurrent requests for documents, per process, from reading the snapshot to the end of the rendering. */
#define ORDERS_PDF_REQUESTS 16
/** Maximum time that a request waits, seconds. */
#define ORDERS_PDF_WAIT 2

/** A request for a document. */
typedef struct orders_pdf_request_t {
    unsigned char key[ORDERS_SHA256_SIZE]; /**< hash of everything that determines the document */
    /** Whether the client has disconnected. */
    bool (*gone)(void *baton);
    /** As orders_invoice_pdf(). */
    orders_problem_t *(*render)(orders_invoice_pdf_t *pdf, apr_pool_t *pool,
                                const orders_invoice_watch_t *watch, void *baton);
    void *baton;
} orders_pdf_request_t;

/**
 * Call it before the snapshot is read, because reading a large one holds a session for milliseconds. `busy`, with Retry-After, when
 * ORDERS_PDF_REQUESTS requests have entered. Every success needs orders_pdf_cache_leave().
 */
orders_problem_t *orders_pdf_cache_enter(apr_pool_t *pool) ORDERS_MUSTCHECK;
void orders_pdf_cache_leave(void);

/** Finds a cached document, which stays in use until `pool` is cleared or destroyed. False: not cached. */
bool orders_pdf_cache_find(orders_invoice_pdf_t *pdf, const unsigned char key[ORDERS_SHA256_SIZE],
                           apr_pool_t *pool);

/**
 * Finds a document or renders it; concurrent requests for one document share the rendering. `request_abandoned`: the client has disconnected and no
 * other request waits for the document, so rendering was aborted. `busy`, with Retry-After: too many requests wait, or the wait timed out.
 * Other problems are those of `render`.
 */
orders_problem_t *orders_pdf_cache_get(orders_invoice_pdf_t *pdf,
                                       const orders_pdf_request_t *request,
                                       apr_pool_t *pool) ORDERS_MUSTCHECK;

#endif
