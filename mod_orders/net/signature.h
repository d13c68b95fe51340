/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Signed messages in the manner of Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`, carried as `v1,<base64>`.
 *
 * A secret file holds one secret a line; several stand for a change of secrets: what we send is signed with each,
 * what we receive may be signed with any. A line `whsec_<base64>` is decoded, any other is used byte for byte.
 */
#ifndef ORDERS_NET_SIGNATURE_H
#define ORDERS_NET_SIGNATURE_H

#include <apr_pools.h>
#include <apr_time.h>
#include <stdbool.h>
#include <stdint.h>

#define ORDERS_SIGNATURE_MAX_KEYS 4
#define ORDERS_SIGNATURE_MIN_BYTES 16
#define ORDERS_SIGNATURE_TOLERANCE 300 /**< seconds, into the past and into the future */

/** One message as it is signed. */
typedef struct orders_message_t {
    const char *id;
    const char *timestamp; /**< Unix seconds in decimal */
    const char *body;
    apr_size_t length;
} orders_message_t;

/** The keys of one secret file; the bytes belong to the pool that read them, or to the secret itself. */
typedef struct orders_keys_t {
    const unsigned char *bytes[ORDERS_SIGNATURE_MAX_KEYS];
    apr_size_t length[ORDERS_SIGNATURE_MAX_KEYS];
    int count;
} orders_keys_t;

/** Reads a secret file's contents. NULL, or a sentence that says what is wrong with it (never the secret itself). */
const char *orders_keys_read(orders_keys_t *keys, apr_pool_t *pool, const unsigned char *secret,
                             apr_size_t length);

/** The value of `webhook-signature`: a signature for each key, separated by spaces. NULL when that cannot be computed. */
const char *orders_signature_make(const orders_keys_t *keys, const orders_message_t *message,
                                  apr_pool_t *pool);

/**
 * Does any of the signatures (at most 16, separated by spaces) belong to the message, by any of the keys, and is its
 * time near `now`? Comparisons take constant time; versions other than v1 are passed over. NULLs are no signature.
 */
bool orders_signature_valid(const orders_keys_t *keys, const orders_message_t *message,
                            const char *signatures, apr_time_t now, apr_pool_t *pool);

#endif
