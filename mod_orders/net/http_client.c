/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http_client.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>

#include "net/curl_drive.h"
#include "net/curl_options.h"
#include "net/http_options.h"

#define CONNECT_TIMEOUT_MS 3000L
#define MAX_IDLE 32
#define MAX_CONNECTIONS 2L

/** The libcurl handles of one call. `multi` drives `easy` and keeps its connection open. */
typedef struct http_conn_t {
    CURL *easy;
    CURLM *multi;
    apr_uint64_t origin; /**< a hash of scheme, host and port */
} http_conn_t;

/**
 * Idle handles of this process, the oldest first. A call takes the most recently used handle of its origin, so that connections which
 * are not needed reach ORDERS_HTTP_IDLE_SECONDS. Calls are made in child processes only, so no handle is shared by fork().
 */
static struct {
    pthread_mutex_t lock;
    http_conn_t conn[MAX_IDLE];
    int count;
} idle = {.lock = PTHREAD_MUTEX_INITIALIZER};

/** The body of a reply while it is received. */
typedef struct reply_buffer_t {
    apr_pool_t *pool;
    char *text;
    size_t length, size, limit;
    size_t header_bytes;
} reply_buffer_t;

/** FNV-1a of the URL up to its path. */
static apr_uint64_t hash_origin(const char *url)
{
    const char *host = strstr(url, "://");
    const char *end = host ? host + 3 + strcspn(host + 3, "/?#") : url;
    apr_uint64_t hash = 14695981039346656037u;

    for (const char *at = url; at < end; at++) {
        hash = (hash ^ (unsigned char)*at) * 1099511628211u;
    }
    return hash;
}

static void close_conn(http_conn_t conn)
{
    curl_easy_cleanup(conn.easy); /* both accept NULL */
    curl_multi_cleanup(conn.multi);
}

/** Caller holds the lock. */
static http_conn_t remove_idle(int index)
{
    const http_conn_t conn = idle.conn[index];

    idle.count--;
    memmove(idle.conn + index, idle.conn + index + 1,
            (size_t)(idle.count - index) * sizeof *idle.conn);
    return conn;
}

static bool acquire_idle(apr_uint64_t origin, http_conn_t *conn)
{
    int index;

    pthread_mutex_lock(&idle.lock);
    index = idle.count - 1;
    while (index >= 0 && idle.conn[index].origin != origin) {
        index--;
    }
    if (index >= 0) {
        *conn = remove_idle(index);
    }
    pthread_mutex_unlock(&idle.lock);
    return index >= 0;
}

static bool acquire_conn(const char *url, http_conn_t *conn)
{
    const apr_uint64_t origin = hash_origin(url);

    if (acquire_idle(origin, conn)) {
        return true;
    }
    *conn = (http_conn_t){.easy = curl_easy_init(), .multi = curl_multi_init(), .origin = origin};
    if (!conn->easy || !conn->multi ||
        curl_multi_setopt(conn->multi, CURLMOPT_MAXCONNECTS, MAX_CONNECTIONS) != CURLM_OK) {
        close_conn(*conn);
        return false;
    }
    orders_curl_share(conn->easy);
    return true;
}

/** Keeps the handles for later calls. Replaces the oldest ones when there are MAX_IDLE. */
static void release_conn(http_conn_t conn)
{
    http_conn_t oldest = {.easy = NULL};

    curl_easy_reset(conn.easy);
    pthread_mutex_lock(&idle.lock);
    if (idle.count == MAX_IDLE) {
        oldest = remove_idle(0);
    }
    idle.conn[idle.count++] = conn;
    pthread_mutex_unlock(&idle.lock);
    close_conn(oldest);
}

static size_t append_body(char *data, size_t size, size_t count, void *context)
{
    reply_buffer_t *buffer = context;
    size_t length = size * count;

    if (length > buffer->limit - buffer->length) {
        return 0;
    }
    if (buffer->length + length > buffer->size) {
        size_t capacity = 2 * (buffer->length + length) + 1024;
        char *text = apr_palloc(buffer->pool, capacity + 1);
        if (buffer->length) {
            memcpy(text, buffer->text, buffer->length);
        }
        buffer->text = text;
        buffer->size = capacity;
    }
    if (length) {
        memcpy(buffer->text + buffer->length, data, length);
    }
    buffer->length += length;
    return length;
}

static size_t count_header(char *data, size_t size, size_t count, void *context)
{
    reply_buffer_t *buffer = context;
    size_t length = size * count;

    if (length > ORDERS_HTTP_MAX_REPLY - buffer->header_bytes) {
        return 0;
    }
    buffer->header_bytes += length;
    return length;
}

static CURLcode set_options(CURL *handle, const orders_http_request_t *request,
                            struct curl_slist *headers, reply_buffer_t *buffer)
{
    const orders_http_options_t options = {
        .url = request->url,
        .ca_file = request->ca_file,
        .timeout_ms = request->timeout_ms,
        .connect_ms = CONNECT_TIMEOUT_MS,
        .headers = headers,
        .body = request->body,
        .length = (curl_off_t)request->length,
    };
    CURLcode code = orders_http_set_options(handle, &options);

    ORDERS_CURL_SET(CURLOPT_WRITEFUNCTION, append_body);
    ORDERS_CURL_SET(CURLOPT_WRITEDATA, buffer);
    ORDERS_CURL_SET(CURLOPT_HEADERFUNCTION, count_header);
    ORDERS_CURL_SET(CURLOPT_HEADERDATA, buffer);
    return code;
}

static CURLcode perform_transfer(http_conn_t conn, const orders_http_request_t *request,
                                 reply_buffer_t *buffer, orders_http_reply_t *reply)
{
    struct curl_slist *headers;
    CURLcode code = orders_http_header_list(request->headers, &headers);

    if (code == CURLE_OK) {
        code = set_options(conn.easy, request, headers, buffer);
    }
    if (code == CURLE_OK) {
        code = orders_curl_drive(conn.multi, conn.easy, request->cancelled, request->context);
    }
    if (code == CURLE_OK) {
        code = curl_easy_getinfo(conn.easy, CURLINFO_RESPONSE_CODE, &reply->status);
    }
    curl_slist_free_all(headers);
    return code;
}

static const char *describe_error(CURLcode code)
{
    switch (code) {
    case CURLE_WRITE_ERROR:
        return "the reply is too large";
    case CURLE_ABORTED_BY_CALLBACK:
        return "the call was cancelled";
    default:
        return curl_easy_strerror(code);
    }
}

const char *orders_http_call(const orders_http_request_t *request, orders_http_reply_t *reply,
                             apr_pool_t *pool)
{
    reply_buffer_t buffer = {
        .pool = pool, .limit = request->max_reply ? request->max_reply : ORDERS_HTTP_MAX_REPLY};
    http_conn_t conn;
    CURLcode code;

    memset(reply, 0, sizeof(*reply));
    if (!acquire_conn(request->url, &conn)) {
        return "libcurl is out of memory";
    }
    code = perform_transfer(conn, request, &buffer, reply);
    release_conn(conn);
    if (code != CURLE_OK) {
        return describe_error(code);
    }
    if (buffer.text) {
        buffer.text[buffer.length] = '\0';
    }
    reply->body = buffer.text ? buffer.text : "";
    reply->length = buffer.length;
    return NULL;
}

bool orders_http_is_loopback(const char *host)
{
    return !strcasecmp(host, "localhost") || !strcmp(host, "[::1]") ||
           (!strncmp(host, "127.", 4) && !host[strspn(host, "0123456789.")]);
}

/** A part of a URL, or NULL. The caller frees it with curl_free(). */
static char *get_url_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;

    return curl_url_get(url, part, &text, 0) == CURLUE_OK ? text : NULL;
}

static const CURLUPart forbidden_parts[] = {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_FRAGMENT,
                                            CURLUPART_QUERY};

/** The error messages for a URL with one of the first 2, 3 or 4 forbidden parts. */
static const char *const forbidden_parts_errors[] = {
    [2] = "the URL must have no user or password",
    [3] = "the URL must have no user, password or fragment",
    [4] = "the URL must have no user, password, query or fragment",
};

/** `forbidden_count`: number of elements of `forbidden_parts` to check. */
static const char *check_url_parts(CURLU *url, size_t forbidden_count)
{
    char *scheme = get_url_part(url, CURLUPART_SCHEME);
    char *host = get_url_part(url, CURLUPART_HOST);
    const char *error = NULL;

    if (!scheme || !host || !*host || (strcmp(scheme, "http") && strcmp(scheme, "https"))) {
        error = "the URL must begin with https:// and name a host";
    } else if (!strcmp(scheme, "http") && !orders_http_is_loopback(host)) {
        error = "http:// is allowed only for loopback addresses (127.0.0.1, [::1], localhost); use "
                "https://";
    }
    for (size_t i = 0; !error && i < forbidden_count; i++) {
        char *text = get_url_part(url, forbidden_parts[i]);
        if (text) {
            error = forbidden_parts_errors[forbidden_count];
        }
        curl_free(text);
    }
    curl_free(scheme);
    curl_free(host);
    return error;
}

/** Refuses forms such as `https:/host`, which libcurl accepts but browsers interpret differently. */
static const char *check_url(const char *url, size_t forbidden_count)
{
    CURLU *parsed = curl_url();
    const char *host = strstr(url, "://");
    const char *error = "the URL is malformed: it must begin with https:// and name a host";

    if (parsed && host && host[3] != '/' && !memchr(url, '/', (size_t)(host - url)) &&
        curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK) {
        error = check_url_parts(parsed, forbidden_count);
    }
    curl_url_cleanup(parsed);
    return error;
}

const char *orders_http_url_check(const char *url)
{
    return check_url(url, 4);
}

const char *orders_http_endpoint_check(const char *url)
{
    return check_url(url, 3);
}

const char *orders_http_page_check(const char *url)
{
    return check_url(url, 2);
}

const char *orders_http_url_join(apr_pool_t *pool, const char *url, const char *path)
{
    apr_size_t length = strlen(url);

    while (length && url[length - 1] == '/') {
        length--;
    }
    return apr_pstrcat(pool, apr_pstrmemdup(pool, url, length), path, NULL);
}

static void to_lower(char *text)
{
    for (char *at = text; *at; at++) {
        *at = (char)apr_tolower(*at);
    }
}

const char *orders_http_host(apr_pool_t *pool, const char *url)
{
    CURLU *parsed = curl_url();
    char *host = NULL, *copy = NULL;

    if (parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK) {
        host = get_url_part(parsed, CURLUPART_HOST);
    }
    if (host) {
        const apr_size_t length = strlen(host);

        copy = apr_pstrmemdup(pool, host, length && host[length - 1] == '.' ? length - 1 : length);
        to_lower(copy);
    }
    curl_free(host);
    curl_url_cleanup(parsed);
    return copy;
}

const char *orders_http_origin(apr_pool_t *pool, const char *url)
{
    CURLU *parsed = orders_http_url_check(url) ? NULL : curl_url();
    char *origin = NULL;

    if (parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK) {
        char *scheme = get_url_part(parsed, CURLUPART_SCHEME),
             *host = get_url_part(parsed, CURLUPART_HOST);
        char *port = NULL;

        if (curl_url_get(parsed, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK) {
            origin = apr_pstrcat(pool, scheme, "://", host, ":", port, NULL);
            to_lower(origin);
        }
        curl_free(scheme);
        curl_free(host);
        curl_free(port);
    }
    curl_url_cleanup(parsed);
    return origin;
}

void orders_http_startup(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    orders_curl_share_startup();
}

void orders_http_shutdown(void)
{
    pthread_mutex_lock(&idle.lock);
    while (idle.count) {
        close_conn(idle.conn[--idle.count]);
    }
    pthread_mutex_unlock(&idle.lock);
    orders_curl_share_shutdown();
    curl_global_cleanup();
}
