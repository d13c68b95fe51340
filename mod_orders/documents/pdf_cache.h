/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Rendered documents, kept by what they were rendered from, and a bound on rendering.
 *
 * One cache a process, safe for all its threads: its copies are sent from where they are, without locks or copies between
 * processes, and a document costs each process one rendering at most while it is kept. A rendering is processor time that a
 * request asks for, so one runs at a time in a process, a few requests wait for it, and all others are refused at once:
 * threads that wait here serve no other request.
 */
#ifndef ORDERS_DOCUMENTS_PDF_CACHE_H
#define ORDERS_DOCUMENTS_PDF_CACHE_H

#include <apr_pools.h>
#include <stdbool.h>

#include "core/digest.h"
#include "core/problem.h"
#include "documents/invoice.h"

/** Kept in a process, at most; what was used least recently goes first. Documents that are being sent count until they are. */
#define ORDERS_PDF_CACHE_BYTES (16 * 1024 * 1024)
/** Renderings at the same time, and requests that wait for one, in a process. */
#define ORDERS_PDF_RENDERINGS 1
#define ORDERS_PDF_WAITING 8
/** Requests for documents that are read from the database, looked up or rendered at the same time, in a process. */
#define ORDERS_PDF_REQUESTS 16
/** Seconds that a request waits. */
#define ORDERS_PDF_WAIT 2

/** One request for a document. */
typedef struct orders_pdf_request_t {
    unsigned char key[ORDERS_SHA256_SIZE]; /**< of everything that the document is made from */
    /** Whether the client has left. */
    bool (*gone)(void *baton);
    /** As orders_invoice_pdf. */
    orders_problem_t *(*render)(orders_invoice_pdf_t *pdf, apr_pool_t *pool,
                                const orders_invoice_watch_t *watch, void *baton);
    void *baton;
} orders_pdf_request_t;

/**
 * Before the snapshot is read, which for the largest takes a session for some milliseconds: `busy`, with Retry-After, when
 * too many requests are between here and orders_pdf_cache_leave.
 */
orders_problem_t *orders_pdf_cache_enter(apr_pool_t *pool) ORDERS_MUSTCHECK;
void orders_pdf_cache_leave(void);

/** A kept document, in use until `pool` is cleared or destroyed; false when there is none. */
bool orders_pdf_cache_find(orders_invoice_pdf_t *pdf, const unsigned char key[ORDERS_SHA256_SIZE],
                           apr_pool_t *pool);

/**
 * The same, rendered where it is not kept; requests for one document share one rendering. It is abandoned when the client
 * of the request has left and no other request waits for the document: `request_abandoned`. `busy`, with Retry-After, when
 * too many requests wait or the wait was too long. Else what `render` says.
 */
orders_problem_t *orders_pdf_cache_get(orders_invoice_pdf_t *pdf,
                                       const orders_pdf_request_t *request,
                                       apr_pool_t *pool) ORDERS_MUSTCHECK;

#endif
