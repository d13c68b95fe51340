/* SPDX-License-Identifier: Apache-2.0 */
/**
 * QR codes as PNG images, by libqrencode and libpng.
 */
#ifndef ORDERS_DOCUMENTS_QR_H
#define ORDERS_DOCUMENTS_QR_H

#include <apr_pools.h>

#include "core/problem.h"

#define ORDERS_QR_MODULE 4 /**< pixels per module */
#define ORDERS_QR_QUIET 4  /**< width of the quiet zone in modules, as in ISO/IEC 18004 */

/**
 * Encodes `text` (UTF-8) as a QR code with error correction level M. `*base64`: the PNG (1 bit, greyscale) in base64 without line breaks, from `pool`.
 * The same text gives the same bytes. `internal_error`: `text` is empty or longer than 2,331 bytes. Thread-safe.
 */
orders_problem_t *orders_qr_png_base64(const char **base64, apr_pool_t *pool,
                                       const char *text) ORDERS_MUSTCHECK;

#endif
