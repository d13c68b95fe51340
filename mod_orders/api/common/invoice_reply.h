/* SPDX-License-Identifier: Apache-2.0 */
/** An invoice as a PDF, for every API that serves one. */
#ifndef ORDERS_API_COMMON_INVOICE_REPLY_H
#define ORDERS_API_COMMON_INVOICE_REPLY_H

#include "core/call.h"
#include "store/views.h"

/** Reads the invoice of the request. `*invoice` is NULL if it does not exist. */
typedef orders_problem_t *(*orders_invoice_source_t)(const orders_invoice_t **invoice,
                                                     const orders_call_t *call, void *baton);

/**
 * Responds with the PDF of the invoice that `source` reads, from the cache (documents/pdf_cache.h) or rendered. No database
 * session is held while it is rendered. Nothing is rendered for HEAD, or if the client's copy is current (If-None-Match).
 * `not_found`, `busy`.
 */
orders_problem_t *orders_invoice_reply(const orders_call_t *call, orders_invoice_source_t source,
                                       void *baton, orders_reply_t *reply) ORDERS_MUSTCHECK;

#endif
