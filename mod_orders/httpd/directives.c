/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The directives. Each parses its arguments into a member of the configuration, or returns an error message with the allowed values.
 * Checks that depend on several directives are in config_check.c.
 */
#include <httpd.h>

#include <apr_fnmatch.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <string.h>

#include "api/registry.h"
#include "httpd/config.h"
#include "httpd/directive_channel.h"
#include "httpd/directive_mail.h"
#include "httpd/remote_groups.h"
#include "httpd/secret_file.h"
#include "httpd/token_cache.h"
#include "net/http_client.h"

extern module AP_MODULE_DECLARE_DATA orders_module;

APLOG_USE_MODULE(orders);

/** An integer from min to max, in a struct at `offset`. */
typedef struct number_t {
    size_t offset;
    int min, max;
    const char *unit;
} number_t;

#define DIR_NUMBER(member, minimum, maximum, unit_name)                                            \
    (&(const number_t){.offset = offsetof(orders_dir_conf_t, member),                              \
                       .min = (minimum),                                                           \
                       .max = (maximum),                                                           \
                       .unit = (unit_name)})
#define SERVER_NUMBER(member, minimum, maximum, unit_name)                                         \
    (&(const number_t){.offset = offsetof(orders_server_conf_t, member),                           \
                       .min = (minimum),                                                           \
                       .max = (maximum),                                                           \
                       .unit = (unit_name)})

static bool read_number(const char *text, int min, int max, int *value)
{
    char *end;
    apr_int64_t number = apr_isdigit(*text) ? apr_strtoi64(text, &end, 10) : -1;

    if (number < min || number > max || *end) {
        return false;
    }
    *value = (int)number;
    return true;
}

static const char *set_number(cmd_parms *cmd, char *into, const char *text)
{
    const number_t *number = cmd->info;

    if (!read_number(text, number->min, number->max, (int *)(void *)(into + number->offset))) {
        return apr_psprintf(cmd->pool, "%s takes an integer from %d to %d (%s), not '%s'",
                            cmd->cmd->name, number->min, number->max, number->unit, text);
    }
    return NULL;
}

static const char *set_dir_number(cmd_parms *cmd, void *conf, const char *text)
{
    return set_number(cmd, conf, text);
}

/** A number, or `off` as 0. */
static const char *set_slow_statement(cmd_parms *cmd, void *conf, const char *text)
{
    orders_dir_conf_t *dir = conf;

    if (!ap_cstr_casecmp(text, "off")) {
        dir->slow_statement = 0;
    } else if (!read_number(text, 1, 600000, &dir->slow_statement)) {
        return apr_psprintf(cmd->pool,
                            "%s takes an integer from 1 to 600000 (milliseconds) or off, not '%s'",
                            cmd->cmd->name, text);
    }
    return NULL;
}

static const char *check_server_context(cmd_parms *cmd)
{
    return ap_check_cmd_context(cmd, NOT_IN_DIR_CONTEXT | NOT_IN_LIMIT);
}

static const char *set_server_number(cmd_parms *cmd, void *conf, const char *text)
{
    const char *error = check_server_context(cmd);

    return error ? error : set_number(cmd, (char *)orders_server_conf(cmd->server), text);
}

static const char *set_server_flag(cmd_parms *cmd, void *conf, int on)
{
    const char *error = check_server_context(cmd);

    if (error) {
        return error;
    }
    *(int *)(void *)((char *)orders_server_conf(cmd->server) + (size_t)cmd->info) = on ? 1 : 0;
    return NULL;
}

static const char *set_dir_flag(cmd_parms *cmd, void *conf, int on)
{
    *(int *)(void *)((char *)conf + (size_t)cmd->info) = on ? 1 : 0;
    return NULL;
}

/** The path of the enclosing <Location> without a trailing slash, or NULL. */
static const char *location_path(cmd_parms *cmd)
{
    const ap_directive_t *section = cmd->directive->parent;
    char *path;

    if (!cmd->path || cmd->path[0] != '/' || !section ||
        ap_cstr_casecmp(section->directive, "<Location") || strchr(section->args, '~') ||
        apr_fnmatch_test(cmd->path)) {
        return NULL;
    }
    path = apr_pstrdup(cmd->pool, cmd->path);
    ap_no2slash(path);
    if (*path && path[strlen(path) - 1] == '/') {
        path[strlen(path) - 1] = '\0';
    }
    return path;
}

static const char *set_api(cmd_parms *cmd, void *conf, const char *name)
{
    orders_dir_conf_t *dir = conf;
    const char *path = location_path(cmd);
    const orders_api_t *api = orders_api_find(name);

    if (!path) {
        return "OrdersAPI must be in a <Location /path>, the path of the API; "
               "patterns and "
               "<LocationMatch> cannot be used";
    }
    if (!api) {
        return apr_psprintf(cmd->pool, "OrdersAPI: unknown API '%s'; use one of: %s", name,
                            orders_api_names(cmd->pool));
    }
    if (dir->api) {
        return apr_psprintf(cmd->pool,
                            "OrdersAPI may be used only once in a section, not for %s and %s",
                            dir->api->name, api->name);
    }
    dir->api = api;
    dir->mount = path;
    APR_ARRAY_PUSH(orders_server_conf(cmd->server)->mounts, orders_mount_t) =
        (orders_mount_t){.api = api,
                         .path = path,
                         .dir = dir,
                         .section = cmd->directive->parent,
                         .file = cmd->directive->filename,
                         .line = cmd->directive->line_num};
    return NULL;
}

/** The first argument of a directive in the same section, or "". */
static const char *sibling_argument(const cmd_parms *cmd, const char *name)
{
    const ap_directive_t *parent = cmd->directive->parent;

    for (const ap_directive_t *entry = parent ? parent->first_child : NULL; entry;
         entry = entry->next) {
        if (!ap_cstr_casecmp(entry->directive, name)) {
            const char *args = entry->args;

            return ap_getword_conf(cmd->temp_pool, &args);
        }
    }
    return "";
}

static const char *set_identity(cmd_parms *cmd, void *conf, const char *value)
{
    orders_dir_conf_t *dir = conf;

    if (!ap_cstr_casecmp(value, "token")) {
        dir->identity = ORDERS_IDENTITY_TOKEN;
    } else if (!ap_cstr_casecmp(value, "remote-user")) {
        if (!ap_cstr_casecmp(sibling_argument(cmd, "AuthType"), "Orders")) {
            return "OrdersIdentity remote-user needs the AuthType of another module: AuthType "
                   "Orders "
                   "only accepts bearer tokens of mod_orders";
        }
        dir->identity = ORDERS_IDENTITY_REMOTE_USER;
    } else {
        return apr_psprintf(
            cmd->pool,
            "OrdersIdentity takes token (bearer tokens of mod_orders) or remote-user (the "
            "user of another authentication module), not '%s'",
            value);
    }
    return NULL;
}

static const char *add_scope(cmd_parms *cmd, void *conf, const char *scope)
{
    orders_dir_conf_t *dir = conf;
    unsigned scopes =
        dir->remote_user_scopes == ORDERS_UNSET ? 0 : (unsigned)dir->remote_user_scopes;

    if (!orders_config_scope(scope, &scopes)) {
        return apr_psprintf(cmd->pool, "OrdersRemoteUserScopes: unknown scope '%s'", scope);
    }
    dir->remote_user_scopes = (int)scopes;
    return NULL;
}

static const char *set_page_size(cmd_parms *cmd, void *conf, const char *size, const char *max)
{
    orders_dir_conf_t *dir = conf;

    if (!read_number(size, 1, 10000, &dir->page_default) ||
        (max && !read_number(max, 1, 10000, &dir->page_max))) {
        return "OrdersPageSize takes the default page size and, optionally, the largest page size "
               "that "
               "a client may request: integers from 1 to 10000";
    }
    if (max && dir->page_default > dir->page_max) {
        return apr_psprintf(cmd->pool,
                            "OrdersPageSize: the default (%d) is greater than the maximum (%d)",
                            dir->page_default, dir->page_max);
    }
    if (!max) {
        dir->page_max = 0; /* the API's own maximum, not an inherited one */
    }
    return NULL;
}

/** An option `name=number` of a directive with several options. */
typedef struct limit_t {
    const char *name;
    size_t offset; /**< of an int of orders_dir_conf_t or orders_server_conf_t */
} limit_t;

static const limit_t guess_limits[] = {
    {"user", offsetof(orders_dir_conf_t, guesses_of_user)},
    {"address", offsetof(orders_dir_conf_t, guesses_of_address)},
    {NULL, 0},
};

static const limit_t mail_limits[] = {
    {"order", offsetof(orders_dir_conf_t, mails_of_order)},
    {"agent", offsetof(orders_dir_conf_t, mails_of_agent)},
    {NULL, 0},
};

static const limit_t retention[] = {
    {"mails", offsetof(orders_server_conf_t, mails_kept)},
    {"provider-events", offsetof(orders_server_conf_t, provider_events_kept)},
    {"tokens", offsetof(orders_server_conf_t, tokens_kept)},
    {"carts", offsetof(orders_server_conf_t, carts_kept)},
    {"webhooks", offsetof(orders_server_conf_t, webhooks_kept)},
    {NULL, 0},
};

/** For AP_INIT_ITERATE. `cmd->info`: a list of limit_t, terminated by a NULL name. `most`: the maximum of each number. */
static const char *read_limit(cmd_parms *cmd, void *conf, const char *text, int most)
{
    const char *value = strchr(text, '=');

    for (const limit_t *entry = cmd->info; value && entry->name; entry++) {
        if (!strncmp(entry->name, text, (size_t)(value - text)) && !entry->name[value - text] &&
            read_number(value + 1, 0, most, (int *)(void *)((char *)conf + entry->offset))) {
            return NULL;
        }
    }
    return apr_psprintf(cmd->pool, "%s takes %s, not '%s'", cmd->cmd->name, cmd->cmd->errmsg, text);
}

static const char *set_limit(cmd_parms *cmd, void *conf, const char *text)
{
    return read_limit(cmd, conf, text, 1000000);
}

static const char *set_retention(cmd_parms *cmd, void *conf, const char *text)
{
    const char *error = check_server_context(cmd);

    return error ? error : read_limit(cmd, orders_server_conf(cmd->server), text, 36500);
}

static const char *add_return_url(cmd_parms *cmd, void *conf, const char *url)
{
    orders_dir_conf_t *dir = conf;
    const char *error = orders_http_page_check(url);

    if (!error && ap_cstr_casecmpn(url, "https:", 6)) {
        error = "must start with https://";
    }
    if (error) {
        return apr_pstrcat(cmd->pool, "OrdersReturnURL: ", error, NULL);
    }
    if (!dir->return_urls) {
        dir->return_urls = apr_array_make(cmd->pool, 2, sizeof(const char *));
    }
    APR_ARRAY_PUSH(dir->return_urls, const char *) = url;
    return NULL;
}

/** In lower case, as orders_http_host() returns hosts. */
static const char *add_webhook_host(cmd_parms *cmd, void *conf, const char *host)
{
    orders_server_conf_t *server = orders_server_conf(cmd->server);
    const char *error = check_server_context(cmd);
    const char *known = orders_http_host(cmd->pool, apr_pstrcat(cmd->pool, "https://", host, NULL));

    if (error) {
        return error;
    }
    if (!known || ap_cstr_casecmp(known, host)) {
        return apr_psprintf(cmd->pool,
                            "OrdersWebhookAllowHosts takes names of hosts, as in hooks.internal or "
                            "[fd00::1], without a port, not '%s'",
                            host);
    }
    if (!server->webhook_hosts) {
        server->webhook_hosts = apr_array_make(cmd->pool, 2, sizeof(const char *));
    }
    APR_ARRAY_PUSH(server->webhook_hosts, const char *) = known;
    return NULL;
}

/** The directory itself is checked by config_check.c, when the user of the child processes is known. */
static const char *set_export_directory(cmd_parms *cmd, void *conf, const char *name,
                                        const char *keep)
{
    orders_server_conf_t *server = orders_server_conf(cmd->server);
    const char *error = check_server_context(cmd);

    if (error) {
        return error;
    }
    server->export_directory = ap_server_root_relative(cmd->pool, name);
    if (!*name || !server->export_directory) {
        return apr_psprintf(cmd->pool, "OrdersExportDirectory: '%s' is not a valid path", name);
    }
    if (keep &&
        (strncmp(keep, "keep=", 5) || !read_number(keep + 5, 1, 365, &server->exports_kept))) {
        return apr_psprintf(cmd->pool,
                            "OrdersExportDirectory takes a directory and, optionally, keep=days (1 "
                            "to 365), not '%s'",
                            keep);
    }
    if (!keep) {
        server->exports_kept = 7; /* the default, not an inherited number */
    }
    return NULL;
}

static const char *set_public_url(cmd_parms *cmd, void *conf, const char *url)
{
    const char *error = check_server_context(cmd);
    apr_size_t length = strlen(url);

    if (error) {
        return error;
    }
    if (orders_http_url_check(url)) {
        return apr_pstrcat(cmd->pool, "OrdersPublicURL: ", orders_http_url_check(url), NULL);
    }
    while (length && url[length - 1] == '/') {
        length--;
    }
    orders_server_conf(cmd->server)->public_url = apr_pstrmemdup(cmd->pool, url, length);
    return NULL;
}

/** Without a second line, the former secret is set too: a virtual host must not inherit that of the main server. */
static const char *set_secret(cmd_parms *cmd, void *conf, const char *name)
{
    orders_server_conf_t *server = orders_server_conf(cmd->server);
    orders_secret_pair_t pair;
    const char *error = check_server_context(cmd);

    if (!error) {
        error = orders_secret_file_read_pair(cmd, name, &pair);
        error = error ? apr_pstrcat(cmd->pool, cmd->cmd->name, ": ", error, NULL) : NULL;
    }
    if (!error) {
        server->secret = pair.secret;
        server->secret_length = (int)pair.length;
        server->former_secret = pair.former;
        server->former_secret_length = (int)pair.former_length;
    }
    return error;
}

static const char *set_cache_provider(cmd_parms *cmd, void *conf, const char *text)
{
    const char *error = ap_check_cmd_context(cmd, GLOBAL_ONLY);

    if (!error) {
        error = orders_token_cache_check(cmd->pool, cmd->temp_pool, text);
    }
    if (!error) {
        orders_server_conf(cmd->server)->token_cache_provider = text;
    }
    return error;
}

/** Allowed in the server configuration and in sections, not in .htaccess. */
#define ANYWHERE (RSRC_CONF | ACCESS_CONF)

#define DIR_INT(name, member, minimum, maximum, unit, help)                                        \
    AP_INIT_TAKE1(name, set_dir_number,                                                            \
                  (void *)(uintptr_t)DIR_NUMBER(member, minimum, maximum, unit), ANYWHERE, help)
#define SERVER_INT(name, member, minimum, maximum, unit, help)                                     \
    AP_INIT_TAKE1(name, set_server_number,                                                         \
                  (void *)(uintptr_t)SERVER_NUMBER(member, minimum, maximum, unit), RSRC_CONF,     \
                  help)
#define SERVER_FLAG(name, member, help)                                                            \
    AP_INIT_FLAG(name, set_server_flag, (void *)offsetof(orders_server_conf_t, member), RSRC_CONF, \
                 help)

const command_rec orders_directives[] = {
    AP_INIT_TAKE1("OrdersAPI", set_api, NULL, ACCESS_CONF,
                  "the API that is served at this Location"),
    DIR_INT("OrdersTenant", tenant, 1, INT_MAX, "a tenant id",
            "the tenant whose orders are served; default 1"),
    AP_INIT_TAKE1("OrdersIdentity", set_identity, NULL, ANYWHERE,
                  "how requests are authenticated: token (default) or remote-user"),
    AP_INIT_ITERATE("OrdersRemoteUserScopes", add_scope, NULL, ANYWHERE,
                    "scopes of users of another authentication module; default buyer"),
    AP_INIT_TAKE_ARGV("OrdersRemoteGroupScopes", orders_remote_groups_directive, NULL, ANYWHERE,
                      "an authorization provider, its argument, and the scopes of the users of "
                      "another authentication module who meet this condition"),
    DIR_INT("OrdersTokenCache", token_cache, 0, 300, "seconds",
            "how long an identity is cached; 0 = not at all; default 10"),
    AP_INIT_TAKE1("OrdersTokenCacheProvider", set_cache_provider, NULL, RSRC_CONF,
                  "socache provider and its arguments, as in shmcb:/path(size); default shmcb"),
    DIR_INT("OrdersMaxBody", max_body, 1, 64 * 1024 * 1024, "bytes",
            "maximum size of a request body; default 65536"),
    AP_INIT_TAKE12("OrdersPageSize", set_page_size, NULL, ANYWHERE,
                   "default page size and, optionally, the largest that a client may request"),
    AP_INIT_ITERATE("OrdersMailLimit", set_limit, (void *)(uintptr_t)mail_limits, ANYWHERE,
                    "order=number and agent=number (mails per hour; 0: no limit)"),
    AP_INIT_ITERATE("OrdersGuessLimit", set_limit, (void *)(uintptr_t)guess_limits, ANYWHERE,
                    "user=number and address=number (failed lookups per minute; 0: no limit)"),
    DIR_INT("OrdersMaxQuantity", max_quantity, 1, 1000000, "items",
            "maximum quantity of a line; default 10"),
    DIR_INT("OrdersBodyTimeout", body_timeout, 1, 600, "seconds",
            "time limit for reading a whole request body; default 10"),
    DIR_INT("OrdersStatementTimeout", statement_timeout, 1, 600, "seconds",
            "time limit of a database statement; default 5"),
    AP_INIT_TAKE1("OrdersSlowStatement", set_slow_statement, NULL, ANYWHERE,
                  "milliseconds after which a database statement is logged, or off; default 1000"),
    SERVER_INT("OrdersSessions", sessions, 1, 1000, "sessions",
               "database sessions that a process uses at once; default 4"),
    SERVER_INT("OrdersSessionsPerUser", sessions_per_user, 1, 1000, "sessions",
               "how many of them one user may have; default: half of OrdersSessions"),
    SERVER_INT("OrdersQueueTimeout", queue_timeout, 1, 60000, "milliseconds",
               "how long a request waits for a database session; default 2000"),
    SERVER_FLAG("OrdersPreparedStatements", prepared_statements,
                "Off behind pgbouncer in transaction mode; default On"),
    AP_INIT_RAW_ARGS("OrdersPaymentChannel", orders_directive_channel, NULL, RSRC_CONF,
                     "name provider=... url=... secret-file=... [timeout=10] [ca-file=...] and "
                     "options of the provider"),
    AP_INIT_ITERATE("OrdersReturnURL", add_return_url, NULL, ANYWHERE,
                    "https:// prefixes of URLs to which a payment may return"),
    AP_INIT_TAKE1("OrdersPublicURL", set_public_url, NULL, RSRC_CONF,
                  "the URL of this server for clients, as in https://shop.example"),
    DIR_INT("OrdersPaymentExpiry", payment_expiry, 0, 366 * 86400, "seconds",
            "how long an external payment may stay open; 0 = no limit; default 900"),
    DIR_INT("OrdersConsumerExpiry", consumer_expiry, 0, 366 * 86400, "seconds",
            "how long a consumer's order may stay unpaid; 0 = no limit; default 900"),
    DIR_INT("OrdersPayLinkLifetime", pay_link_lifetime, 60, 366 * 86400, "seconds",
            "how long an order may be paid by its link; default 86400"),
    DIR_INT("OrdersBillLinkLifetime", bill_link_lifetime, 60, 366 * 86400, "seconds",
            "how long the link to a bill is valid; default 3600"),
    AP_INIT_FLAG("OrdersTerminalFeed", set_dir_flag,
                 (void *)offsetof(orders_dir_conf_t, terminal_feed), ANYWHERE,
                 "whether the card terminals must have reported a card refund; default On"),
    DIR_INT("OrdersRefundWindow", refund_window, 0, 36500, "days",
            "how long an order may be refunded after its payment; default 30"),
    DIR_INT("OrdersReturnWindow", return_window, 0, 36500, "days",
            "how long goods may be returned after their delivery; default 30"),
    DIR_INT("OrdersRenewalWindow", renewal_window, 0, 36500, "days",
            "how long before its end a package may be renewed; default 30"),
    SERVER_INT("OrdersIdempotencyLifetime", idempotency_lifetime, 60, 366 * 86400, "seconds",
               "how long idempotency keys are kept; default 86400"),
    AP_INIT_ITERATE("OrdersRetention", set_retention, (void *)(uintptr_t)retention, RSRC_CONF,
                    "mails=, provider-events=, tokens=, carts= and webhooks= (days, 0 to 36500; 0: "
                    "never deleted)"),
    AP_INIT_TAKE1("OrdersSecretFile", set_secret, NULL, RSRC_CONF,
                  "a file with a secret of at least 32 bytes and, in a second line, optionally the "
                  "former one"),
    AP_INIT_RAW_ARGS("OrdersMail", orders_directive_mail, NULL, RSRC_CONF,
                     "smtp://host:port from=... [from-name=...] [user=... password-file=...] "
                     "[starttls=on|off] [ca-file=...] [timeout=10]"),
    AP_INIT_ITERATE("OrdersWebhookAllowHosts", add_webhook_host, NULL, RSRC_CONF,
                    "hosts of webhooks whose addresses may be private"),
    AP_INIT_TAKE12("OrdersExportDirectory", set_export_directory, NULL, RSRC_CONF,
                   "a directory for the files of exports and, optionally, keep=days; default 7"),
    SERVER_FLAG("OrdersWorker", worker, "whether this server runs the background jobs; default On"),
    SERVER_INT("OrdersWorkerInterval", worker_interval, 1, 3600, "seconds",
               "interval of the background jobs; default 5"),
    {NULL}};
