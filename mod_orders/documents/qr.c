/* SPDX-License-Identifier: Apache-2.0 */
#include "documents/qr.h"

#include <errno.h>
#include <openssl/evp.h>
#include <png.h>
#include <qrencode.h>
#include <stdbool.h>
#include <string.h>

#include "core/bytes.h"

static orders_problem_t *failed(apr_pool_t *pool, const char *why)
{
    return orders_problem_logged(pool, ORDERS_E_internal_error, why);
}

static void on_error(png_structp png, png_const_charp message)
{
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
}

static void on_data(png_structp png, png_bytep data, png_size_t length)
{
    orders_bytes_add(png_get_io_ptr(png), data, length);
}

static void on_flush(png_structp png)
{
}

/** Fills a row of pixels; a set bit is white. `y` counts modules and may be in the quiet zone. */
static void fill_row(unsigned char *row, const QRcode *code, int y)
{
    int pixel, side = code->width * ORDERS_QR_MODULE;

    if (y < 0 || y >= code->width) {
        return;
    }
    for (pixel = 0; pixel < side; pixel++) {
        if (code->data[y * code->width + pixel / ORDERS_QR_MODULE] & 1) {
            int at = pixel + ORDERS_QR_QUIET * ORDERS_QR_MODULE;

            row[at / 8] &= (unsigned char)~(0x80 >> at % 8);
        }
    }
}

/** False when libpng fails: it returns here by longjmp(). */
static bool write_png(png_structp png, png_infop info, const QRcode *code, orders_bytes_t *out)
{
    const int side = (code->width + 2 * ORDERS_QR_QUIET) * ORDERS_QR_MODULE;
    const apr_size_t row_size = (apr_size_t)(side + 7) / 8;
    unsigned char *const row = apr_palloc(out->pool, row_size);

    if (setjmp(png_jmpbuf(png))) {
        return false;
    }
    png_set_write_fn(png, out, on_data, on_flush);
    png_set_IHDR(png, info, (png_uint_32)side, (png_uint_32)side, 1, PNG_COLOR_TYPE_GRAY,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (int y = 0; y < side; y++) {
        memset(row, 0xFF, row_size);
        fill_row(row, code, y / ORDERS_QR_MODULE - ORDERS_QR_QUIET);
        png_write_row(png, row);
    }
    png_write_end(png, info);
    return true;
}

static bool draw(const QRcode *code, orders_bytes_t *out)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    bool done = info && write_png(png, info, code, out);

    png_destroy_write_struct(&png, &info);
    return done;
}

orders_problem_t *orders_qr_png_base64(const char **base64, apr_pool_t *pool, const char *text)
{
    orders_bytes_t png = {.pool = pool};
    unsigned char *encoded;
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    bool drawn;

    if (!code) {
        return failed(pool, errno == ERANGE ? "the text is too long for a QR code"
                                            : "the QR code cannot be encoded");
    }
    drawn = draw(code, &png);
    QRcode_free(code);
    if (!drawn) {
        return failed(pool, "the PNG of the QR code cannot be written");
    }
    encoded = apr_palloc(pool, 4 * ((png.length + 2) / 3) + 1);
    EVP_EncodeBlock(encoded, png.data, (int)png.length);
    *base64 = (const char *)encoded;
    return NULL;
}
