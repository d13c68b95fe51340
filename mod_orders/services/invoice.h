/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Invoices as PDF, from the snapshot that was stored when they were issued. docs/invoices.md describes both.
 */
#ifndef ORDERS_SERVICES_INVOICE_H
#define ORDERS_SERVICES_INVOICE_H

#include <apr_pools.h>

#include "core/problem.h"

/**
 * Loads what fontconfig knows of the fonts, so that no request has to wait for it, and settles that the environment's
 * languages (LANGUAGE, PANGO_LANGUAGE) do not choose them. To be called once in each process that renders (httpd's
 * children), before it has other threads, for it touches the environment. Neither this nor a rendering may happen in a
 * process that forks or unloads the module afterwards: Pango starts threads and registers types.
 * `internal_error`: there is no font; invoices can then not be had, all else can.
 */
orders_problem_t *orders_invoice_startup(apr_pool_t *pool) ORDERS_MUSTCHECK;

/**
 * `*pdf`: an A4 document of `*length` bytes, from `pool`. The same snapshot gives the same bytes, as long as the fonts and
 * libraries of the machine stay the same: clock, locale and thread have no part in it. Any number of threads may render
 * at the same time. `internal_error`, with its reason in `log`: a snapshot that cannot be read, or no font.
 */
orders_problem_t *orders_invoice_pdf(const char **pdf, apr_size_t *length, apr_pool_t *pool,
                                     const char *snapshot,
                                     apr_size_t snapshot_length) ORDERS_MUSTCHECK;

#endif
