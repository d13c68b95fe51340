/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Identities that were looked up a moment ago, shared by all children.
 *
 * Keyed by a hash of the database and of the credential (a token's SHA-256, or that of a tenant and login), never by the
 * token. What is known is kept in a
 * socache; what is known to be refused in a small table of fixed size, so that guesses cannot push anybody out. A
 * revocation on this server is effective at once: it empties the entry, and it turns a look-up that was under way into
 * one whose answer is not kept.
 */
#ifndef ORDERS_HTTPD_TOKEN_CACHE_H
#define ORDERS_HTTPD_TOKEN_CACHE_H

#include <httpd.h>
#include <stdbool.h>

#include "core/call.h"
#include "store/identity.h"

/** How long a refusal is kept, at most. Seconds. */
#define ORDERS_REFUSAL_SECONDS 2

typedef enum { ORDERS_CACHE_UNKNOWN, ORDERS_CACHE_KNOWN, ORDERS_CACHE_REFUSED } orders_cached_e;

/** A look-up: taken before the database is asked, needed to keep the answer. */
typedef struct orders_lookup_t {
    const unsigned char *hash; /**< ORDERS_TOKEN_HASH_SIZE bytes */
    apr_uint32_t generation;
    apr_time_t since; /**< what the database says is at least this fresh */
    bool kept;        /**< whether there is a cache at all */
} orders_lookup_t;

/** For OrdersTokenCacheProvider: NULL, or why `text` (provider[:arguments]) is refused. */
const char *orders_token_cache_check(apr_pool_t *pool, apr_pool_t *ptemp, const char *text);

/** ap_hook_pre_config. */
void orders_token_cache_register(apr_pool_t *pconf);
/** ap_hook_post_config, second pass. OK or an HTTP error. */
int orders_token_cache_open(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *main);
void orders_token_cache_child_init(apr_pool_t *pchild, server_rec *main);

/**
 * The key of `hash` (of a credential) among what `database` (orders_server_conf_t.database) says, ORDERS_TOKEN_HASH_SIZE
 * bytes: what one database knows is nothing that another one said. False: nothing can be kept.
 */
bool orders_token_cache_key(const unsigned char *database, const unsigned char *hash,
                            unsigned char *key);

/** What is known of the key `hash`, at most `seconds` old; the identity is in `pool`. Always fills in `lookup`. */
orders_cached_e orders_token_cache_get(apr_pool_t *pool, const unsigned char *hash, int seconds,
                                       orders_lookup_t *lookup, orders_identity_t **identity);

/** Keeps what the database said: an identity, or NULL for a refusal. */
void orders_token_cache_put(apr_pool_t *pool, const orders_lookup_t *lookup, int seconds,
                            const orders_identity_t *identity);

/** Forgets it, for all children, from now on. */
void orders_token_cache_forget(apr_pool_t *pool, const unsigned char *hash);

#endif
