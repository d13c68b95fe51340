/* SPDX-License-Identifier: Apache-2.0 */
/** Checks of the configuration that depend on several directives. A check_ function logs the reason of a refusal; an advise_ function logs warnings. */
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
#include "httpd/export_directory.h"
#include "httpd/section_check.h"
#include "httpd/sessions.h"
#include "httpd/worker.h"

APLOG_USE_MODULE(orders);

/** A server and its effective settings. */
typedef struct checked_t {
    server_rec *server;
    orders_server_conf_t conf;
    orders_dbd_config_t dbd;
    const orders_mount_t *mount; /**< the first OrdersAPI of the server, for messages; NULL: none */
} checked_t;

#define EACH(checked, all)                                                                         \
    checked_t *checked = (checked_t *)(void *)(all)->elts;                                         \
    checked < (checked_t *)(void *)(all)->elts + (all)->nelts;                                     \
    checked++

static bool is_threaded(void)
{
    int threaded = 0;

    return ap_mpm_query(AP_MPMQ_IS_THREADED, &threaded) == APR_SUCCESS &&
           threaded != AP_MPMQ_NOT_SUPPORTED;
}

static bool check_database(const checked_t *checked)
{
    const orders_mount_t *mount = checked->mount;

    if (!orders_sessions_possible()) {
        ap_log_error(
            APLOG_MARK, APLOG_EMERG, 0, checked->server,
            "%s:%d: OrdersAPI %s needs mod_dbd for its database connections: load dbd_module",
            mount->file, mount->line, mount->api->name);
        return false;
    }
    if (!checked->dbd.driver) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, checked->server,
                     "%s:%d: OrdersAPI %s needs a database: add DBDriver pgsql and DBDParams",
                     mount->file, mount->line, mount->api->name);
        return false;
    }
    if (strcasecmp(checked->dbd.driver, "pgsql")) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, checked->server,
                     "%s:%d: OrdersAPI %s needs DBDriver pgsql, not %s", mount->file, mount->line,
                     mount->api->name, checked->dbd.driver);
        return false;
    }
    return true;
}

static bool check_sessions(const checked_t *checked)
{
    if (!checked->dbd.persist || !is_threaded() || checked->conf.sessions <= checked->dbd.max) {
        return true;
    }
    ap_log_error(
        APLOG_MARK, APLOG_EMERG, 0, checked->server,
        "OrdersSessions %d is greater than DBDMax %d: raise DBDMax or lower OrdersSessions",
        checked->conf.sessions, checked->dbd.max);
    return false;
}

/** Checks the directives that an API requires. */
static bool check_mount(const checked_t *checked, const orders_mount_t *mount)
{
    const orders_api_t *api = mount->api;

    if (api->needs_secret && !checked->conf.secret) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, checked->server,
                     "%s:%d: OrdersAPI %s %s and needs OrdersSecretFile: create the file with "
                     "`openssl rand -base64 48` and chmod 600",
                     mount->file, mount->line, api->name, api->needs_secret);
        return false;
    }
    if (api->needs_public_url && !checked->conf.public_url) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, checked->server,
                     "%s:%d: OrdersAPI %s %s and needs the URL of this server: add OrdersPublicURL "
                     "https://shop.example",
                     mount->file, mount->line, api->name, api->needs_public_url);
        return false;
    }
    return true;
}

static bool check_mounts(const checked_t *checked)
{
    for (int i = 0; i < checked->conf.mounts->nelts; i++) {
        if (!check_mount(checked, &APR_ARRAY_IDX(checked->conf.mounts, i, orders_mount_t))) {
            return false;
        }
    }
    return true;
}

/**
 * Other modules keep a connection of mod_dbd until the end of the request. A request of an API then waits for a second connection. If
 * such requests hold all connections, they deadlock.
 */
static bool check_other_dbd_users(apr_pool_t *ptemp, const apr_array_header_t *all,
                                  const checked_t *checked)
{
    const ap_directive_t *user = orders_dbd_config_user_everywhere(ptemp);

    for (EACH(other, all)) {
        if (!user && orders_dbd_config_shared(&checked->dbd, &other->dbd)) {
            user = orders_dbd_config_other_user(ptemp, other->server);
        }
    }
    if (user) {
        ap_log_error(
            APLOG_MARK, APLOG_EMERG, 0, checked->server,
            "%s:%d: %s uses the same connections of mod_dbd as OrdersAPI %s (%s:%d), which can "
            "deadlock: give the API a virtual host with its own DBD settings",
            user->filename, user->line_num, user->directive, checked->mount->api->name,
            checked->mount->file, checked->mount->line);
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

/** Without an AuthType, httpd responds to each request with 500. */
static bool check_auth_type(apr_pool_t *ptemp, const checked_t *checked)
{
    for (int i = 0; i < checked->conf.mounts->nelts; i++) {
        const orders_mount_t *mount = &APR_ARRAY_IDX(checked->conf.mounts, i, orders_mount_t);

        if (requires_scope(ptemp, mount->section->first_child) &&
            !has_auth_type(ptemp, ap_conftree, mount->path)) {
            ap_log_error(APLOG_MARK, APLOG_EMERG, 0, checked->server,
                         "%s:%d: Require orders-scope beside OrdersAPI %s needs an AuthType: add "
                         "AuthType Orders, or the AuthType of another module",
                         mount->file, mount->line, mount->api->name);
            return false;
        }
    }
    return true;
}

static bool has_same_secret(const orders_channel_t *first, const orders_channel_t *second)
{
    return first->secret_length == second->secret_length &&
           !memcmp(first->secret, second->secret, first->secret_length);
}

static bool is_same_text(const char *first, const char *second)
{
    return !strcmp(first ? first : "", second ? second : "");
}

static bool is_same_channel(const orders_channel_t *first, const orders_channel_t *second)
{
    return first->provider == second->provider && !strcmp(first->url, second->url) &&
           has_same_secret(first, second) && first->timeout_ms == second->timeout_ms &&
           first->calls == second->calls && is_same_text(first->ca_file, second->ca_file) &&
           is_same_text(first->client_id, second->client_id) &&
           is_same_text(first->webhook_id, second->webhook_id);
}

/** The worker finds the channel of a payment by name, on any server with the same database, so the options must be equal. */
static bool check_channels(const apr_array_header_t *all, const checked_t *checked)
{
    const orders_providers_t own_channels = {.channels = checked->conf.channels};

    for (EACH(other, all)) {
        for (int i = 0; other->conf.first == checked->conf.first && i < other->conf.channels->nelts;
             i++) {
            const orders_channel_t *other_channel =
                &APR_ARRAY_IDX(other->conf.channels, i, orders_channel_t);
            const orders_channel_t *own = orders_channel_find(&own_channels, other_channel->name);

            if (own && !is_same_channel(own, other_channel)) {
                ap_log_error(
                    APLOG_MARK, APLOG_EMERG, 0, checked->server,
                    "OrdersPaymentChannel %s has different options on another server with the "
                    "same database: rename one of them, or make their options equal",
                    own->name);
                return false;
            }
        }
    }
    return true;
}

/**
 * The worker of a connection pool writes the files of all its servers, so the directories must be equal.
 */
static bool check_export_directory(apr_pool_t *ptemp, const apr_array_header_t *all,
                                   const checked_t *checked)
{
    const char *directory = checked->conf.export_directory, *error;

    for (EACH(other, all)) {
        if (other->conf.first == checked->conf.first &&
            !is_same_text(other->conf.export_directory, directory)) {
            ap_log_error(APLOG_MARK, APLOG_EMERG, 0, checked->server,
                         "OrdersExportDirectory %s differs from that of another server with the "
                         "same database (%s): set it once, in the main server",
                         directory ? directory : "(none)",
                         other->conf.export_directory ? other->conf.export_directory : "none");
            return false;
        }
    }
    error = directory ? orders_export_directory_check(ptemp, directory) : NULL;
    if (error) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, checked->server, "OrdersExportDirectory: %s",
                     error);
    }
    return !error;
}

static void advise_dbd_params(const checked_t *checked)
{
    static const struct {
        const char *word, *risk;
    } parameters[] = {
        {"connect_timeout", "requests may wait for minutes when the database is unreachable"},
        {"tcp_user_timeout", "requests may wait for minutes when the database is unreachable"},
    };

    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
        if (checked->dbd.params && !strstr(checked->dbd.params, parameters[i].word)) {
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, checked->server, "DBDParams without %s: %s",
                         parameters[i].word, parameters[i].risk);
        }
    }
    if (checked->conf.worker && !orders_worker_possible()) {
        ap_log_error(
            APLOG_MARK, APLOG_WARNING, 0, checked->server,
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
static int statement_seconds(const checked_t *checked, const orders_mount_t *mount)
{
    orders_dir_conf_t server_dir;

    orders_dir_conf_resolve(ap_get_module_config(checked->server->lookup_defaults, &orders_module),
                            &server_dir);
    return ORDERS_DEFAULT(mount->dir->statement_timeout, ORDERS_UNSET,
                          server_dir.statement_timeout);
}

static void advise_timeouts(const checked_t *checked)
{
    apr_int64_t database = statement_timeout(session_options(checked->dbd.params));

    /* A pooler such as pgbouncer refuses options: the role has the setting. */
    if (database < 0 && checked->dbd.params && checked->conf.prepared_statements) {
        ap_log_error(
            APLOG_MARK, APLOG_WARNING, 0, checked->server,
            "DBDParams without statement_timeout: a statement that has timed out in httpd keeps "
            "running in the database");
    }
    if (!database) {
        ap_log_error(
            APLOG_MARK, APLOG_WARNING, 0, checked->server,
            "the statement_timeout of DBDParams is 0, which means no timeout: a statement that has "
            "timed out in httpd keeps running in the database");
    }
    for (int i = 0; i < checked->conf.mounts->nelts; i++) {
        const orders_mount_t *mount = &APR_ARRAY_IDX(checked->conf.mounts, i, orders_mount_t);
        int seconds = statement_seconds(checked, mount);

        if (database >= (apr_int64_t)seconds * 1000) {
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, checked->server,
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
static void advise_passfile(apr_pool_t *ptemp, const checked_t *checked)
{
    static const char name[] = "passfile=";
    const char *at = checked->dbd.params ? strstr(checked->dbd.params, name) : NULL;
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
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, checked->server, "DBDParams: the passfile %s %s",
                     file, problem);
    }
}

/** The limiter of a shared pool has the settings of the pool's first server. */
static void advise_sharing(const checked_t *checked)
{
    orders_server_conf_t first;

    orders_server_conf_resolve(orders_server_conf(checked->conf.first), &first);
    if (checked->conf.sessions != first.sessions ||
        checked->conf.queue_timeout != first.queue_timeout ||
        orders_sessions_per_user(&checked->conf) != orders_sessions_per_user(&first) ||
        checked->conf.prepared_statements != first.prepared_statements) {
        ap_log_error(
            APLOG_MARK, APLOG_WARNING, 0, checked->server,
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

static server_rec *find_first_sharing(const apr_array_header_t *all, const checked_t *checked)
{
    for (EACH(other, all)) {
        if (other->mount && orders_dbd_config_shared(&checked->dbd, &other->dbd)) {
            return other->server;
        }
    }
    return NULL; /* not reached: `checked` shares with itself */
}

/** All servers, as checked_t. Sets in each configuration what is derived from several directives. */
static apr_array_header_t *resolve_servers(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *main)
{
    apr_array_header_t *all = apr_array_make(ptemp, 4, sizeof(checked_t));
    bool error_documents = has_error_documents(ap_conftree);

    for (server_rec *server = main; server; server = server->next) {
        orders_server_conf_t *conf = orders_server_conf(server);
        checked_t *checked = apr_array_push(all);

        conf->error_documents = error_documents;
        checked->server = server;
        checked->mount = apr_is_empty_array(conf->mounts)
                             ? NULL
                             : &APR_ARRAY_IDX(conf->mounts, 0, orders_mount_t);
        orders_dbd_config_read(ptemp, server, &checked->dbd);
        conf->first = checked->mount ? find_first_sharing(all, checked) : NULL;
        conf->database = orders_dbd_config_id(pconf, &checked->dbd);
        conf->dbd_params = checked->dbd.params ? apr_pstrdup(pconf, checked->dbd.params) : NULL;
        orders_server_conf_resolve(conf, &checked->conf);
    }
    return all;
}

int orders_config_check(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main)
{
    const apr_array_header_t *all = resolve_servers(pconf, ptemp, main);

    for (EACH(checked, all)) {
        if (!checked->mount) {
            continue;
        }
        if (!check_database(checked) || !check_sessions(checked) || !check_mounts(checked) ||
            !check_auth_type(ptemp, checked) ||
            !orders_section_check(ptemp, checked->server, checked->conf.mounts) ||
            !check_other_dbd_users(ptemp, all, checked) || !check_channels(all, checked) ||
            !check_export_directory(ptemp, all, checked)) {
            return HTTP_INTERNAL_SERVER_ERROR;
        }
        if (is_last_pass()) {
            advise_dbd_params(checked);
            advise_timeouts(checked);
            advise_passfile(ptemp, checked);
            orders_section_advise(ptemp, checked->server, checked->conf.mounts);
            advise_sharing(checked);
        }
    }
    return OK;
}
