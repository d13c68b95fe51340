/* SPDX-License-Identifier: Apache-2.0 */
#include "core/link_token.h"

#include <apr_time.h>
#include <string.h>

#include "core/time.h"

#define TENANT_SIZE 8

static void put(unsigned char *out, int64_t number)
{
    for (int i = 0; i < 8; i++) {
        out[i] = (unsigned char)((uint64_t)number >> (56 - 8 * i));
    }
}

static int64_t get(const unsigned char *in)
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++) {
        number = number << 8 | in[i];
    }
    return (int64_t)number;
}

void orders_link_token_write(unsigned char bytes[ORDERS_LINK_TOKEN_SIZE],
                             const orders_link_token_t *token)
{
    put(bytes, token->id);
    put(bytes + 8, token->ends);
}

orders_link_token_t orders_link_token_read(const unsigned char bytes[ORDERS_LINK_TOKEN_SIZE])
{
    return (orders_link_token_t){.id = get(bytes), .ends = get(bytes + 8)};
}

typedef struct signed_text_t {
    unsigned char *bytes;
    apr_size_t size;
} signed_text_t;

/* The purpose is hashed with its NUL, so no purpose is a prefix of another. */
static signed_text_t signed_text(const char *purpose, const orders_link_token_t *token,
                                 int32_t tenant, apr_pool_t *pool)
{
    const apr_size_t purpose_size = strlen(purpose) + 1;
    const signed_text_t text = {
        .bytes = apr_palloc(pool, purpose_size + TENANT_SIZE + ORDERS_LINK_TOKEN_SIZE),
        .size = purpose_size + TENANT_SIZE + ORDERS_LINK_TOKEN_SIZE};

    memcpy(text.bytes, purpose, purpose_size);
    put(text.bytes + purpose_size, tenant);
    orders_link_token_write(text.bytes + purpose_size + TENANT_SIZE, token);
    return text;
}

orders_problem_t *orders_link_token_sign(unsigned char mac[ORDERS_SHA256_SIZE], const char *purpose,
                                         const orders_link_token_t *token,
                                         const orders_settings_t *settings, apr_pool_t *pool)
{
    if (!settings->secret) {
        return orders_problem_logged(pool, ORDERS_E_not_configured,
                                     "signed links require OrdersSecretFile");
    }
    const signed_text_t text = signed_text(purpose, token, settings->tenant, pool);

    return orders_hmac_sha256(mac, settings->secret, settings->secret_length, text.bytes, text.size)
               ? NULL
               : orders_problem(pool, ORDERS_E_internal_error, NULL);
}

orders_problem_t *orders_link_token_verify(bool *valid, const orders_link_mac_t *given,
                                           const orders_link_token_t *token,
                                           const orders_settings_t *settings, apr_pool_t *pool)
{
    unsigned char mac[ORDERS_SHA256_SIZE];

    ORDERS_TRY(orders_link_token_sign(mac, given->purpose, token, settings, pool));
    *valid = orders_bytes_equal(mac, given->mac, given->length);
    if (!*valid && settings->former_secret_length) {
        const signed_text_t text = signed_text(given->purpose, token, settings->tenant, pool);

        *valid = orders_hmac_sha256(mac, settings->former_secret, settings->former_secret_length,
                                    text.bytes, text.size) &&
                 orders_bytes_equal(mac, given->mac, given->length);
    }
    return NULL;
}

orders_problem_t *orders_link_token_check_time(const orders_link_token_t *token, apr_pool_t *pool)
{
    return token->ends && token->ends <= orders_time_unix(apr_time_now())
               ? orders_problem(pool, ORDERS_E_link_expired, NULL)
               : NULL;
}
