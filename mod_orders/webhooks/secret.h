/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The secrets of webhook endpoints. A secret is derived from a server secret (OrdersSecretFile), the UUID of the endpoint and a random salt,
 * and is not stored. A new salt replaces the secret.
 */
#ifndef ORDERS_WEBHOOKS_SECRET_H
#define ORDERS_WEBHOOKS_SECRET_H

#include <apr_pools.h>
#include <stdbool.h>

#include "core/digest.h"

#define ORDERS_WEBHOOK_UUID_SIZE 16
#define ORDERS_WEBHOOK_SALT_SIZE 16
#define ORDERS_WEBHOOK_KEY_SIZE ORDERS_SHA256_SIZE

/**
 * Computes the key of an endpoint: the HMAC-SHA256 of "webhook", the UUID and the salt, separated by NUL, with the server secret of `length`
 * bytes. False when OpenSSL fails.
 */
bool orders_webhook_key(unsigned char key[ORDERS_WEBHOOK_KEY_SIZE], const unsigned char *secret,
                        apr_size_t length, const unsigned char uuid[ORDERS_WEBHOOK_UUID_SIZE],
                        const unsigned char salt[ORDERS_WEBHOOK_SALT_SIZE]) ORDERS_MUSTCHECK;

/** The key as the text that receivers configure: `whsec_` and base64, as in Standard Webhooks. */
const char *orders_webhook_secret_text(apr_pool_t *pool,
                                       const unsigned char key[ORDERS_WEBHOOK_KEY_SIZE]);

#endif
