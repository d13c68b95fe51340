/* SPDX-License-Identifier: Apache-2.0 */
#include "payments/paypal/token.h"

#include <apr_strings.h>
#include <apr_time.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

#include "core/clock.h"
#include "core/digest.h"
#include "payments/channel_call.h"
#include "payments/paypal/json.h"
#include "payments/provider_problem.h"

#define MAX_CHANNELS 32
#define MAX_TOKEN 2048
/** A token is replaced this long before it expires, or after half of its lifetime if that is shorter than two minutes. */
#define MARGIN_SECONDS 60
#define MAX_LIFETIME 86400

typedef struct cached_access_token_t {
    unsigned char key[ORDERS_SHA256_SIZE]; /**< hash of URL and credentials */
    char token[MAX_TOKEN + 1];
    apr_time_t expires_at; /**< of orders_clock_now(); MARGIN_SECONDS before the token expires */
} cached_access_token_t;

/** Used in child processes only. If the cache is full, the token that expires first is replaced. */
static struct {
    pthread_mutex_t lock;
    cached_access_token_t entries[MAX_CHANNELS];
} cache = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool compute_key(unsigned char *key, const orders_channel_t *channel, apr_pool_t *pool)
{
    const char *text = apr_pstrcat(pool, channel->url, "\n", channel->client_id, "\n", NULL);
    apr_size_t length = strlen(text);
    unsigned char *all = apr_palloc(pool, length + channel->secret_length);

    memcpy(all, text, length);
    memcpy(all + length, channel->secret, channel->secret_length);
    return orders_sha256(key, all, length + channel->secret_length);
}

static const char *find_token(const unsigned char *key, apr_pool_t *pool)
{
    const apr_time_t now = orders_clock_now();
    const char *token = NULL;

    pthread_mutex_lock(&cache.lock);
    for (int i = 0; i < MAX_CHANNELS && !token; i++) {
        const cached_access_token_t *entry = &cache.entries[i];

        if (entry->expires_at > now && !memcmp(entry->key, key, sizeof(entry->key))) {
            token = apr_pstrdup(pool, entry->token);
        }
    }
    pthread_mutex_unlock(&cache.lock);
    return token;
}

static void store_token(const unsigned char *key, const char *token, apr_time_t expires_at)
{
    cached_access_token_t *target = &cache.entries[0];

    pthread_mutex_lock(&cache.lock);
    for (int i = 0; i < MAX_CHANNELS; i++) {
        cached_access_token_t *entry = &cache.entries[i];

        if (!memcmp(entry->key, key, sizeof(entry->key))) {
            target = entry;
            break;
        }
        target = entry->expires_at < target->expires_at ? entry : target;
    }
    memcpy(target->key, key, sizeof(target->key));
    apr_cpystrn(target->token, token, sizeof(target->token));
    target->expires_at = expires_at;
    pthread_mutex_unlock(&cache.lock);
}

/** The Authorization header: `Basic` and base64 of "id:secret". */
static const char *make_credentials(const orders_channel_t *channel, apr_pool_t *pool)
{
    const char *secret =
        apr_pstrmemdup(pool, (const char *)channel->secret, channel->secret_length);
    const char *both = apr_pstrcat(pool, channel->client_id, ":", secret, NULL);
    const int length = (int)strlen(both);
    unsigned char *encoded = apr_palloc(pool, 4 * ((apr_size_t)length / 3 + 1) + 1);

    EVP_EncodeBlock(encoded, (const unsigned char *)both, length);
    return apr_pstrcat(pool, "Basic ", encoded, NULL);
}

static bool is_valid_token(const char *token)
{
    size_t length = token ? strlen(token) : 0;

    for (size_t i = 0; i < length; i++) {
        if (token[i] <= ' ' || token[i] > '~') {
            return false;
        }
    }
    return length && length <= MAX_TOKEN;
}

static orders_problem_t *read_token(const orders_http_reply_t *reply, apr_pool_t *pool,
                                    const char **token, apr_time_t *expires_at)
{
    const json_t *root = NULL;
    json_int_t seconds;

    if (reply->status != 200) {
        return orders_provider_unreachable(
            pool, apr_psprintf(pool, "PayPal issued no access token: status %ld%s", reply->status,
                               reply->status == 401 ? "; check client-id= and secret-file=" : ""));
    }
    if (orders_paypal_json(&root, pool, reply->body, reply->length) ||
        !is_valid_token(orders_paypal_text(root, "access_token"))) {
        return orders_provider_unreachable(pool, "PayPal's access token is malformed");
    }
    *token = orders_paypal_text(root, "access_token");
    seconds = json_integer_value(orders_paypal_at(root, "expires_in"));
    seconds = seconds < 0 ? 0 : seconds > MAX_LIFETIME ? MAX_LIFETIME : seconds;
    seconds -= seconds < 2 * MARGIN_SECONDS ? (seconds + 1) / 2 : MARGIN_SECONDS;
    *expires_at = orders_clock_now() + apr_time_from_sec(seconds);
    return NULL;
}

static orders_problem_t *fetch_token(const orders_channel_t *channel, apr_pool_t *pool,
                                     const char **token, apr_time_t *expires_at)
{
    static const char body[] = "grant_type=client_credentials";
    apr_table_t *headers = apr_table_make(pool, 4);
    orders_http_request_t request = {
        .url = orders_http_url_join(pool, channel->url, "/v1/oauth2/token"),
        .body = body,
        .length = sizeof(body) - 1,
    };
    orders_http_reply_t reply;
    orders_problem_t *problem;

    apr_table_setn(headers, "Authorization", make_credentials(channel, pool));
    apr_table_setn(headers, "Content-Type", "application/x-www-form-urlencoded");
    apr_table_setn(headers, "Accept", "application/json");
    apr_table_setn(headers, "Expect", "");
    problem = orders_channel_call(channel, pool, &request, headers, &reply);
    if (problem) {
        problem->log =
            apr_pstrcat(pool, "the request for PayPal's access token failed: ", problem->log, NULL);
        return problem;
    }
    return read_token(&reply, pool, token, expires_at);
}

orders_problem_t *orders_paypal_token(const orders_channel_t *channel, apr_pool_t *pool,
                                      const char **token)
{
    unsigned char key[ORDERS_SHA256_SIZE];
    apr_time_t expires_at = 0;

    if (!compute_key(key, channel, pool)) {
        return orders_provider_unusable(pool, "OpenSSL cannot compute SHA-256");
    }
    *token = find_token(key, pool);
    if (!*token) {
        ORDERS_TRY(fetch_token(channel, pool, token, &expires_at));
        store_token(key, *token, expires_at);
    }
    return NULL;
}

void orders_paypal_token_drop(const char *token)
{
    pthread_mutex_lock(&cache.lock);
    for (int i = 0; i < MAX_CHANNELS; i++) {
        if (!strcmp(cache.entries[i].token, token)) {
            cache.entries[i].expires_at = 0;
        }
    }
    pthread_mutex_unlock(&cache.lock);
}

void orders_paypal_tokens_forget(void)
{
    pthread_mutex_lock(&cache.lock);
    OPENSSL_cleanse(cache.entries, sizeof(cache.entries));
    pthread_mutex_unlock(&cache.lock);
}
