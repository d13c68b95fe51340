/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/request.h"

#include <httpd.h>

#include <apr_general.h>
#include <apr_lib.h>
#include <apr_portable.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/number.h"
#include "core/trace.h"
#include "core/trouble.h"
#include "httpd/auth.h"
#include "httpd/error_filter.h"
#include "httpd/log.h"
#include "httpd/sessions.h"
#include "httpd/token_cache.h"

extern module AP_MODULE_DECLARE_DATA orders_module;

APLOG_USE_MODULE(orders);

#define MAX_REQUEST_ID_LENGTH 64
/** Log subject of repeated errors of requests (core/trouble.h). */
#define LOG_SUBJECT "requests"

static const char *get_header(const orders_call_t *call, const char *name)
{
    const orders_request_t *request = call->context;

    return apr_table_get(request->r->headers_in, name);
}

/** Tests the TCP connection without reading from it, so it works with TLS and HTTP/2 too. */
static bool is_client_gone(const orders_call_t *call)
{
    const orders_request_t *request = call->context;
    const conn_rec *connection = request->r->connection;
    struct pollfd at = {.events = POLLRDHUP};
    apr_socket_t *socket;

    if (connection->aborted || (connection->master && connection->master->aborted)) {
        return true;
    }
    socket = ap_get_conn_socket(connection->master ? connection->master : request->r->connection);
    return socket && apr_os_sock_get(&at.fd, socket) == APR_SUCCESS && poll(&at, 1, 0) > 0 &&
           (at.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

static void forget_token(const orders_call_t *call, const unsigned char *hash)
{
    const orders_request_t *request = call->context;
    unsigned char key[ORDERS_TOKEN_HASH_SIZE];

    if (orders_token_cache_key(request->server.database, hash, key)) {
        orders_token_cache_forget(call->pool, key);
    }
}

static bool is_valid_request_id(const char *id)
{
    size_t length = 0;

    for (; id[length]; length++) {
        char c = id[length];

        if (length == MAX_REQUEST_ID_LENGTH ||
            !(apr_isalnum(c) || c == '.' || c == '_' || c == '-') || (unsigned char)c > 126) {
            return false;
        }
    }
    return length > 0;
}

/** X-Request-Id of the client if valid, otherwise that of mod_unique_id, otherwise a random one. */
static const char *get_request_id(request_rec *r)
{
    const char *id = apr_table_get(r->headers_in, "X-Request-Id");
    unsigned char random[16];
    char *text;

    if (id && is_valid_request_id(id)) {
        return id;
    }
    id = apr_table_get(r->subprocess_env, "UNIQUE_ID");
    if (id && is_valid_request_id(id)) {
        return id;
    }
    if (getentropy(random, sizeof random)) {
        ap_random_insecure_bytes(random, sizeof random);
    }
    text = apr_palloc(r->pool, 2 * sizeof random + 1);
    ap_bin2hex(random, sizeof random, text);
    return text;
}

/** The media type in lower case without its parameters. */
static const char *get_media_type(request_rec *r)
{
    const char *type = apr_table_get(r->headers_in, "Content-Type");
    char *word;

    if (!type) {
        return "";
    }
    word = apr_pstrndup(r->pool, type, strcspn(type, "; \t"));
    ap_str_tolower(word);
    return word;
}

/** The path as sent by the client: percent-encoded, with dots, slashes and unreserved characters normalised as httpd does it. */
static char *get_sent_path(request_rec *r)
{
    const char *sent = r->unparsed_uri ? r->unparsed_uri : "";
    const char *authority = *sent == '/' ? NULL : strstr(sent, "://");
    char *path;

    if (authority) { /* absolute form: skip the scheme and the host */
        sent = authority + 3 + strcspn(authority + 3, "/?#");
    }
    path = apr_pstrndup(r->pool, sent, strcspn(sent, "?#"));
#ifdef AP_NORMALIZE_MERGE_SLASHES
    if (*path == '/') {
        (void)ap_normalize_path(path, AP_NORMALIZE_NOT_ABOVE_ROOT | AP_NORMALIZE_DECODE_UNRESERVED |
                                          AP_NORMALIZE_MERGE_SLASHES);
    }
#endif
    return path;
}

/** Whether decoding `path` gives r->uri. AllowEncodedSlashes decodes a %2F (On) or keeps it (NoDecode). */
static bool is_source(request_rec *r, const char *path)
{
    for (int decode_slashes = 0; decode_slashes <= 1; decode_slashes++) {
        char *decoded = apr_pstrdup(r->pool, path);

        if (ap_unescape_url_keep2f(decoded, decode_slashes) == OK && !strcmp(decoded, r->uri)) {
            return true;
        }
    }
    return false;
}

/**
 * Encodes r->uri. With AllowEncodedSlashes NoDecode, a %2F in it is an encoded slash and stays one. If the client also sent a %252F, the
 * two cannot be distinguished, and the result matches no route.
 */
static const char *encode_uri(request_rec *r, size_t skip, const char *sent)
{
    const core_dir_config *core = ap_get_core_module_config(r->server->lookup_defaults);
    char *path = apr_pstrdup(r->pool, ap_os_escape_path(r->pool, r->uri + skip, 1));
    bool keeps_slashes = core && core->allow_encoded_slashes && !core->decode_encoded_slashes;

    for (char *at = path; keeps_slashes && (at = ap_strcasestr(at, "%252F")); at += 3) {
        if (ap_strcasestr(sent, "%252F")) {
            return "/%00";
        }
        memmove(at + 1, at + 3, strlen(at + 3) + 1);
    }
    return path;
}

/**
 * The path below the mount, percent-encoded, so that each segment is decoded separately and once. It is a part of the path sent by the
 * client; if that was rewritten, r->uri is encoded again.
 */
static const char *path_after_mount(request_rec *r, const char *mount)
{
    size_t length = strlen(mount);
    const char *path = get_sent_path(r);

    if (!strncmp(path, mount, length) && (path[length] == '/' || !path[length]) &&
        is_source(r, path)) {
        return path + length;
    }
    return encode_uri(r, length, path);
}

/** Whether a path without a route belongs to the API: any path below a mount; at the root of a site, only one that starts like a route. */
static bool is_own_prefix(const orders_api_t *api, const char *mount, const char *path)
{
    const orders_route_t *route;
    size_t length;

    if (*mount) {
        return true;
    }
    length = strcspn(path + (*path == '/'), "/");
    for (size_t i = 0; (route = orders_route_at(api, i)); i++) {
        const char *first = route->path + (*route->path == '/');

        if (*first && *first != ':' && strcspn(first, "/") == length &&
            !strncmp(first, path + (*path == '/'), length)) {
            return true;
        }
    }
    return false;
}

/** Also called by the error filter, for a request without method or path that httpd could not parse. */
static void find_route(orders_request_t *request)
{
    request_rec *r = request->r;
    size_t length = strlen(request->dir.mount);
    const char *path;

    request->found = ORDERS_ROUTE_UNKNOWN;
    if (!r->uri || strncmp(r->uri, request->dir.mount, length) ||
        (r->uri[length] && r->uri[length] != '/')) {
        return; /* for example /shopping below <Location /shop> */
    }
    path = path_after_mount(r, request->dir.mount);
    request->found =
        orders_route_match(request->api, orders_method_parse(r->method ? r->method : ""), path,
                           r->pool, &request->match);
    request->is_api_path = request->found != ORDERS_ROUTE_UNKNOWN ||
                           is_own_prefix(request->api, request->dir.mount, path);
    request->path = path;
}

static void init_settings(orders_request_t *request)
{
    request->settings = (orders_settings_t){
        .tenant = request->dir.tenant,
        .own_tokens = request->dir.identity == ORDERS_IDENTITY_TOKEN,
        .page_default = request->dir.page_default,
        .page_max = request->dir.page_max,
        .max_quantity = request->dir.max_quantity,
        .payment_expiry = request->dir.payment_expiry,
        .consumer_expiry = request->dir.consumer_expiry,
        .pay_link_lifetime = request->dir.pay_link_lifetime,
        .bill_link_lifetime = request->dir.bill_link_lifetime,
        .terminal_feed = request->dir.terminal_feed != 0,
        .refund_window = request->dir.refund_window,
        .return_window = request->dir.return_window,
        .renewal_window = request->dir.renewal_window,
        .public_url = request->server.public_url,
        .events_mount =
            orders_config_mount(&request->server, ORDERS_HAS_OWN_EVENTS, request->dir.tenant),
        .operator_mount =
            orders_config_mount(&request->server, ORDERS_HAS_EVENTS, request->dir.tenant),
        .pay_link_mount =
            orders_config_mount(&request->server, ORDERS_HAS_PAY_LINKS, request->dir.tenant),
        .return_urls = request->dir.return_urls,
        .webhook_hosts = request->server.webhook_hosts,
        .secret = request->server.secret,
        .secret_length = (apr_size_t)request->server.secret_length,
        .former_secret = request->server.former_secret,
        .former_secret_length = (apr_size_t)request->server.former_secret_length,
        .mail_limits = {request->dir.mails_of_order, request->dir.mails_of_agent},
        .mail = request->server.mailer != NULL,
        .export_directory = request->server.export_directory};
}

static void init_sent_uri(orders_call_t *call, const char *sent)
{
    size_t length = strcspn(sent, "?#");

    call->sent_path = apr_pstrmemdup(call->pool, sent, length);
    call->sent_query = sent[length] == '?' ? sent + length + 1 : "";
}

static void init_call(orders_request_t *request)
{
    request_rec *r = request->r;
    orders_call_t *call = &request->call;

    call->pool = r->pool;
    call->api = request->api;
    call->route = request->match.route;
    memcpy(call->param, request->match.param, sizeof call->param);
    init_sent_uri(call, r->unparsed_uri ? r->unparsed_uri : "");
    call->mount = request->dir.mount;
    call->query = r->args ? r->args : "";
    call->content_type = get_media_type(r);
    call->body = "";
    call->idempotency_key = apr_table_get(r->headers_in, "Idempotency-Key");
    call->if_match = apr_table_get(r->headers_in, "If-Match");
    call->accept_language = apr_table_get(r->headers_in, "Accept-Language");
    call->request_id = get_request_id(r);
    call->header = get_header;
    call->client_gone = is_client_gone;
    call->head = r->header_only;
    call->identify = orders_auth_identify;
    call->look_up = orders_auth_look_up;
    call->count_for = orders_auth_count_for;
    call->context = request;
    call->settings = &request->settings;
    call->database = &request->database;
    call->providers = &request->providers;
    call->log = &request->log;
    call->forget_token = forget_token;
}

orders_request_t *orders_request_known(const request_rec *r)
{
    return ap_get_module_config(r->request_config, &orders_module);
}

static orders_request_t *create_request(request_rec *r)
{
    orders_request_t *request = apr_pcalloc(r->pool, sizeof *request);

    request->r = r;
    request->started = orders_clock_now();
    orders_dir_conf_resolve(orders_dir_conf(r), &request->dir);
    orders_server_conf_resolve(orders_server_conf(r->server), &request->server);
    request->api = request->dir.api;
    request->log = orders_log_of_request(r);
    request->providers =
        (orders_providers_t){.channels = request->server.channels, .log = &request->log};
    find_route(request);
    init_settings(request);
    init_call(request);
    request->providers.request_id = request->call.request_id;
    request->providers.trace =
        orders_trace_parent(r->pool, apr_table_get(r->headers_in, "traceparent"));
    orders_sessions_database(request->server.session_pool, r->pool, request->dir.statement_timeout,
                             &request->log, &request->database);
    request->database.request_id = request->call.request_id;
    request->database.route = orders_request_route(request);
    request->database.slow_us = apr_time_from_msec(request->dir.slow_statement);
    ap_set_module_config(r->request_config, &orders_module, request);
    if (request->is_api_path && request->server.error_documents) {
        orders_error_filter_disable_documents(r);
    }
    return request;
}

orders_request_t *orders_request(request_rec *r)
{
    const orders_dir_conf_t *dir = orders_dir_conf(r);
    orders_request_t *request = orders_request_known(r);

    if (!dir || !dir->api || !dir->mount) {
        return NULL;
    }
    if (request && request->dir.mount == dir->mount) {
        return request;
    }
    return create_request(r); /* the first hook, or the first after a rewrite to another Location */
}

const char *orders_request_route(const orders_request_t *request)
{
    return request->match.route ? request->match.route->name : "-";
}

static const char *format_error_number(apr_pool_t *pool, const orders_problem_t *problem)
{
    return apr_psprintf(pool, "ORD%04d", orders_error_number(problem->error));
}

/** An outage affects all requests. Other errors are counted by route and SQLSTATE, so that one does not hide another. */
static const char *log_subject(const orders_request_t *request, const orders_problem_t *problem)
{
    return orders_error_kind(problem->error) == ORDERS_KIND_UNAVAILABLE
               ? LOG_SUBJECT
               : apr_pstrcat(request->r->pool, orders_request_route(request),
                             *problem->sqlstate ? " " : "", problem->sqlstate, NULL);
}

void orders_request_log(orders_request_t *request, const orders_problem_t *problem, int status)
{
    request_rec *r = request->r;
    int level = status >= 500 ? APLOG_ERR : APLOG_INFO;

    if (problem->quiet || !APLOG_R_IS_LEVEL(r, level)) {
        return;
    }
    const char *fields = orders_problem_field_names(r->pool, problem);
    const char *line =
        apr_psprintf(r->pool, "%s %s %s %s %s%s%s%s%s", format_error_number(r->pool, problem),
                     orders_error_code(problem->error), request->call.request_id,
                     *problem->sqlstate ? problem->sqlstate : "-", orders_request_route(request),
                     fields ? " fields=" : "", fields ? fields : "", problem->log ? ": " : "",
                     problem->log ? problem->log : "");

    if (status >= 500) {
        orders_trouble_count(&request->log, ORDERS_LOG_ERROR, problem->error,
                             log_subject(request, problem), line);
    } else {
        orders_trouble_log(&request->log, ORDERS_LOG_INFO, problem->error, LOG_SUBJECT, line);
    }
}

/** Reports repeated errors that have ended. */
static void review_troubles(const orders_request_t *request, const orders_problem_t *problem)
{
    if (!problem && request->database.trips) {
        orders_trouble_passed(&request->log, ORDERS_E_database_unavailable, LOG_SUBJECT);
    }
    orders_troubles_review(&request->log);
}

static void set_note(request_rec *r, const char *name, const char *value)
{
    if (value) {
        apr_table_setn(r->notes, name, value);
    }
}

static const char *format_number(apr_pool_t *pool, apr_int64_t value)
{
    char *text = apr_palloc(pool, ORDERS_NUMBER_SIZE);

    text[orders_number_write_int(text, value)] = '\0';
    return text;
}

/** The path with its secrets masked. */
static const char *logged_path(const orders_request_t *request)
{
    const request_rec *r = request->r;
    const char *masked = request->is_api_path ? orders_route_mask(request->api, &request->match,
                                                                  request->path, r->pool)
                                              : NULL;

    return masked ? apr_pstrcat(r->pool, request->dir.mount, masked, NULL) : r->uri;
}

/**
 * ap_hook_log_transaction, before the loggers. Sets the note for every request, so that one log format can be used for a whole server. Of
 * several internal redirects, the last one to an API is used: earlier ones are rewrites, later ones error pages.
 */
static int note_path(request_rec *r)
{
    const char *path = r->uri;

    for (request_rec *redirect = r; redirect; redirect = redirect->next) {
        const orders_request_t *request = orders_request_known(redirect);

        if (request && request->is_api_path) {
            path = logged_path(request);
        }
    }
    for (request_rec *redirect = r; redirect; redirect = redirect->next) {
        set_note(redirect, "orders_path", path);
    }
    return DECLINED;
}

void orders_request_register_hooks(apr_pool_t *pool)
{
    ap_hook_log_transaction(note_path, NULL, NULL, APR_HOOK_FIRST);
}

void orders_request_note(orders_request_t *request, const orders_problem_t *problem, bool replayed)
{
    request_rec *r = request->r;
    const orders_database_t *database = &request->database;

    set_note(r, "orders_api", request->api->name);
    set_note(r, "orders_route", request->match.route ? request->match.route->name : NULL);
    set_note(r, "orders_code", problem ? orders_error_code(problem->error) : NULL);
    set_note(r, "orders_error", problem ? format_error_number(r->pool, problem) : NULL);
    set_note(r, "orders_sqlstate", problem && *problem->sqlstate ? problem->sqlstate : NULL);
    set_note(r, "orders_db_us", format_number(r->pool, database->busy_us));
    set_note(r, "orders_queue_us", format_number(r->pool, database->queue_us));
    set_note(r, "orders_trips", format_number(r->pool, database->trips));
    set_note(r, "orders_backend",
             database->backend ? format_number(r->pool, database->backend) : NULL);
    set_note(r, "orders_replayed", replayed ? "1" : NULL);
    set_note(r, "orders_request_id", request->call.request_id);
    set_note(r, "orders_trace",
             request->providers.trace ? orders_trace_id(r->pool, request->providers.trace) : NULL);
    review_troubles(request, problem);
}
