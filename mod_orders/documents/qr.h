/* SPDX-License-Identifier: Apache-2.0 */
/**
 * QR codes as pictures. libqrencode makes the code, libpng the picture.
 */
#ifndef ORDERS_DOCUMENTS_QR_H
#define ORDERS_DOCUMENTS_QR_H

#include <apr_pools.h>

#include "core/problem.h"

#define ORDERS_QR_MODULE 4 /**< pixels a side */
#define ORDERS_QR_QUIET 4  /**< modules of white around the code, as ISO/IEC 18004 asks for */

/**
 * `*base64`: a PNG (1 bit, grey) of a code that says `text` (UTF-8), with error correction level M, in base64 without line
 * breaks, from `pool`. The same text gives the same bytes. `internal_error`: no text, or too much of it for a code (2,331
 * bytes are the most). From any thread.
 */
orders_problem_t *orders_qr_png_base64(const char **base64, apr_pool_t *pool,
                                       const char *text) ORDERS_MUSTCHECK;

#endif
