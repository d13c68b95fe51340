/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A cache of identities, shared by all child processes.
 *
 * The key is a hash of the database and of the credential (the SHA-256 of a token, or of a tenant and login), never the token itself.
 * Known identities are kept in a socache. Refusals are kept in a small table of fixed size, so that guessed tokens cannot evict
 * identities. A revocation on this server takes effect immediately: it removes the entry, and the result of a lookup in progress is not
 * cached. Any thread may call.
 */
#ifndef ORDERS_HTTPD_TOKEN_CACHE_H
#define ORDERS_HTTPD_TOKEN_CACHE_H

#include <httpd.h>
#include <stdbool.h>

#include "core/call.h"
#include "store/identity.h"

/** Maximum age of a cached refusal. Seconds. */
#define ORDERS_REFUSAL_SECONDS 2

typedef enum { ORDERS_CACHE_UNKNOWN, ORDERS_CACHE_KNOWN, ORDERS_CACHE_REFUSED } orders_cached_e;

/** A lookup in progress. Set before the database is queried; required to cache the result. */
typedef struct orders_lookup_t {
    const unsigned char *hash; /**< ORDERS_TOKEN_HASH_SIZE bytes */
    apr_uint32_t generation;
    apr_time_t since; /**< when the lookup started: the age of the result counts from here */
    bool cacheable;   /**< whether the result may be cached */
} orders_lookup_t;

/** Checks the argument of OrdersTokenCacheProvider, provider[:arguments]. NULL, or an error message in `pool`. */
const char *orders_token_cache_check(apr_pool_t *pool, apr_pool_t *ptemp, const char *text);

/** For ap_hook_pre_config. */
void orders_token_cache_register(apr_pool_t *pconf);
/** For ap_hook_post_config, second pass. OK, or an HTTP error that has been logged. */
int orders_token_cache_open(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *main);
/** For ap_hook_child_init. Without access to the mutex, this child caches nothing. */
void orders_token_cache_child_init(apr_pool_t *pchild, server_rec *main);

/**
 * Computes `key`, ORDERS_TOKEN_HASH_SIZE bytes, from the hash of a credential and the hash of the database
 * (orders_server_conf_t.database), so that databases do not share entries. False: no caching.
 */
bool orders_token_cache_key(const unsigned char *database, const unsigned char *hash,
                            unsigned char *key);

/** Looks up the key `hash`, for entries of at most `seconds`. The identity is in `pool`. Always fills in `lookup`. */
orders_cached_e orders_token_cache_get(apr_pool_t *pool, const unsigned char *hash, int seconds,
                                       orders_lookup_t *lookup, orders_identity_t **identity);

/** Caches the result of a database query: an identity, or NULL for a refusal. */
void orders_token_cache_put(apr_pool_t *pool, const orders_lookup_t *lookup, int seconds,
                            const orders_identity_t *identity);

/** Removes an entry for all child processes, and caches a refusal. */
void orders_token_cache_forget(apr_pool_t *pool, const unsigned char *hash);

#endif
