/* SPDX-License-Identifier: Apache-2.0 */
#include "webhooks/signature.h"

#include <apr_strings.h>

#include "core/time.h"
#include "webhooks/secret.h"

typedef struct server_secret_t {
    const unsigned char *bytes;
    apr_size_t length;
} server_secret_t;

/* Adds the keys that are derived from one secret of the server. */
static bool add_keys(orders_keys_t *keys, const orders_webhook_target_t *target,
                     const server_secret_t secret, apr_pool_t *pool)
{
    const unsigned char *const salts[] = {target->salt, target->former_salt};
    for (size_t i = 0; i < sizeof salts / sizeof *salts; i++) {
        unsigned char *key = apr_palloc(pool, ORDERS_WEBHOOK_KEY_SIZE);
        if (!salts[i]) {
            continue;
        }
        if (!orders_webhook_key(key, secret.bytes, secret.length, target->public_id, salts[i])) {
            return false;
        }
        keys->bytes[keys->count] = key;
        keys->length[keys->count++] = ORDERS_WEBHOOK_KEY_SIZE;
    }
    return true;
}

bool orders_webhook_keys(orders_keys_t *keys, const orders_webhook_target_t *target,
                         const orders_settings_t *settings, apr_pool_t *pool)
{
    const server_secret_t secret = {settings->secret, settings->secret_length},
                          former = {settings->former_secret, settings->former_secret_length};
    keys->count = 0;
    return secret.length && add_keys(keys, target, secret, pool) &&
           (!former.length || add_keys(keys, target, former, pool));
}

apr_table_t *orders_webhook_headers(const orders_keys_t *keys, const orders_message_t *message,
                                    apr_time_t now, apr_pool_t *pool)
{
    apr_table_t *headers = apr_table_make(pool, 5);
    orders_message_t attempt = *message;
    attempt.timestamp = apr_psprintf(pool, "%" APR_INT64_T_FMT, (apr_int64_t)orders_time_unix(now));
    const char *signature = orders_signature_make(keys, &attempt, pool);
    if (!signature) {
        return NULL;
    }
    apr_table_setn(headers, "content-type", "application/json");
    apr_table_setn(headers, "webhook-id", attempt.id);
    apr_table_setn(headers, "webhook-timestamp", attempt.timestamp);
    apr_table_setn(headers, "webhook-signature", signature);
    return headers;
}
