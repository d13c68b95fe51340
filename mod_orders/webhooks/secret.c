/* SPDX-License-Identifier: Apache-2.0 */
#include "webhooks/secret.h"

#include <apr_base64.h>
#include <string.h>

#define PREFIX "whsec_"
#define PREFIX_LENGTH (sizeof(PREFIX) - 1)

/* The purpose is signed with its NUL, so that no other message signed with the server secret begins like this one. */
#define PURPOSE "webhook"

bool orders_webhook_key(unsigned char key[ORDERS_WEBHOOK_KEY_SIZE], const unsigned char *secret,
                        apr_size_t length, const unsigned char uuid[ORDERS_WEBHOOK_UUID_SIZE],
                        const unsigned char salt[ORDERS_WEBHOOK_SALT_SIZE])
{
    unsigned char message[sizeof(PURPOSE) + ORDERS_WEBHOOK_UUID_SIZE + 1 +
                          ORDERS_WEBHOOK_SALT_SIZE] = PURPOSE;
    memcpy(message + sizeof(PURPOSE), uuid, ORDERS_WEBHOOK_UUID_SIZE);
    memcpy(message + sizeof(PURPOSE) + ORDERS_WEBHOOK_UUID_SIZE + 1, salt,
           ORDERS_WEBHOOK_SALT_SIZE);
    return orders_hmac_sha256(key, secret, length, message, sizeof(message));
}

const char *orders_webhook_secret_text(apr_pool_t *pool,
                                       const unsigned char key[ORDERS_WEBHOOK_KEY_SIZE])
{
    const int size = apr_base64_encode_len(ORDERS_WEBHOOK_KEY_SIZE);
    char *text = apr_palloc(pool, PREFIX_LENGTH + (apr_size_t)size);
    memcpy(text, PREFIX, PREFIX_LENGTH);
    apr_base64_encode_binary(text + PREFIX_LENGTH, key, ORDERS_WEBHOOK_KEY_SIZE);
    return text;
}
