/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Message signatures as in Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`, encoded as `v1,<base64>`.
 *
 * A secret file has one secret per line. Several lines serve the rotation of secrets: an outgoing message is signed with each of them, an
 * incoming message may be signed with any. A line `whsec_<base64>` is decoded; the bytes of any other line are the secret.
 */
#ifndef ORDERS_NET_SIGNATURE_H
#define ORDERS_NET_SIGNATURE_H

#include <apr_pools.h>
#include <apr_time.h>
#include <stdbool.h>
#include <stdint.h>

#define ORDERS_SIGNATURE_MAX_KEYS 4
#define ORDERS_SIGNATURE_MIN_BYTES 16
#define ORDERS_SIGNATURE_TOLERANCE 300 /**< seconds, past and future */

/** A message to sign or to verify. */
typedef struct orders_message_t {
    const char *id;
    const char *timestamp; /**< Unix seconds in decimal */
    const char *body;
    apr_size_t length;
} orders_message_t;

/** The keys of one secret file. The bytes live as long as the secret and the pool that orders_keys_read() was given. */
typedef struct orders_keys_t {
    const unsigned char *bytes[ORDERS_SIGNATURE_MAX_KEYS];
    apr_size_t length[ORDERS_SIGNATURE_MAX_KEYS];
    int count;
} orders_keys_t;

/** Parses the contents of a secret file. NULL, or an error message that does not contain the secret. */
const char *orders_keys_read(orders_keys_t *keys, apr_pool_t *pool, const unsigned char *secret,
                             apr_size_t length);

/** The value of `webhook-signature`: one signature per key, separated by spaces. NULL when OpenSSL fails. */
const char *orders_signature_make(const orders_keys_t *keys, const orders_message_t *message,
                                  apr_pool_t *pool);

/**
 * Whether one of the signatures (at most 16, separated by spaces) matches the message with one of the keys, and its timestamp is within
 * the tolerance of `now`. Compares in constant time. Versions other than v1 are ignored. False when a member of `message` is NULL.
 */
bool orders_signature_valid(const orders_keys_t *keys, const orders_message_t *message,
                            const char *signatures, apr_time_t now, apr_pool_t *pool);

#endif
