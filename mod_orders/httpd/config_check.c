/* SPDX-License-Identifier: Apache-2.0 */
/** Checks of the configuration that depend on several directives. A check_ function logs why it refuses; an advise_ function warns. */
#include <httpd.h>

#include <ap_mpm.h>
#include <apr_fnmatch.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <unixd.h>
#include <util_cfgtree.h>

#include "api/registry.h"
#include "httpd/config.h"
#include "httpd/dbd_config.h"
#include "httpd/section_check.h"
#include "httpd/sessions.h"
#include "httpd/worker.h"

APLOG_USE_MODULE(orders);

/** A server and its effective settings. */
typedef struct checked_t {
    server_rec *server;
    orders_server_conf_t conf;
    orders_dbd_config_t dbd;
    const orders_mount_t *mount; /**< its first, for messages; NULL: the server has no API */
} checked_t;

#define EACH(one, all)                                                                             \
    checked_t *one = (checked_t *)(void *)(all)->elts;                                             \
    one < (checked_t *)(void *)(all)->elts + (all)->nelts;                                         \
    one++

static bool is_threaded(void)
{
    int threaded = 0;

    return ap_mpm_query(AP_MPMQ_IS_THREADED, &threaded) == APR_SUCCESS &&
           threaded != AP_MPMQ_NOT_SUPPORTED;
}

static bool check_database(const checked_t *one)
{
    const orders_mount_t *mount = one->mount;

    if (!orders_sessions_possible()) {
        ap_log_error(
            APLOG_MARK, APLOG_EMERG, 0, one->server,
            "%s:%d: OrdersAPI %s needs mod_dbd for its database connections: load dbd_module",
            mount->file, mount->line, mount->api->name);
        return false;
    }
    if (!one->dbd.driver) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, one->server,
                     "%s:%d: OrdersAPI %s needs a database: add DBDriver pgsql and DBDParams",
                     mount->file, mount->line, mount->api->name);
        return false;
    }
    if (strcasecmp(one->dbd.driver, "pgsql")) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, one->server,
                     "%s:%d: OrdersAPI %s needs DBDriver pgsql, not %s", mount->file, mount->line,
                     mount->api->name, one->dbd.driver);
        return false;
    }
    return true;
}

static bool check_sessions(const checked_t *one)
{
    if (!one->dbd.persist || !is_threaded() || one->conf.sessions <= one->dbd.max) {
        return true;
    }
    ap_log_error(
        APLOG_MARK, APLOG_EMERG, 0, one->server,
        "OrdersSessions %d is greater than DBDMax %d: raise DBDMax or lower OrdersSessions",
        one->conf.sessions, one->dbd.max);
    return false;
}

/** The directives that an API requires. */
static bool check_mount(const checked_t *one, const orders_mount_t *mount)
{
    const orders_api_t *api = mount->api;

    if (api->needs_secret && !one->conf.secret) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, one->server,
                     "%s:%d: OrdersAPI %s %s and needs OrdersSecretFile: create the file with "
                     "`openssl rand -base64 48` and chmod 600",
                     mount->file, mount->line, api->name, api->needs_secret);
        return false;
    }
    if (api->needs_public_url && !one->conf.public_url) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, one->server,
                     "%s:%d: OrdersAPI %s %s and needs the URL of this server: add OrdersPublicURL "
                     "https://shop.example",
                     mount->file, mount->line, api->name, api->needs_public_url);
        return false;
    }
    return true;
}

static bool check_mounts(const checked_t *one)
{
    for (int i = 0; i < one->conf.mounts->nelts; i++) {
        if (!check_mount(one, &APR_ARRAY_IDX(one->conf.mounts, i, orders_mount_t))) {
            return false;
        }
    }
    return true;
}

/**
 * Other modules keep a connection of mod_dbd until the end of the request. If the same request is one of an API, it waits for a second
 * connection. When such requests hold all connections, they deadlock.
 */
static bool check_other_dbd_users(apr_pool_t *ptemp, const apr_array_header_t *all,
                                  const checked_t *one)
{
    const ap_directive_t *user = orders_dbd_config_user_everywhere(ptemp);

    for (EACH(other, all)) {
        if (!user && orders_dbd_config_shared(&one->dbd, &other->dbd)) {
            user = orders_dbd_config_other_user(ptemp, other->server);
        }
    }
    if (user) {
        ap_log_error(
            APLOG_MARK, APLOG_EMERG, 0, one->server,
            "%s:%d: %s uses the same connections of mod_dbd as OrdersAPI %s (%s:%d), which can "
            "deadlock: give the API a virtual host with its own DBD settings",
            user->filename, user->line_num, user->directive, one->mount->api->name,
            one->mount->file, one->mount->line);
    }
    return !user;
}

/** Whether a `Require orders-scope` is among `directive` and its siblings, in sections too. */
static bool requires_scope(apr_pool_t *ptemp, const ap_directive_t *directive)
{
    for (; directive; directive = directive->next) {
        const char *args = directive->args;

        if (!strcasecmp(directive->directive, "Require") &&
            !strcasecmp(ap_getword_conf(ptemp, &args), "orders-scope")) {
            return true;
        }
        if (requires_scope(ptemp, directive->first_child)) {
            return true;
        }
    }
    return false;
}

/** Whether `section` is a <Location> that does not contain `path`. False for patterns. */
static bool is_unrelated(apr_pool_t *ptemp, const ap_directive_t *section, const char *path)
{
    const char *args = section->args;
    char *where;
    size_t length;

    if (strcasecmp(section->directive, "<Location")) {
        return false;
    }
    where = ap_getword_conf(ptemp, &args);
    length = strcspn(where, ">");
    where[length] = '\0';
    while (length && where[length - 1] == '/') {
        where[--length] = '\0';
    }
    return *where == '/' && !apr_fnmatch_test(where) &&
           (strncmp(path, where, length) || (path[length] && path[length] != '/'));
}

static bool has_auth_type(apr_pool_t *ptemp, const ap_directive_t *directive, const char *path)
{
    for (; directive; directive = directive->next) {
        if (!strcasecmp(directive->directive, "AuthType") ||
            (directive->first_child && !is_unrelated(ptemp, directive, path) &&
             has_auth_type(ptemp, directive->first_child, path))) {
            return true;
        }
    }
    return false;
}

/** Without an AuthType, httpd answers each request with 500. */
static bool check_auth_type(apr_pool_t *ptemp, const checked_t *one)
{
    for (int i = 0; i < one->conf.mounts->nelts; i++) {
        const orders_mount_t *mount = &APR_ARRAY_IDX(one->conf.mounts, i, orders_mount_t);

        if (requires_scope(ptemp, mount->section->first_child) &&
            !has_auth_type(ptemp, ap_conftree, mount->path)) {
            ap_log_error(APLOG_MARK, APLOG_EMERG, 0, one->server,
                         "%s:%d: Require orders-scope beside OrdersAPI %s needs an AuthType: add "
                         "AuthType Orders, or the AuthType of another module",
                         mount->file, mount->line, mount->api->name);
            return false;
        }
    }
    return true;
}

static bool same_bytes(const orders_channel_t *one, const orders_channel_t *other)
{
    return one->secret_length == other->secret_length &&
           !memcmp(one->secret, other->secret, one->secret_length);
}

static bool same_text(const char *one, const char *other)
{
    return !strcmp(one ? one : "", other ? other : "");
}

static bool same_channel(const orders_channel_t *one, const orders_channel_t *other)
{
    return one->provider == other->provider && !strcmp(one->url, other->url) &&
           same_bytes(one, other) && one->timeout_ms == other->timeout_ms &&
           one->calls == other->calls && same_text(one->ca_file, other->ca_file) &&
           same_text(one->client_id, other->client_id) &&
           same_text(one->webhook_id, other->webhook_id);
}

/** The worker finds the channel of a payment by its name, on any server of the database. */
static bool check_channels(const apr_array_header_t *all, const checked_t *one)
{
    const orders_providers_t own_channels = {.channels = one->conf.channels};

    for (EACH(other, all)) {
        for (int i = 0; other->conf.first == one->conf.first && i < other->conf.channels->nelts;
             i++) {
            const orders_channel_t *theirs =
                &APR_ARRAY_IDX(other->conf.channels, i, orders_channel_t);
            const orders_channel_t *own = orders_channel_find(&own_channels, theirs->name);

            if (own && !same_channel(own, theirs)) {
                ap_log_error(
                    APLOG_MARK, APLOG_EMERG, 0, one->server,
                    "OrdersPaymentChannel %s has different options on another server with the "
                    "same database: rename one of them, or make their options equal",
                    own->name);
                return false;
            }
        }
    }
    return true;
}

static void advise_dbd_params(const checked_t *one)
{
    static const struct {
        const char *word, *risk;
    } parameters[] = {
        {"connect_timeout", "requests may wait for minutes when the database is unreachable"},
        {"tcp_user_timeout", "requests may wait for minutes when the database is unreachable"},
    };

    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
        if (one->dbd.params && !strstr(one->dbd.params, parameters[i].word)) {
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, one->server, "DBDParams without %s: %s",
                         parameters[i].word, parameters[i].risk);
        }
    }
    if (one->conf.worker && !orders_worker_possible()) {
        ap_log_error(
            APLOG_MARK, APLOG_WARNING, 0, one->server,
            "mod_watchdog is not loaded, so no background jobs run: unpaid orders do not expire, "
            "and refunds and mails are not sent");
    }
}

/** The session options that libpq sends: `options` of DBDParams, otherwise PGOPTIONS. */
static const char *session_options(const char *params)
{
    const char *options = params && !strstr(params, "options") ? getenv("PGOPTIONS") : params;

    return options ? options : "";
}

/** Whether `text` starts with the name of a setting. PostgreSQL ignores case, and accepts hyphens in `--name=value`. */
static bool is_named(const char *text, const char *name)
{
    for (; *name; text++, name++) {
        if (apr_tolower(*text) != *name && (*text != '-' || *name != '_')) {
            return false;
        }
    }
    return true;
}

static double milliseconds_of(const char *unit)
{
    static const struct {
        const char *unit;
        double milliseconds;
    } known[] = {{"us", 0.001}, {"ms", 1}, {"s", 1000}, {"min", 6e4}, {"h", 36e5}, {"d", 864e5}};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!strncmp(unit, known[i].unit, strlen(known[i].unit))) {
            return known[i].milliseconds;
        }
    }
    return 1;
}

/** The last statement_timeout in the session options, in milliseconds. 0: off; -1: not given. */
static apr_int64_t statement_timeout(const char *options)
{
    static const char name[] = "statement_timeout";
    double value = -1;

    for (const char *at = options; *at; at++) {
        if (is_named(at, name)) {
            const char *number = at + sizeof name - 1;
            char *unit;

            number += strspn(number, " ='\\");
            value = strtod(number, &unit);
            value *= milliseconds_of(unit + strspn(unit, " \\"));
        }
    }
    return (apr_int64_t)value;
}

/** OrdersStatementTimeout of the Location or the server. Other sections are not considered. */
static int statement_seconds(const checked_t *one, const orders_mount_t *mount)
{
    orders_dir_conf_t around;

    orders_dir_conf_resolve(ap_get_module_config(one->server->lookup_defaults, &orders_module),
                            &around);
    return ORDERS_DEFAULT(mount->dir->statement_timeout, ORDERS_UNSET, around.statement_timeout);
}

static void advise_timeouts(const checked_t *one)
{
    apr_int64_t database = statement_timeout(session_options(one->dbd.params));

    /* behind a pooler that refuses options, the role has the setting */
    if (database < 0 && one->dbd.params && one->conf.prepared_statements) {
        ap_log_error(
            APLOG_MARK, APLOG_WARNING, 0, one->server,
            "DBDParams without statement_timeout: a statement that has timed out in httpd keeps "
            "running in the database");
    }
    if (!database) {
        ap_log_error(
            APLOG_MARK, APLOG_WARNING, 0, one->server,
            "the statement_timeout of DBDParams is 0, which means no timeout: a statement that has "
            "timed out in httpd keeps running in the database");
    }
    for (int i = 0; i < one->conf.mounts->nelts; i++) {
        const orders_mount_t *mount = &APR_ARRAY_IDX(one->conf.mounts, i, orders_mount_t);
        int seconds = statement_seconds(one, mount);

        if (database >= (apr_int64_t)seconds * 1000) {
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, one->server,
                         "%s:%d: the statement_timeout of DBDParams (%" APR_INT64_T_FMT
                         " ms) should be less than OrdersStatementTimeout (%d s) of OrdersAPI %s: "
                         "otherwise a statement that has timed out in httpd keeps running in the "
                         "database",
                         mount->file, mount->line, database, seconds, mount->api->name);
        }
    }
}

/**
 * libpq silently ignores a password file that other users can read. httpd's child processes open the connections, so the file must
 * belong to their user.
 */
static void advise_passfile(apr_pool_t *ptemp, const checked_t *one)
{
    static const char name[] = "passfile=";
    const char *at = one->dbd.params ? strstr(one->dbd.params, name) : NULL;
    apr_finfo_t found;
    const char *file, *problem = NULL;

    if (!at) {
        return;
    }
    at += sizeof name - 1;
    at += strspn(at, "'");
    file = apr_pstrmemdup(ptemp, at, strcspn(at, "' "));
    if (apr_stat(&found, file, APR_FINFO_PROT | APR_FINFO_USER, ptemp)) {
        problem = "cannot be found";
    } else if (found.protection &
               (APR_FPROT_GREAD | APR_FPROT_GWRITE | APR_FPROT_WREAD | APR_FPROT_WWRITE)) {
        problem = "is accessible to other users, so libpq ignores it: chmod 600";
    } else if (geteuid() == 0 && found.user != ap_unixd_config.user_id) {
        problem = "does not belong to the user of the child processes of httpd, which open the "
                  "connections: chown it to that user";
    }
    if (problem) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, one->server, "DBDParams: the passfile %s %s",
                     file, problem);
    }
}

/** The limiter of a shared pool has the settings of the pool's first server. */
static void advise_sharing(const checked_t *one)
{
    orders_server_conf_t first;

    orders_server_conf_resolve(orders_server_conf(one->conf.first), &first);
    if (one->conf.sessions != first.sessions || one->conf.queue_timeout != first.queue_timeout ||
        orders_sessions_per_user(&one->conf) != orders_sessions_per_user(&first) ||
        one->conf.prepared_statements != first.prepared_statements) {
        ap_log_error(
            APLOG_MARK, APLOG_WARNING, 0, one->server,
            "this server shares its database connections with an earlier server, whose "
            "OrdersSessions %d, OrdersSessionsPerUser %d, OrdersQueueTimeout %d and "
            "OrdersPreparedStatements %s apply; to use others, give it its own DBD settings",
            first.sessions, orders_sessions_per_user(&first), first.queue_timeout,
            first.prepared_statements ? "On" : "Off");
    }
}

static bool has_error_documents(const ap_directive_t *directive)
{
    for (; directive; directive = directive->next) {
        if (!strcasecmp(directive->directive, "ErrorDocument") ||
            has_error_documents(directive->first_child)) {
            return true;
        }
    }
    return false;
}

/** httpd reads its configuration twice at startup. Warnings are logged in the last pass. */
static bool is_last_pass(void)
{
    return ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_TEST ||
           ap_state_query(AP_SQ_MAIN_STATE) != AP_SQ_MS_CREATE_PRE_CONFIG;
}

static server_rec *first_sharing(const apr_array_header_t *all, const checked_t *one)
{
    for (EACH(other, all)) {
        if (other->mount && orders_dbd_config_shared(&one->dbd, &other->dbd)) {
            return other->server;
        }
    }
    return NULL; /* not reached: `one` shares with itself */
}

/** All servers, as checked_t. Sets in each configuration what is derived from several directives. */
static apr_array_header_t *resolve_servers(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *main)
{
    apr_array_header_t *all = apr_array_make(ptemp, 4, sizeof(checked_t));
    bool error_documents = has_error_documents(ap_conftree);

    for (server_rec *server = main; server; server = server->next) {
        orders_server_conf_t *conf = orders_server_conf(server);
        checked_t *one = apr_array_push(all);

        conf->error_documents = error_documents;
        one->server = server;
        one->mount = apr_is_empty_array(conf->mounts)
                         ? NULL
                         : &APR_ARRAY_IDX(conf->mounts, 0, orders_mount_t);
        orders_dbd_config_read(ptemp, server, &one->dbd);
        conf->first = one->mount ? first_sharing(all, one) : NULL;
        conf->database = orders_dbd_config_id(pconf, &one->dbd);
        conf->dbd_params = one->dbd.params ? apr_pstrdup(pconf, one->dbd.params) : NULL;
        orders_server_conf_resolve(conf, &one->conf);
    }
    return all;
}

int orders_config_check(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main)
{
    const apr_array_header_t *all = resolve_servers(pconf, ptemp, main);

    for (EACH(one, all)) {
        if (!one->mount) {
            continue;
        }
        if (!check_database(one) || !check_sessions(one) || !check_mounts(one) ||
            !check_auth_type(ptemp, one) ||
            !orders_section_check(ptemp, one->server, one->conf.mounts) ||
            !check_other_dbd_users(ptemp, all, one) || !check_channels(all, one)) {
            return HTTP_INTERNAL_SERVER_ERROR;
        }
        if (is_last_pass()) {
            advise_dbd_params(one);
            advise_timeouts(one);
            advise_passfile(ptemp, one);
            orders_section_advise(ptemp, one->server, one->conf.mounts);
            advise_sharing(one);
        }
    }
    return OK;
}
