/* SPDX-License-Identifier: Apache-2.0 */
#include "core/token.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <openssl/rand.h>
#include <string.h>

#include "core/fingerprint.h"

#define PREFIX "ord_"
#define SECRET_BYTES 32
#define HINT_LENGTH 4 /* of the secret */

static const char *token_text(apr_pool_t *pool, int32_t tenant,
                              const unsigned char bytes[SECRET_BYTES])
{
    return apr_psprintf(pool, PREFIX "%d_%s", (int)tenant,
                        orders_base64url(pool, bytes, SECRET_BYTES));
}

/* Where the secret begins, or NULL; `*tenant` is the number before it. */
static const char *secret_of(const char *token, int32_t *tenant)
{
    const size_t prefix = sizeof(PREFIX) - 1;
    int64_t number = 0;
    if (strncmp(token, PREFIX, prefix) != 0 || token[prefix] < '1' || token[prefix] > '9') {
        return NULL;
    }
    for (token += prefix; apr_isdigit(*token) && number <= INT32_MAX; token++) {
        number = number * 10 + (*token - '0');
    }
    if (number > INT32_MAX || token[0] != '_' || token[1] == '\0') {
        return NULL;
    }
    *tenant = (int32_t)number;
    return token + 1;
}

int32_t orders_token_tenant(const char *token)
{
    int32_t tenant = 0;
    return secret_of(token, &tenant) ? tenant : 0;
}

static orders_problem_t *no_digest(apr_pool_t *pool)
{
    orders_problem_t *problem = orders_problem(pool, ORDERS_E_internal_error, NULL);

    problem->log = "OpenSSL cannot compute SHA-256 or has no random bytes";
    return problem;
}

orders_problem_t *orders_token_random(const char **token, int32_t tenant, apr_pool_t *pool)
{
    unsigned char bytes[SECRET_BYTES];

    if (RAND_bytes(bytes, SECRET_BYTES) != 1) {
        return no_digest(pool);
    }
    *token = token_text(pool, tenant, bytes);
    return NULL;
}

orders_problem_t *orders_token_derived(const char **token, const orders_call_t *call,
                                       const char *key, bool former)
{
    const orders_settings_t *settings = call->settings;
    const unsigned char *secret = former ? settings->former_secret : settings->secret;
    const apr_size_t length = former ? settings->former_secret_length : settings->secret_length;
    unsigned char fingerprint[ORDERS_SHA256_SIZE], bytes[SECRET_BYTES];
    const char *text;

    if (!secret || length == 0) {
        return orders_problem(call->pool, ORDERS_E_not_configured, NULL);
    }
    ORDERS_TRY(orders_fingerprint(fingerprint, call));
    text = apr_psprintf(call->pool,
                        "mod_orders token 1|%" APR_INT64_T_FMT "|%" APR_INT64_T_FMT "|%s|%s",
                        (int64_t)settings->tenant, call->identity ? call->identity->user_id : 0,
                        orders_hex(call->pool, fingerprint, sizeof(fingerprint)), key);
    if (!orders_hmac_sha256(bytes, secret, length, text, strlen(text))) {
        return no_digest(call->pool);
    }
    *token = token_text(call->pool, settings->tenant, bytes);
    return NULL;
}

orders_problem_t *orders_token_hash(unsigned char hash[ORDERS_SHA256_SIZE], const char *token,
                                    apr_pool_t *pool)
{
    return orders_sha256(hash, token, strlen(token)) ? NULL : no_digest(pool);
}

const char *orders_token_hint(apr_pool_t *pool, const char *token)
{
    int32_t tenant;
    const char *secret = secret_of(token, &tenant);
    return secret ? apr_pstrndup(pool, token, (apr_size_t)(secret - token) + HINT_LENGTH) : "";
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
