/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/token_cache.h"

#include <httpd.h>

#include <ap_provider.h>
#include <ap_socache.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include <http_log.h>
#include <string.h>
#include <util_mutex.h>

#include "core/digest.h"
#include "httpd/config.h"
#include "httpd/remote_cache.h"
#include "metrics/metrics.h"

APLOG_USE_MODULE(orders);

#define MUTEX_TYPE "orders-tokens"
#define GENERATIONS 1024
#define REFUSALS 1024
#define MAX_ENTRY ORDERS_REMOTE_CACHE_VALUE
/** Must be incremented with each change of cached_token_t: a cache server can have entries of an earlier release. */
#define ENTRY_VERSION 1

/**
 * Shared memory of all child processes, protected by the mutex. A revocation increments the generation of its hash. A lookup that started
 * with another generation must not be cached.
 */
typedef struct shared_refusals_t {
    apr_uint32_t generation[GENERATIONS];
    struct {
        unsigned char hash[ORDERS_TOKEN_HASH_SIZE];
        apr_time_t since;
    } refused[REFUSALS];
} shared_refusals_t;

/** An entry of the socache, followed by login and reference, each NUL-terminated. An empty string means NULL. */
typedef struct cached_token_t {
    apr_time_t since;
    apr_time_t expires_at;
    apr_int64_t user_id, token_id;
    apr_int32_t tenant;
    apr_uint32_t scopes;
} cached_token_t;

/** Set by post_config, constant afterwards. `shared` is NULL if there is no cache. */
static struct {
    const ap_socache_provider_t *provider;
    ap_socache_instance_t *instance;
    orders_remote_cache_t remote; /* for providers that use the network */
    apr_global_mutex_t *mutex;
    shared_refusals_t *shared;
    server_rec *server;
} cache;

static const ap_socache_provider_t *find_provider(apr_pool_t *pool, const char *text,
                                                  const char **arguments)
{
    const char *name = ap_getword(pool, &text, ':');

    *arguments = *text ? text : NULL;
    return ap_lookup_provider(AP_SOCACHE_PROVIDER_GROUP, name, AP_SOCACHE_PROVIDER_VERSION);
}

const char *orders_token_cache_check(apr_pool_t *pool, apr_pool_t *ptemp, const char *text)
{
    const char *arguments;
    const ap_socache_provider_t *provider = find_provider(ptemp, text, &arguments);
    ap_socache_instance_t *instance;
    const char *refusal;

    if (!provider) {
        return apr_psprintf(
            pool,
            "OrdersTokenCacheProvider: no socache provider for '%s'; load its module "
            "(such as mod_socache_shmcb) before this directive",
            text);
    }
    refusal = provider->create(&instance, arguments, ptemp, ptemp);
    return refusal ? apr_pstrcat(pool, "OrdersTokenCacheProvider: ", refusal, NULL) : NULL;
}

void orders_token_cache_register(apr_pool_t *pconf)
{
    memset(&cache, 0, sizeof cache);
    ap_mutex_register(pconf, MUTEX_TYPE, NULL, APR_LOCK_DEFAULT, 0);
}

static apr_status_t close_cache(void *data)
{
    if (cache.instance) {
        cache.provider->destroy(cache.instance, cache.server);
    }
    memset(&cache, 0, sizeof cache);
    return APR_SUCCESS;
}

static bool open_provider(apr_pool_t *pconf, apr_pool_t *ptemp, const char *text)
{
    static const struct ap_socache_hints hints = {.avg_id_len = ORDERS_TOKEN_HASH_SIZE,
                                                  .avg_obj_size = sizeof(cached_token_t) + 60,
                                                  .expiry_interval = apr_time_from_sec(60)};
    const char *arguments, *refusal;
    ap_socache_instance_t *instance;
    apr_status_t status;

    cache.provider = find_provider(ptemp, text, &arguments);
    if (!cache.provider) {
        ap_log_error(
            APLOG_MARK, APLOG_WARNING, 0, cache.server,
            "identities are not cached: load mod_socache_shmcb, or set another provider with "
            "OrdersTokenCacheProvider");
        return false;
    }
    refusal = cache.provider->create(&instance, arguments, ptemp, pconf);
    status = refusal ? APR_EGENERAL
                     : cache.provider->init(instance, "orders_tokens", &hints, cache.server, pconf);
    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, status, cache.server,
                     "OrdersTokenCacheProvider %s: cannot open the cache%s%s", text,
                     refusal ? ": " : "", refusal ? refusal : "");
        return false;
    }
    cache.instance = instance;
    cache.remote = (orders_remote_cache_t){cache.provider, instance, cache.server};
    /* registered after the cleanups of the provider, so that it runs before them */
    apr_pool_cleanup_register(pconf, NULL, close_cache, apr_pool_cleanup_null);
    return true;
}

int orders_token_cache_open(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *main)
{
    orders_server_conf_t conf;
    apr_shm_t *segment;
    apr_status_t status;

    orders_server_conf_resolve(orders_server_conf(main), &conf);
    cache.server = main;
    if (!open_provider(pconf, ptemp, conf.token_cache_provider)) {
        return cache.provider ? HTTP_INTERNAL_SERVER_ERROR : OK;
    }
    status = ap_global_mutex_create(&cache.mutex, NULL, MUTEX_TYPE, NULL, main, pconf, 0);
    if (status == APR_SUCCESS) {
        status = apr_shm_create(&segment, sizeof(shared_refusals_t), NULL, pconf);
    }
    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, status, main,
                     "cannot create the shared memory of the cache of identities");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    cache.shared = apr_shm_baseaddr_get(segment);
    memset(cache.shared, 0, sizeof *cache.shared);
    return OK;
}

void orders_token_cache_child_init(apr_pool_t *pchild, server_rec *main)
{
    const char *file;
    apr_status_t status;

    if (!cache.shared) {
        return;
    }
    file = apr_global_mutex_lockfile(cache.mutex);
    status = apr_global_mutex_child_init(&cache.mutex, file, pchild);
    if (status != APR_SUCCESS) {
        ap_log_error(
            APLOG_MARK, APLOG_CRIT, status, main,
            "identities are not cached in this process: cannot open the mutex " MUTEX_TYPE);
        cache.shared = NULL;
    }
}

static apr_uint32_t compute_slot(const unsigned char *hash, apr_uint32_t slots)
{
    apr_uint32_t number;

    memcpy(&number, hash, sizeof number); /* uniformly distributed: a part of a SHA-256 */
    return number % slots;
}

bool orders_token_cache_key(const unsigned char *database, const unsigned char *hash,
                            unsigned char *key)
{
    unsigned char bytes[1 + ORDERS_SHA256_SIZE + ORDERS_TOKEN_HASH_SIZE] = {ENTRY_VERSION};

    if (!database) {
        return false;
    }
    memcpy(bytes + 1, database, ORDERS_SHA256_SIZE);
    memcpy(bytes + 1 + ORDERS_SHA256_SIZE, hash, ORDERS_TOKEN_HASH_SIZE);
    return orders_sha256(key, bytes, sizeof bytes);
}

/** Whether the provider needs the mutex. Providers that use the network do not, and are called by orders_remote_cache_call. */
static bool needs_lock(void)
{
    return cache.provider->flags & AP_SOCACHE_FLAG_NOTMPSAFE;
}

static apr_status_t retrieve_entry(const unsigned char *key, unsigned char *bytes, unsigned *length,
                                   apr_pool_t *pool)
{
    orders_remote_call_t call = {.operation = ORDERS_REMOTE_RETRIEVE, .key = key, .value = bytes};
    apr_status_t status;

    if (needs_lock()) {
        return cache.provider->retrieve(cache.instance, cache.server, key, ORDERS_TOKEN_HASH_SIZE,
                                        bytes, length, pool);
    }
    status = orders_remote_cache_call(&cache.remote, &call);
    *length = call.length;
    return status;
}

/** Ignores errors: the next request looks the identity up in the database. */
static void store_entry(const unsigned char *key, apr_time_t expires_at, unsigned char *bytes,
                        unsigned length, apr_pool_t *pool)
{
    orders_remote_call_t call = {.operation = ORDERS_REMOTE_STORE,
                                 .key = key,
                                 .value = bytes,
                                 .length = length,
                                 .expires_at = expires_at};

    if (needs_lock()) {
        (void)cache.provider->store(cache.instance, cache.server, key, ORDERS_TOKEN_HASH_SIZE,
                                    expires_at, bytes, length, pool);
    } else {
        (void)orders_remote_cache_call(&cache.remote, &call);
    }
}

static void remove_entry(const unsigned char *key, apr_pool_t *pool)
{
    orders_remote_call_t call = {.operation = ORDERS_REMOTE_REMOVE, .key = key};

    if (needs_lock()) {
        (void)cache.provider->remove(cache.instance, cache.server, key, ORDERS_TOKEN_HASH_SIZE,
                                     pool);
    } else {
        (void)orders_remote_cache_call(&cache.remote, &call);
    }
}

static bool lock_cache(void)
{
    return cache.shared && apr_global_mutex_lock(cache.mutex) == APR_SUCCESS;
}

static void unlock_cache(void)
{
    (void)apr_global_mutex_unlock(cache.mutex);
}

static char *read_text(apr_pool_t *pool, const unsigned char **at, const unsigned char *end)
{
    const unsigned char *nul = memchr(*at, '\0', (size_t)(end - *at));
    char *text = NULL;

    if (nul) {
        text = nul > *at ? apr_pstrdup(pool, (const char *)*at) : NULL;
        *at = nul + 1;
    }
    return text;
}

/** Whether the clock has been set back since the entry was made: it would be valid for too long. */
static bool is_ahead(apr_time_t since, apr_time_t now)
{
    return since > now + APR_USEC_PER_SEC;
}

static orders_identity_t *read_entry(apr_pool_t *pool, const unsigned char *bytes, unsigned length,
                                     apr_time_t oldest, apr_time_t now)
{
    orders_identity_t *identity;
    cached_token_t entry;
    const unsigned char *at = bytes + sizeof entry;

    if (length < sizeof entry) {
        return NULL;
    }
    memcpy(&entry, bytes, sizeof entry);
    if (entry.since < oldest || is_ahead(entry.since, now)) {
        return NULL;
    }
    identity = apr_pcalloc(pool, sizeof *identity);
    identity->tenant = entry.tenant;
    identity->user_id = entry.user_id;
    identity->token_id = entry.token_id;
    identity->scopes = entry.scopes;
    identity->expires_at = entry.expires_at;
    identity->login = read_text(pool, &at, bytes + length);
    identity->ref = read_text(pool, &at, bytes + length);
    return identity;
}

static orders_cached_e count_lookup(orders_cached_e result)
{
    orders_metrics_cache_lookup(result == ORDERS_CACHE_KNOWN     ? ORDERS_CACHE_LOOKUP_HIT
                                : result == ORDERS_CACHE_REFUSED ? ORDERS_CACHE_LOOKUP_REFUSED
                                                                 : ORDERS_CACHE_LOOKUP_MISS);
    return result;
}

orders_cached_e orders_token_cache_get(apr_pool_t *pool, const unsigned char *hash, int seconds,
                                       orders_lookup_t *lookup, orders_identity_t **identity)
{
    unsigned char bytes[MAX_ENTRY];
    unsigned int length = sizeof bytes;
    apr_time_t now = apr_time_now(), oldest = now - apr_time_from_sec(seconds);
    apr_time_t refused_since = 0;
    apr_status_t status = APR_NOTFOUND;
    apr_uint32_t slot = compute_slot(hash, REFUSALS);

    *lookup = (orders_lookup_t){.hash = hash, .since = now};
    *identity = NULL;
    if (seconds <= 0 || !lock_cache()) {
        return ORDERS_CACHE_UNKNOWN;
    }
    lookup->cacheable = true;
    lookup->generation = cache.shared->generation[compute_slot(hash, GENERATIONS)];
    if (!memcmp(cache.shared->refused[slot].hash, hash, ORDERS_TOKEN_HASH_SIZE)) {
        refused_since = cache.shared->refused[slot].since;
    }
    if (!needs_lock()) {
        unlock_cache();
    }
    status = retrieve_entry(hash, bytes, &length, pool);
    if (needs_lock()) {
        unlock_cache();
    }
    if (status == APR_SUCCESS) { /* an entry older than a refusal may have been stored after it */
        *identity =
            read_entry(pool, bytes, length, refused_since > oldest ? refused_since : oldest, now);
    }
    if (*identity) {
        return count_lookup(ORDERS_CACHE_KNOWN);
    }
    return count_lookup(refused_since > oldest && !is_ahead(refused_since, now) &&
                                refused_since > now - apr_time_from_sec(ORDERS_REFUSAL_SECONDS)
                            ? ORDERS_CACHE_REFUSED
                            : ORDERS_CACHE_UNKNOWN);
}

/** Returns the length of the entry, or 0 if it is too long. */
static unsigned write_entry(const orders_identity_t *identity, apr_time_t since,
                            unsigned char *bytes)
{
    const char *login = identity->login ? identity->login : "";
    const char *ref = identity->ref ? identity->ref : "";
    size_t login_size = strlen(login) + 1, ref_size = strlen(ref) + 1;
    cached_token_t entry;

    if (sizeof entry + login_size + ref_size > MAX_ENTRY) {
        return 0;
    }
    memset(&entry, 0, sizeof entry);
    entry.since = since;
    entry.expires_at = identity->expires_at;
    entry.user_id = identity->user_id;
    entry.token_id = identity->token_id;
    entry.tenant = identity->tenant;
    entry.scopes = identity->scopes;
    memcpy(bytes, &entry, sizeof entry);
    memcpy(bytes + sizeof entry, login, login_size);
    memcpy(bytes + sizeof entry + login_size, ref, ref_size);
    return (unsigned)(sizeof entry + login_size + ref_size);
}

void orders_token_cache_put(apr_pool_t *pool, const orders_lookup_t *lookup, int seconds,
                            const orders_identity_t *identity)
{
    unsigned char bytes[MAX_ENTRY];
    unsigned length = identity ? write_entry(identity, lookup->since, bytes) : 0;
    apr_uint32_t slot = compute_slot(lookup->hash, REFUSALS);
    bool is_current = false;

    if (!lookup->cacheable || seconds <= 0 || (identity && !length) || !lock_cache()) {
        return;
    }
    if (cache.shared->generation[compute_slot(lookup->hash, GENERATIONS)] != lookup->generation) {
        /* revoked since the lookup started: the result may be outdated */
    } else if (!identity) {
        memcpy(cache.shared->refused[slot].hash, lookup->hash, ORDERS_TOKEN_HASH_SIZE);
        cache.shared->refused[slot].since = lookup->since;
    } else {
        is_current = true;
    }
    if (!needs_lock()) {
        unlock_cache();
    }
    if (is_current) {
        store_entry(lookup->hash, lookup->since + apr_time_from_sec(seconds), bytes, length, pool);
    }
    if (needs_lock()) {
        unlock_cache();
    }
}

void orders_token_cache_forget(apr_pool_t *pool, const unsigned char *hash)
{
    apr_uint32_t slot = compute_slot(hash, REFUSALS);

    if (!lock_cache()) {
        return;
    }
    cache.shared->generation[compute_slot(hash, GENERATIONS)]++;
    memcpy(cache.shared->refused[slot].hash, hash, ORDERS_TOKEN_HASH_SIZE);
    cache.shared->refused[slot].since = apr_time_now();
    if (!needs_lock()) {
        unlock_cache();
    }
    remove_entry(hash, pool);
    if (needs_lock()) {
        unlock_cache();
    }
}
