/* SPDX-License-Identifier: Apache-2.0 */
/** Hashes, hexadecimal and base64url, by OpenSSL. */
#ifndef ORDERS_CORE_DIGEST_H
#define ORDERS_CORE_DIGEST_H

#include <apr_pools.h>
#include <stdbool.h>

#include "core/problem.h"

#define ORDERS_SHA256_SIZE 32

/** False only when OpenSSL lacks SHA-256 or memory. */
bool orders_sha256(unsigned char out[ORDERS_SHA256_SIZE], const void *data,
                   apr_size_t length) ORDERS_MUSTCHECK;
bool orders_hmac_sha256(unsigned char out[ORDERS_SHA256_SIZE], const void *secret,
                        apr_size_t secret_length, const void *data,
                        apr_size_t length) ORDERS_MUSTCHECK;

/** The SHA-256 of data that arrives in parts. Freed with `pool`. NULL: out of memory. */
typedef struct orders_sha256_t orders_sha256_t;
orders_sha256_t *orders_sha256_open(apr_pool_t *pool) ORDERS_MUSTCHECK;
bool orders_sha256_add(orders_sha256_t *sha256, const void *data,
                       apr_size_t length) ORDERS_MUSTCHECK;
bool orders_sha256_end(orders_sha256_t *sha256,
                       unsigned char out[ORDERS_SHA256_SIZE]) ORDERS_MUSTCHECK;

/** Frees what OpenSSL has allocated for the digests. Call it before the module is unloaded, while no other thread computes a digest. */
void orders_digest_shutdown(void);

/** Compares in constant time. */
bool orders_bytes_equal(const void *left, const void *right, apr_size_t length) ORDERS_MUSTCHECK;

/** In lower case. */
const char *orders_hex(apr_pool_t *pool, const unsigned char *bytes, apr_size_t length);

/** RFC 4648, section 5, without padding. */
const char *orders_base64url(apr_pool_t *pool, const unsigned char *bytes, apr_size_t length);
/** Decodes into `out`, which has room for `size` bytes. False: invalid characters, non-zero trailing bits, or too long. */
bool orders_base64url_decode(unsigned char *out, apr_size_t size, apr_size_t *out_length,
                             const char *text) ORDERS_MUSTCHECK;

#endif
