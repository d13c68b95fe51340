/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/auth.h"

#include <httpd.h>

#include <apr_lib.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mod_auth.h>
#include <string.h>

#include "core/digest.h"
#include "core/scope.h"
#include "core/token.h"
#include "httpd/guess_limit.h"
#include "httpd/origin.h"
#include "httpd/remote_groups.h"
#include "httpd/sessions.h"
#include "httpd/token_cache.h"
#include "store/identity.h"

APLOG_USE_MODULE(orders);

#define AUTH_TYPE "Orders"
#define MAX_TOKEN_LENGTH 512
#define MAX_LOGIN_LENGTH 255

/**
 * The token without surrounding spaces, or NULL if it cannot be a token of the Location's tenant. It is then not looked up, and the
 * response is the same as for an unknown token. The difference in time depends only on the text sent by the client.
 */
static const char *trim_token(const orders_request_t *request, const char *text)
{
    const char *token;
    size_t length;

    while (*text == ' ') {
        text++;
    }
    length = strlen(text);
    while (length && (text[length - 1] == ' ' || text[length - 1] == '\t')) {
        length--;
    }
    if (!length || length > MAX_TOKEN_LENGTH) {
        return NULL;
    }
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] > '~') {
            return NULL;
        }
    }
    token = apr_pstrmemdup(request->r->pool, text, length);
    return orders_token_tenant(token) == request->dir.tenant ? token : NULL;
}

/** The token of `Authorization: Bearer …`, or NULL. */
static const char *bearer_token(const orders_request_t *request)
{
    const char *header = apr_table_get(request->r->headers_in, "Authorization");
    const char *token = header ? orders_token_bearer(header) : NULL;

    return token ? trim_token(request, token) : NULL;
}

/** The key by which an identity is looked up: a token or a login. */
typedef struct credential_t {
    const char *token; /**< NULL: `login` is used */
    const char *login;
    unsigned char hash[ORDERS_TOKEN_HASH_SIZE];
} credential_t;

/** `token`: as sent by the client, or NULL. Ignored with OrdersIdentity remote-user. */
static bool read_credential(orders_request_t *request, const char *token, credential_t *credential)
{
    request_rec *r = request->r;
    const char *hash_input;

    if (request->dir.identity == ORDERS_IDENTITY_REMOTE_USER) {
        credential->login = r->user;
        if (!r->user || !*r->user || strlen(r->user) > MAX_LOGIN_LENGTH) {
            return false;
        }
        /* A token contains no space, so the cache keys of tokens and logins differ. */
        hash_input = apr_psprintf(r->pool, "login %d %s", request->dir.tenant, r->user);
    } else {
        hash_input = credential->token = token;
    }
    return hash_input && orders_sha256(credential->hash, hash_input, strlen(hash_input));
}

static orders_problem_t *query_identity(orders_request_t *request, const credential_t *credential,
                                        orders_identity_t **identity)
{
    apr_pool_t *pool = request->r->pool;

    return credential->token
               ? orders_identity_by_token(&request->database, pool, request->dir.tenant,
                                          credential->hash, identity)
               : orders_identity_by_login(&request->database, pool, request->dir.tenant,
                                          credential->login, identity);
}

static orders_problem_t *find_identity(orders_request_t *request, const credential_t *credential,
                                       orders_identity_t **identity)
{
    int seconds = request->dir.token_cache;
    apr_pool_t *pool = request->r->pool;
    unsigned char key[ORDERS_TOKEN_HASH_SIZE];
    orders_lookup_t lookup;
    orders_cached_e cached;

    if (!orders_token_cache_key(request->server.database, credential->hash, key)) {
        return query_identity(request, credential, identity);
    }
    cached = orders_token_cache_get(pool, key, seconds, &lookup, identity);
    if (cached == ORDERS_CACHE_UNKNOWN) {
        ORDERS_TRY(query_identity(request, credential, identity));
        orders_token_cache_put(pool, &lookup, seconds, *identity);
    }
    return NULL;
}

static bool is_valid(const orders_request_t *request, const orders_identity_t *identity)
{
    return identity && identity->tenant == request->dir.tenant &&
           (!identity->expires_at || identity->expires_at > apr_time_now());
}

/** Whether the request is a GET that changes data. */
static bool is_writing_get(const orders_request_t *request)
{
    return request->match.route && request->match.route->acts;
}

/**
 * Protects against cross-site request forgery: a browser adds the credentials of other modules (password, cookie, certificate) to
 * requests sent by a page of another site. It does not add a bearer token.
 */
static orders_problem_t *check_origin(const orders_request_t *request)
{
    request_rec *r = request->r;
    orders_problem_t *problem;

    if (request->dir.identity != ORDERS_IDENTITY_REMOTE_USER ||
        (r->method_number == M_GET && !is_writing_get(request)) ||
        orders_origin_is_own(r, request->server.public_url)) {
        return NULL;
    }
    problem = orders_problem(r->pool, ORDERS_E_forbidden,
                             "This request must not be sent by a page of another site.");
    problem->log = "the browser sent it for a page of another site (Sec-Fetch-Site or Origin)";
    return problem;
}

/** `forbidden` instead of 401 for a user whom another module has authenticated: another login would not help. */
static orders_problem_t *unknown_identity(const orders_request_t *request,
                                          const credential_t *credential)
{
    apr_pool_t *pool = request->r->pool;
    orders_problem_t *problem;

    if (!credential->login || !*credential->login) {
        return orders_problem(pool, ORDERS_E_unauthenticated, NULL);
    }
    problem = orders_problem(pool, ORDERS_E_forbidden, "The user has no account in this API.");
    problem->log = "the database has no active user with this login";
    return problem;
}

/** For OrdersSessionsPerUser: the key of a user is the same for a token, a login and the reference sent by an application. */
static void set_session_user(orders_request_t *request, int64_t user_id, const char *ref)
{
    apr_pool_t *pool = request->r->pool;
    unsigned char user[ORDERS_SHA256_SIZE];
    const char *text = ref ? apr_psprintf(pool, "ref %d %s", request->dir.tenant, ref)
                           : apr_psprintf(pool, "id %d %" APR_INT64_T_FMT, request->dir.tenant,
                                          (apr_int64_t)user_id);

    if (orders_sha256(user, text, strlen(text))) {
        orders_sessions_set_user(&request->database, user);
    }
}

void orders_auth_count_for(const orders_call_t *call, int64_t user_id, const char *ref)
{
    set_session_user(call->context, user_id, ref);
}

static orders_problem_t *resolve(orders_request_t *request, const char *token)
{
    orders_identity_t *identity = NULL;
    credential_t credential = {0};

    if (request->identity) {
        return NULL;
    }
    ORDERS_TRY(check_origin(request));
    if (read_credential(request, token, &credential)) {
        ORDERS_TRY(find_identity(request, &credential, &identity));
    }
    if (!is_valid(request, identity)) {
        return unknown_identity(request, &credential);
    }
    if (credential.login) {
        identity->scopes = (unsigned)request->dir.remote_user_scopes;
        ORDERS_TRY(orders_remote_groups_add(request, &identity->scopes));
    }
    identity->scopes = orders_scopes_held(identity->scopes);
    request->identity = identity;
    request->call.identity = identity;
    set_session_user(request, identity->user_id, identity->ref);
    return NULL;
}

orders_problem_t *orders_auth_resolve(orders_request_t *request)
{
    return resolve(request, bearer_token(request));
}

static orders_problem_t *check_permission(const orders_request_t *request)
{
    const orders_route_t *route = request->match.route;

    return !route->scope || request->identity->scopes & route->scope
               ? NULL
               : orders_problem(request->r->pool, ORDERS_E_forbidden, NULL);
}

orders_problem_t *orders_auth_permit(orders_request_t *request)
{
    ORDERS_TRY(orders_auth_resolve(request));
    return check_permission(request);
}

orders_problem_t *orders_auth_identify(orders_call_t *call, const char *token)
{
    orders_request_t *request = call->context;

    ORDERS_TRY(resolve(request, token ? trim_token(request, token) : NULL));
    ORDERS_TRY(check_permission(request));
    return call->route->guessable ? orders_guess_limit_check(request) : NULL;
}

orders_problem_t *orders_auth_look_up(orders_call_t *call, const char *token,
                                      const orders_identity_t **identity)
{
    orders_request_t *request = call->context;
    orders_identity_t *identity_found = NULL;
    credential_t credential = {.token = token ? trim_token(request, token) : NULL};

    if (credential.token &&
        orders_sha256(credential.hash, credential.token, strlen(credential.token))) {
        ORDERS_TRY(find_identity(request, &credential, &identity_found));
    }
    *identity = is_valid(request, identity_found) ? identity_found : NULL;
    return *identity ? NULL : orders_problem(call->pool, ORDERS_E_unauthenticated, NULL);
}

const char *orders_auth_challenge(const orders_request_t *request)
{
    const char *realm = ap_auth_name(request->r);

    if (request->dir.identity == ORDERS_IDENTITY_REMOTE_USER) {
        return NULL;
    }
    return apr_psprintf(request->r->pool, "Bearer realm=\"%s\"",
                        realm ? ap_escape_quotes(request->r->pool, realm) : "orders");
}

static bool is_own_auth_type(request_rec *r)
{
    const char *type = ap_auth_type(r);

    return type && !ap_cstr_casecmp(type, AUTH_TYPE);
}

/** ap_hook_check_authn. */
static int check_authn(request_rec *r)
{
    orders_request_t *request;

    if (!is_own_auth_type(r)) {
        return DECLINED;
    }
    request = orders_request(r);
    if (!request) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "AuthType Orders is used outside of a <Location> with OrdersAPI: add "
                      "OrdersAPI, or use another AuthType");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (request->dir.identity == ORDERS_IDENTITY_REMOTE_USER) {
        ap_log_rerror(
            APLOG_MARK, APLOG_ERR, 0, r,
            "OrdersIdentity remote-user needs the AuthType of another module, not AuthType Orders");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    request->problem = orders_auth_resolve(request);
    if (!request->problem) {
        r->ap_auth_type = apr_pstrdup(r->pool, AUTH_TYPE);
        r->user = apr_pstrdup(r->pool, request->identity->login ? request->identity->login
                                       : request->identity->ref ? request->identity->ref
                                                                : "-");
        return OK;
    }
    if (request->problem->error == ORDERS_E_unauthenticated) {
        apr_table_setn(r->err_headers_out, "WWW-Authenticate", orders_auth_challenge(request));
    }
    return orders_kind_status(orders_error_kind(request->problem->error));
}

/** ap_hook_note_auth_failure: mod_authz_core is about to respond with 401. */
static int note_auth_failure(request_rec *r, const char *type)
{
    orders_request_t *request = ap_cstr_casecmp(type, AUTH_TYPE) ? NULL : orders_request(r);

    if (!request) {
        return DECLINED;
    }
    apr_table_setn(r->err_headers_out, "WWW-Authenticate", orders_auth_challenge(request));
    return OK;
}

/** Whether the request may pass without an identity: the route requires none, or its handler reads the token from the body. */
static bool needs_no_identity(const orders_request_t *request)
{
    orders_auth_e auth = request->match.route->auth;

    return auth == ORDERS_AUTH_NONE ||
           (auth == ORDERS_AUTH_OWN && request->dir.identity == ORDERS_IDENTITY_TOKEN);
}

/**
 * ap_hook_check_access_ex, after mod_authz_core's hook, which has applied the rules without a user (Require ip) and found that other
 * rules need a user. Lets routes without identity pass, and OPTIONS.
 */
static int pass_open_routes(request_rec *r)
{
    orders_request_t *request = orders_request(r);

    if (!request) {
        return DECLINED;
    }
    if (request->found == ORDERS_ROUTE_METHOD) {
        return r->method_number == M_OPTIONS ? OK : DECLINED;
    }
    return request->found == ORDERS_ROUTE_FOUND && needs_no_identity(request) ? OK : DECLINED;
}

/**
 * ap_hook_check_authz, before mod_authz_core's hook, which would respond with 401 or 500: responds with `forbidden` to an identity
 * without the route's scope, and with the error of the database if the identity cannot be resolved.
 */
static int check_route_scope(request_rec *r)
{
    orders_request_t *request = orders_request(r);
    const orders_route_t *route = request ? request->match.route : NULL;

    if (!route || route->auth != ORDERS_AUTH_IDENTITY) {
        return DECLINED;
    }
    if (r->user && request->dir.identity == ORDERS_IDENTITY_REMOTE_USER) {
        request->problem = orders_auth_resolve(request);
        if (request->problem && request->problem->error != ORDERS_E_unauthenticated) {
            return orders_kind_status(orders_error_kind(request->problem->error));
        }
    }
    if (!request->identity || !route->scope || request->identity->scopes & route->scope) {
        return DECLINED;
    }
    request->problem = orders_problem(r->pool, ORDERS_E_forbidden, NULL);
    return HTTP_FORBIDDEN;
}

static authz_status check_scope(request_rec *r, const char *line, const void *parsed)
{
    orders_request_t *request;

    if (!r->user) {
        return AUTHZ_DENIED_NO_USER;
    }
    request = orders_request(r);
    if (!request ||
        request->checking_groups) { /* an alias of this rule depends on its own result */
        return AUTHZ_DENIED;
    }
    request->problem = orders_auth_resolve(request);
    if (request->problem) {
        return request->problem->error == ORDERS_E_unauthenticated ||
                       request->problem->error == ORDERS_E_forbidden
                   ? AUTHZ_DENIED
                   : AUTHZ_GENERAL_ERROR;
    }
    return request->identity->scopes & *(const unsigned *)parsed ? AUTHZ_GRANTED : AUTHZ_DENIED;
}

/** Parses the names of scopes into a bit mask. The identity needs one of them. */
static const char *parse_scope(cmd_parms *cmd, const char *line, const void **parsed)
{
    unsigned *scopes = apr_pcalloc(cmd->pool, sizeof *scopes);

    while (*line) {
        const char *word = ap_getword_conf(cmd->temp_pool, &line);

        if (!orders_config_scope(word, scopes)) {
            return apr_psprintf(cmd->pool, "Require orders-scope: unknown scope '%s'", word);
        }
    }
    *parsed = scopes;
    return *scopes ? NULL : "Require orders-scope needs at least one scope";
}

void orders_auth_register_hooks(apr_pool_t *pool)
{
    /* the order of the hooks must not depend on the order of LoadModule */
    static const char *const after_authz[] = {"mod_authz_core.c", NULL};
    static const authz_provider scope = {&check_scope, &parse_scope};

    ap_hook_check_authn(check_authn, NULL, NULL, APR_HOOK_MIDDLE, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_note_auth_failure(note_auth_failure, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_access_ex(pass_open_routes, after_authz, NULL, APR_HOOK_LAST,
                            AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_check_authz(check_route_scope, NULL, NULL, APR_HOOK_FIRST, AP_AUTH_INTERNAL_PER_CONF);
    ap_register_auth_provider(pool, AUTHZ_PROVIDER_GROUP, "orders-scope", AUTHZ_PROVIDER_VERSION,
                              &scope, AP_AUTH_INTERNAL_PER_CONF);
}
