/* SPDX-License-Identifier: Apache-2.0 */
/* QR codes, read by another program. */
#include "tools.h"

#include <openssl/evp.h>

#include "documents/qr.h"

#define MOST 2331 /* bytes of the largest code with error correction level M */

typedef struct {
    unsigned char *bytes;
    int length;
} png_t;

static const char *encode(const char *text)
{
    const char *base64 = NULL;

    assert_null(orders_qr_png_base64(&base64, pool, text));
    assert_non_null(base64);
    return base64;
}

static png_t picture(const char *base64)
{
    size_t length = strlen(base64);
    png_t png = {.bytes = apr_palloc(pool, length)};

    assert_int_equal(length % 4, 0);
    assert_int_equal(strspn(base64,
                            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
                            "="),
                     length);
    png.length = EVP_DecodeBlock(png.bytes, (const unsigned char *)base64, (int)length);
    assert_true(png.length > 0);
    while (length > 0 && base64[--length] == '=') {
        png.length--;
    }
    return png;
}

static const char *repeated(char what, size_t count)
{
    char *text = apr_pcalloc(pool, count + 1);

    memset(text, what, count);
    return text;
}

static void is_read_back(void **state)
{
    const char *const cases[] = {
        "x",
        "https://pay.example/a",
        apr_pstrcat(pool, "https://pay.example/pay?token=", repeated('a', 270), NULL), /* 300 */
        "Grüße, 東京 🚲",
        "0123456789",
        repeated('z', MOST),
    };
    size_t index;

    need_tool("zbarimg");
    for (index = 0; index < COUNT(cases); index++) {
        png_t png = picture(encode(cases[index]));

        assert_string_equal(
            seen_by("zbarimg --quiet --raw --nodbus %s", png.bytes, (size_t)png.length),
            apr_pstrcat(pool, cases[index], "\n", NULL));
    }
}

/** A number of the picture's header, which follows the signature and the chunk's length and name. */
static unsigned header(png_t png, int offset)
{
    const unsigned char *at = png.bytes + 16 + offset;

    return (unsigned)at[0] << 24 | (unsigned)at[1] << 16 | (unsigned)at[2] << 8 | at[3];
}

static void is_a_grey_picture_with_a_quiet_zone(void **state)
{
    png_t png = picture(encode("x")); /* version 1: 21 modules */

    assert_memory_equal(png.bytes, "\x89PNG\r\n\x1A\n", 8);
    assert_int_equal(header(png, 0), (21 + 8) * 4);
    assert_int_equal(header(png, 4), (21 + 8) * 4);
    assert_int_equal(png.bytes[24], 1); /* bit per pixel */
    assert_int_equal(png.bytes[25], 0); /* grey */
}

static void is_reproducible(void **state)
{
    const char *first = encode("https://pay.example/a");

    assert_string_not_equal(first, encode("https://pay.example/b"));
    assert_string_equal(first, encode("https://pay.example/a"));
}

static void refuses_texts_that_do_not_fit(void **state)
{
    const char *base64 = "untouched";
    orders_problem_t *problem = orders_qr_png_base64(&base64, pool, repeated('z', MOST + 1));

    assert_string_equal(code_of(problem), "internal_error");
    assert_non_null(strstr(problem->log, "too long"));
    problem = orders_qr_png_base64(&base64, pool, "");
    assert_string_equal(code_of(problem), "internal_error");
    assert_non_null(problem->log);
    assert_string_equal(base64, "untouched");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(is_read_back),
        TEST(is_a_grey_picture_with_a_quiet_zone),
        TEST(is_reproducible),
        TEST(refuses_texts_that_do_not_fit),
    };

    return RUN(tests);
}
