/* SPDX-License-Identifier: Apache-2.0 */
#include "core/token.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <openssl/rand.h>
#include <string.h>

#include "core/fingerprint.h"

#define PREFIX "ord_"
#define SECRET_BYTES 32
#define HINT_LENGTH 8

static const char *token_text(apr_pool_t *pool, const unsigned char bytes[SECRET_BYTES])
{
    return apr_pstrcat(pool, PREFIX, orders_base64url(pool, bytes, SECRET_BYTES), NULL);
}

static orders_problem_t *no_digest(apr_pool_t *pool)
{
    orders_problem_t *problem = orders_problem(pool, ORDERS_E_internal_error, NULL);

    problem->log = "OpenSSL does no SHA-256 or has no random bytes";
    return problem;
}

orders_problem_t *orders_token_random(const char **token, apr_pool_t *pool)
{
    unsigned char bytes[SECRET_BYTES];

    if (RAND_bytes(bytes, SECRET_BYTES) != 1) {
        return no_digest(pool);
    }
    *token = token_text(pool, bytes);
    return NULL;
}

orders_problem_t *orders_token_derived(const char **token, const orders_call_t *call,
                                       const char *key)
{
    const orders_settings_t *settings = call->settings;
    unsigned char fingerprint[ORDERS_SHA256_SIZE], bytes[SECRET_BYTES];
    const char *text;

    if (!settings->secret || settings->secret_length == 0) {
        return orders_problem(call->pool, ORDERS_E_not_configured, NULL);
    }
    ORDERS_TRY(orders_fingerprint(fingerprint, call));
    text = apr_psprintf(call->pool,
                        "mod_orders token 1|%" APR_INT64_T_FMT "|%" APR_INT64_T_FMT "|%s|%s",
                        (int64_t)settings->tenant, call->identity ? call->identity->user_id : 0,
                        orders_hex(call->pool, fingerprint, sizeof(fingerprint)), key);
    if (!orders_hmac_sha256(bytes, settings->secret, settings->secret_length, text, strlen(text))) {
        return no_digest(call->pool);
    }
    *token = token_text(call->pool, bytes);
    return NULL;
}

orders_problem_t *orders_token_hash(unsigned char hash[ORDERS_SHA256_SIZE], const char *token,
                                    apr_pool_t *pool)
{
    return orders_sha256(hash, token, strlen(token)) ? NULL : no_digest(pool);
}

const char *orders_token_hint(apr_pool_t *pool, const char *token)
{
    return apr_pstrndup(pool, token, HINT_LENGTH);
}

const char *orders_token_bearer(const char *header)
{
    static const char scheme[] = "bearer ";
    size_t same = 0;
    while (scheme[same] && apr_tolower(header[same]) == scheme[same]) {
        same++;
    }
    return scheme[same] ? NULL : header + same;
}
