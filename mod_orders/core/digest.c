/* SPDX-License-Identifier: Apache-2.0 */
#include "core/digest.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
/* OpenSSL 3 looks EVP_sha256() up for each digest, which takes longer than hashing a token. */
static EVP_MD *cached_sha256;

static void fetch_sha256(void)
{
    cached_sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

static const EVP_MD *sha256(void)
{
    static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
    return CRYPTO_THREAD_run_once(&once, fetch_sha256) && cached_sha256 ? cached_sha256
                                                                        : EVP_sha256();
}

void orders_digest_shutdown(void)
{
    EVP_MD_free(cached_sha256);
    cached_sha256 = NULL;
}
#else
static const EVP_MD *sha256(void)
{
    return EVP_sha256();
}

void orders_digest_shutdown(void)
{
}
#endif

bool orders_sha256(unsigned char out[ORDERS_SHA256_SIZE], const void *data, apr_size_t length)
{
    return EVP_Digest(data, length, out, NULL, sha256(), NULL) == 1;
}

struct orders_sha256_t {
    EVP_MD_CTX *context;
};

static apr_status_t free_sha256(void *data)
{
    EVP_MD_CTX_free(((orders_sha256_t *)data)->context);
    return APR_SUCCESS;
}

orders_sha256_t *orders_sha256_open(apr_pool_t *pool)
{
    orders_sha256_t *stream = apr_palloc(pool, sizeof *stream);

    stream->context = EVP_MD_CTX_new();
    apr_pool_cleanup_register(pool, stream, free_sha256, apr_pool_cleanup_null);
    return stream->context && EVP_DigestInit_ex(stream->context, sha256(), NULL) == 1 ? stream
                                                                                      : NULL;
}

bool orders_sha256_add(orders_sha256_t *stream, const void *data, apr_size_t length)
{
    return EVP_DigestUpdate(stream->context, data, length) == 1;
}

bool orders_sha256_end(orders_sha256_t *stream, unsigned char out[ORDERS_SHA256_SIZE])
{
    return EVP_DigestFinal_ex(stream->context, out, NULL) == 1;
}

bool orders_hmac_sha256(unsigned char out[ORDERS_SHA256_SIZE], const void *secret,
                        apr_size_t secret_length, const void *data, apr_size_t length)
{
    if (secret_length > INT_MAX) {
        return false;
    }
    return HMAC(EVP_sha256(), secret ? secret : "", (int)secret_length, data, length, out, NULL) !=
           NULL;
}

bool orders_bytes_equal(const void *left, const void *right, apr_size_t length)
{
    return CRYPTO_memcmp(left, right, length) == 0;
}

const char *orders_hex(apr_pool_t *pool, const unsigned char *bytes, apr_size_t length)
{
    static const char digits[] = "0123456789abcdef";
    char *text = apr_palloc(pool, 2 * length + 1);
    apr_size_t at;

    for (at = 0; at < length; at++) {
        text[2 * at] = digits[bytes[at] >> 4];
        text[2 * at + 1] = digits[bytes[at] & 15];
    }
    text[2 * length] = '\0';
    return text;
}

const char *orders_base64url(apr_pool_t *pool, const unsigned char *bytes, apr_size_t length)
{
    char *text = apr_palloc(pool, (length * 8 + 5) / 6 + 1);
    char *to = text;
    unsigned bits = 0;
    int held = 0;
    apr_size_t at;

    for (at = 0; at < length; at++) {
        bits = (bits << 8 | bytes[at]) & 0xFFFF;
        for (held += 8; held >= 6; held -= 6) {
            *to++ = alphabet[bits >> (held - 6) & 63];
        }
    }
    if (held) {
        *to++ = alphabet[bits << (6 - held) & 63];
    }
    *to = '\0';
    return text;
}

bool orders_base64url_decode(unsigned char *out, apr_size_t size, apr_size_t *out_length,
                             const char *text)
{
    unsigned bits = 0;
    int held = 0;

    *out_length = 0;
    for (; *text; text++) {
        const char *found = strchr(alphabet, *text);

        if (!found) {
            return false;
        }
        bits = (bits << 6 | (unsigned)(found - alphabet)) & 0xFFFF;
        held += 6;
        if (held >= 8) {
            if (*out_length == size) {
                return false;
            }
            held -= 8;
            out[(*out_length)++] = (unsigned char)(bits >> held);
        }
    }
    return held < 6 && (bits & ((1u << held) - 1)) == 0;
}
