/* SPDX-License-Identifier: Apache-2.0 */
#include "api/pay_link.h"

#include <apr_strings.h>
#include <string.h>

#include "core/digest.h"
#include "core/time.h"

#define MAC_SIZE 16
#define CLAIM_SIZE 16 /* the id and the end of its time, 8 bytes each */
#define TOKEN_SIZE (CLAIM_SIZE + MAC_SIZE)

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

static orders_problem_t *not_configured(apr_pool_t *pool, const char *lacks)
{
    return orders_problem_logged(pool, ORDERS_E_not_configured, lacks);
}

/* The claim is the token's first half. Other things that are derived from the secret begin with other words. */
static orders_problem_t *sign(unsigned char mac[ORDERS_SHA256_SIZE], const unsigned char *claim,
                              const orders_settings_t *settings, apr_pool_t *pool)
{
    static const char word[] = "pay link";
    unsigned char said[sizeof(word) + 8 + CLAIM_SIZE];
    if (!settings->secret) {
        return not_configured(pool, "pay links need OrdersSecretFile");
    }
    memcpy(said, word, sizeof(word));
    put(said + sizeof(word), settings->tenant);
    memcpy(said + sizeof(word) + 8, claim, CLAIM_SIZE);
    return orders_hmac_sha256(mac, settings->secret, settings->secret_length, said, sizeof(said))
               ? NULL
               : orders_problem(pool, ORDERS_E_internal_error, NULL);
}

orders_problem_t *orders_pay_link_url(const char **url, const orders_pay_link_t *link,
                                      const orders_settings_t *settings, apr_pool_t *pool)
{
    unsigned char token[CLAIM_SIZE + ORDERS_SHA256_SIZE];
    if (!settings->public_url || !settings->pay_link_mount) {
        return not_configured(pool, "pay links need OrdersPublicURL and an OrdersAPI company");
    }
    put(token, link->order_id);
    put(token + 8, link->expires_at ? orders_time_unix(link->expires_at) : 0);
    ORDERS_TRY(sign(token + CLAIM_SIZE, token, settings, pool));
    *url = apr_pstrcat(pool, settings->public_url, settings->pay_link_mount, "/transaction/",
                       orders_base64url(pool, token, TOKEN_SIZE), "/pay", NULL);
    return NULL;
}

orders_problem_t *orders_pay_link_read_token(int64_t *order_id, const char *token,
                                             const orders_settings_t *settings, apr_pool_t *pool)
{
    unsigned char bytes[TOKEN_SIZE], mac[ORDERS_SHA256_SIZE];
    apr_size_t length = 0;
    if (!orders_base64url_decode(bytes, sizeof(bytes), &length, token) || length != TOKEN_SIZE) {
        return orders_problem(pool, ORDERS_E_not_found, NULL);
    }
    ORDERS_TRY(sign(mac, bytes, settings, pool));
    if (!orders_bytes_equal(mac, bytes + CLAIM_SIZE, MAC_SIZE)) {
        return orders_problem(pool, ORDERS_E_not_found, NULL);
    }
    int64_t ends = get(bytes + 8);
    if (ends && ends <= orders_time_unix(apr_time_now())) {
        return orders_problem(pool, ORDERS_E_link_expired, NULL);
    }
    *order_id = get(bytes);
    return NULL;
}
