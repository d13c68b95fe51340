/* SPDX-License-Identifier: Apache-2.0 */
#include "payments/paypal/certificates.h"

#include <apr_strings.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"
#include "net/http_client.h"
#include "payments/paypal/fetches.h"
#include "payments/provider_problem.h"

#define PATH "/v1/notifications/certs/"
#define DOMAIN ".paypal.com"
#define NAME_PREFIX "messageverificationcerts."
#define HTTPS_PORT ":443"
#define MAX_CACHED 8
#define REFRESH_AFTER apr_time_from_sec(3600)
/** A certificate that cannot be refreshed is used until this age: forged events that use up the fetches must not block genuine ones. */
#define MAX_AGE apr_time_from_sec(86400)
/** Short, because the sender of the event is not authenticated yet. */
#define FETCH_TIMEOUT_MS 2000
#define MIN_KEY_BITS 2048
#define MAX_CHAIN 8

/** Public key and expiry of a certificate. */
typedef struct certificate_t {
    EVP_PKEY *key;
    apr_time_t expires_at;
} certificate_t;

typedef struct cached_certificate_t {
    char url[ORDERS_PAYPAL_MAX_URL + 1];
    const char *ca_file; /**< of the channel; lives as long as the process; or NULL */
    certificate_t certificate;
    apr_time_t cached_at; /**< of orders_clock_now() */
} cached_certificate_t;

/** Verified certificates. Used in child processes only; the oldest entry is replaced. */
static struct {
    pthread_mutex_t lock;
    cached_certificate_t entries[MAX_CACHED];
} cache = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), size = strlen(end);

    return length > size && !memcmp(text + length - size, end, size);
}

bool orders_paypal_certificate_url_ok(const char *channel_url, const char *url, apr_pool_t *pool)
{
    const char *origin =
        strlen(url) <= ORDERS_PAYPAL_MAX_URL ? orders_http_origin(pool, url) : NULL;
    const char *own = orders_http_origin(pool, channel_url);
    const char *host = strstr(url, "://");
    const char *path = host ? strchr(host + 3, '/') : NULL;

    if (!origin || !path || strncmp(path, PATH, strlen(PATH)) || strstr(path, "..") ||
        strpbrk(path, "%\\;")) {
        return false;
    }
    return (own && !strcmp(origin, own)) ||
           (!strncmp(origin, "https://", 8) && ends_with(origin, DOMAIN HTTPS_PORT));
}

static apr_status_t free_key(void *key)
{
    EVP_PKEY_free(key);
    return APR_SUCCESS;
}

/** Transfers the caller's reference to the pool. NULL is returned unchanged. */
static EVP_PKEY *register_key(EVP_PKEY *key, apr_pool_t *pool)
{
    if (key) {
        apr_pool_cleanup_register(pool, key, free_key, apr_pool_cleanup_null);
    }
    return key;
}

static bool matches(const cached_certificate_t *cached, const char *url, const char *ca_file)
{
    return cached->certificate.key && !strcmp(cached->url, url) &&
           (ca_file && cached->ca_file ? !strcmp(cached->ca_file, ca_file)
                                       : ca_file == cached->ca_file);
}

/** The cached key of a URL, or NULL. `*fresh`: no refresh is due. */
static EVP_PKEY *find_cached_key(const orders_channel_t *channel, apr_pool_t *pool, const char *url,
                                 apr_time_t now, bool *fresh)
{
    EVP_PKEY *key = NULL;

    *fresh = false;
    pthread_mutex_lock(&cache.lock);
    for (int i = 0; i < MAX_CACHED && !key; i++) {
        const cached_certificate_t *cached = &cache.entries[i];
        const apr_time_t age = orders_clock_now() - cached->cached_at;

        if (matches(cached, url, channel->ca_file) && age < MAX_AGE &&
            now < cached->certificate.expires_at && EVP_PKEY_up_ref(cached->certificate.key) == 1) {
            key = cached->certificate.key;
            *fresh = age < REFRESH_AFTER;
        }
    }
    pthread_mutex_unlock(&cache.lock);
    return register_key(key, pool);
}

static void store_certificate(const orders_channel_t *channel, const char *url,
                              const certificate_t *certificate)
{
    cached_certificate_t *entry = &cache.entries[0];

    if (EVP_PKEY_up_ref(certificate->key) != 1) {
        return;
    }
    pthread_mutex_lock(&cache.lock);
    for (int i = 1; i < MAX_CACHED && !matches(entry, url, channel->ca_file); i++) {
        cached_certificate_t *cached = &cache.entries[i];

        entry = cached->cached_at < entry->cached_at || matches(cached, url, channel->ca_file)
                    ? cached
                    : entry;
    }
    EVP_PKEY_free(entry->certificate.key);
    apr_cpystrn(entry->url, url, sizeof(entry->url));
    entry->ca_file = channel->ca_file;
    entry->certificate = *certificate;
    entry->cached_at = orders_clock_now();
    pthread_mutex_unlock(&cache.lock);
}

/** Parses a PEM chain: returns the first certificate and appends the others. The caller frees all. */
static X509 *read_chain(const char *pem, apr_size_t length, STACK_OF(X509) * intermediates)
{
    BIO *in = BIO_new_mem_buf(pem, (int)length);
    X509 *leaf = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
    X509 *next;

    for (int i = 0; leaf && i < MAX_CHAIN; i++) {
        next = PEM_read_bio_X509(in, NULL, NULL, NULL);
        if (!next || !sk_X509_push(intermediates, next)) {
            X509_free(next);
            break;
        }
    }
    BIO_free(in);
    ERR_clear_error(); /* the end of the input is reported as an error */
    return leaf;
}

static X509_STORE *load_trusted(const char *ca_file)
{
    X509_STORE *store = X509_STORE_new();

    if (store && (ca_file ? X509_STORE_load_locations(store, ca_file, NULL)
                          : X509_STORE_set_default_paths(store)) != 1) {
        X509_STORE_free(store);
        store = NULL;
    }
    return store;
}

static const char *check_chain(X509 *leaf, STACK_OF(X509) * intermediates, const char *ca_file,
                               apr_time_t now, apr_pool_t *pool)
{
    X509_STORE *store = load_trusted(ca_file);
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    const char *error = "the CA certificates cannot be read";

    if (store && context && X509_STORE_CTX_init(context, store, leaf, intermediates) == 1) {
        X509_STORE_CTX_set_time(context, 0, (time_t)apr_time_sec(now));
        error = X509_verify_cert(context) == 1
                    ? NULL
                    : apr_pstrdup(pool,
                                  X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
    }
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    ERR_clear_error();
    return error;
}

/** Any domain can get a certificate from a public CA, so the common name is checked too. */
static bool has_paypal_name(X509 *leaf)
{
    char name[256];
    int length =
        X509_NAME_get_text_by_NID(X509_get_subject_name(leaf), NID_commonName, name, sizeof(name));

    return length > 0 && (size_t)length == strlen(name) &&
           !strncmp(name, NAME_PREFIX, strlen(NAME_PREFIX)) && ends_with(name, DOMAIN);
}

static EVP_PKEY *get_key(X509 *leaf)
{
    EVP_PKEY *key = X509_get_pubkey(leaf);

    if (key && (EVP_PKEY_base_id(key) != EVP_PKEY_RSA || EVP_PKEY_bits(key) < MIN_KEY_BITS)) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

static apr_time_t get_expiry(const X509 *leaf)
{
    struct tm end;

    return ASN1_TIME_to_tm(X509_get0_notAfter(leaf), &end) == 1 ? apr_time_from_sec(timegm(&end))
                                                                : 0;
}

/** NULL, or the reason of the refusal. The pool releases the key. */
static const char *read_certificate(certificate_t *certificate, const char *pem, apr_size_t length,
                                    const char *ca_file, apr_time_t now, apr_pool_t *pool)
{
    STACK_OF(X509) *intermediates = sk_X509_new_null();
    X509 *leaf = intermediates ? read_chain(pem, length, intermediates) : NULL;
    const char *error = !leaf ? "it is not a PEM certificate"
                        : !has_paypal_name(leaf)
                            ? "its common name is not " NAME_PREFIX "*" DOMAIN
                            : check_chain(leaf, intermediates, ca_file, now, pool);

    certificate->key = error ? NULL : register_key(get_key(leaf), pool);
    if (certificate->key) {
        certificate->expires_at = get_expiry(leaf);
    } else if (!error) {
        error = "its key is not RSA with at least 2048 bits";
    }
    X509_free(leaf);
    sk_X509_pop_free(intermediates, X509_free);
    return error;
}

EVP_PKEY *orders_paypal_certificate_key(const char *pem, apr_size_t length, const char *ca_file,
                                        apr_time_t now, apr_pool_t *pool, const char **error)
{
    certificate_t certificate;

    *error = read_certificate(&certificate, pem, length, ca_file, now, pool);
    return certificate.key;
}

static orders_problem_t *fetch_url(const orders_channel_t *channel, apr_pool_t *pool,
                                   const char *url, orders_http_reply_t *reply)
{
    const int timeout_ms = channel->timeout_ms;
    const orders_http_request_t request = {
        .url = url,
        .headers = apr_table_make(pool, 1),
        .timeout_ms =
            timeout_ms > 0 && timeout_ms < FETCH_TIMEOUT_MS ? timeout_ms : FETCH_TIMEOUT_MS,
        .ca_file = channel->ca_file,
        .cancelled = channel->cancelled,
        .context = channel->context,
    };
    const char *error = orders_http_call(&request, reply, pool);

    if (!error && reply->status != 200) {
        error = apr_psprintf(pool, "status %ld", reply->status);
    }
    return error ? orders_provider_unreachable(
                       pool,
                       apr_pstrcat(pool, "PayPal's certificate cannot be fetched: ", error, NULL))
                 : NULL;
}

static orders_problem_t *fetch_certificate(certificate_t *certificate,
                                           const orders_channel_t *channel, apr_pool_t *pool,
                                           const char *url, apr_time_t now)
{
    orders_http_reply_t reply;
    const char *error;

    ORDERS_TRY(fetch_url(channel, pool, url, &reply));
    error = read_certificate(certificate, reply.body, reply.length, channel->ca_file, now, pool);
    return error ? orders_problem_logged(
                       pool, ORDERS_E_invalid_signature,
                       apr_pstrcat(pool, "PayPal's certificate is refused: ", error, NULL))
                 : NULL;
}

/** Fetches and caches a certificate, unless the limits of fetches.h are reached. */
static orders_problem_t *fetch_and_cache(EVP_PKEY **key, const orders_channel_t *channel,
                                         apr_pool_t *pool, const char *url, apr_time_t now)
{
    certificate_t certificate = {NULL, 0};
    orders_paypal_fetched_e outcome;
    orders_problem_t *problem;
    int refused;

    ORDERS_TRY(orders_paypal_fetch_begin(pool, url));
    problem = fetch_certificate(&certificate, channel, pool, url, now);
    if (!problem) {
        store_certificate(channel, url, &certificate);
        *key = certificate.key;
    }
    outcome = !problem                                       ? ORDERS_PAYPAL_FETCHED
              : problem->error == ORDERS_E_invalid_signature ? ORDERS_PAYPAL_BAD
                                                             : ORDERS_PAYPAL_UNREACHABLE;
    refused = orders_paypal_fetch_end(url, outcome);
    if (problem && refused) {
        problem->log = apr_psprintf(pool, "%s; %d other events were refused since the last report",
                                    problem->log, refused);
    }
    return problem;
}

orders_problem_t *orders_paypal_certificate(EVP_PKEY **key, const orders_channel_t *channel,
                                            apr_pool_t *pool, const char *url, apr_time_t now)
{
    orders_problem_t *problem;
    bool fresh;

    *key = find_cached_key(channel, pool, url, now, &fresh);
    if (fresh) {
        return NULL;
    }
    problem = fetch_and_cache(key, channel, pool, url, now);
    return *key && problem && problem->error == ORDERS_E_provider_unreachable ? NULL : problem;
}

void orders_paypal_certificates_forget(void)
{
    pthread_mutex_lock(&cache.lock);
    for (int i = 0; i < MAX_CACHED; i++) {
        EVP_PKEY_free(cache.entries[i].certificate.key);
        cache.entries[i] = (cached_certificate_t){.ca_file = NULL};
    }
    pthread_mutex_unlock(&cache.lock);
    orders_paypal_fetches_forget();
}
