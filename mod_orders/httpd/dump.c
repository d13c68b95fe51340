/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/dump.h"

#include <apr_file_io.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <string.h>

#include "core/route.h"
#include "core/scope.h"
#include "httpd/config.h"
#include "httpd/remote_groups.h"
#include "httpd/sessions.h"
#include "httpd/worker.h"
#include "store/schema_version.h"

static const char *auth_word(orders_auth_e auth)
{
    static const char *const words[] = {
        [ORDERS_AUTH_IDENTITY] = "identity",
        [ORDERS_AUTH_NONE] = "none",
        [ORDERS_AUTH_OWN] = "own",
    };
    return words[auth];
}

/** The scopes, separated by commas; "-" if none is needed. Any of them suffices. */
static const char *scope_words(apr_pool_t *pool, unsigned scopes)
{
    const char *words = "-", *word;

    for (unsigned i = 0; (word = orders_scope_name(i)); i++) {
        if (scopes & 1u << i) {
            words = *words == '-' ? word : apr_pstrcat(pool, words, ",", word, NULL);
        }
    }
    return words;
}

static const char *method_word(apr_pool_t *pool, unsigned method)
{
    const char *list = orders_method_list(pool, method); /* "GET, HEAD" */

    return apr_pstrmemdup(pool, list, strcspn(list, ","));
}

static void print_int(apr_file_t *out, const char *name, int value)
{
    apr_file_printf(out, " %s=%d", name, value);
}

static void print_text(apr_file_t *out, const char *name, const char *value)
{
    apr_file_printf(out, " %s=%s", name, value ? value : "-");
}

static void print_urls(apr_file_t *out, const char *name, apr_array_header_t *urls)
{
    apr_file_printf(out, " %s=%s", name, urls ? "" : "-");
    for (int i = 0; urls && i < urls->nelts; i++) {
        apr_file_printf(out, "%s%s", i ? "," : "", APR_ARRAY_IDX(urls, i, const char *));
    }
}

static void print_nothing(apr_file_t *out, const char *name, const void *value)
{
    /* secrets, and members that are printed in separate lines */
}

/** Prints a member of a configuration by its type. */
#define PRINT(type, name, unset, fallback, directive)                                              \
    _Generic(conf->name,                                                                           \
        int: print_int,                                                                            \
        const char *: print_text,                                                                  \
        apr_array_header_t *: print_urls,                                                          \
        default: print_nothing)(out, #name, conf->name);

static void dump_settings(apr_file_t *out, const orders_dir_conf_t *conf)
{
    apr_file_printf(out, "    settings:");
    ORDERS_DIR_MEMBERS(PRINT)
    apr_file_printf(out, "\n");
}

static void dump_groups(apr_pool_t *pool, apr_file_t *out, const orders_dir_conf_t *conf)
{
    const apr_array_header_t *groups = conf->remote_groups ? conf->remote_groups->groups : NULL;

    for (int i = 0; groups && i < groups->nelts; i++) {
        const orders_remote_group_t *group = &APR_ARRAY_IDX(groups, i, orders_remote_group_t);

        apr_file_printf(out, "    scopes of %s %s: %s\n", group->provider, group->argument,
                        scope_words(pool, group->scopes));
    }
}

static void dump_mount(apr_pool_t *pool, apr_file_t *out, const server_rec *server,
                       const orders_mount_t *mount)
{
    const orders_route_t *route;
    orders_dir_conf_t conf;

    orders_config_effective(pool, server, mount, &conf);
    apr_file_printf(out, "  OrdersAPI %s (%s:%d)\n", mount->api->name, mount->file, mount->line);
    apr_file_printf(out, "    tenant %d, identity %s%s%s\n", conf.tenant,
                    conf.identity == ORDERS_IDENTITY_TOKEN ? "token" : "remote-user",
                    conf.identity == ORDERS_IDENTITY_TOKEN ? "" : " with the scopes ",
                    conf.identity == ORDERS_IDENTITY_TOKEN
                        ? ""
                        : scope_words(pool, (unsigned)conf.remote_user_scopes));
    dump_groups(pool, out, &conf);
    dump_settings(out, &conf);
    for (size_t i = 0; (route = orders_route_at(mount->api, i)); i++) {
        apr_file_printf(out, "    %-6s %s%s route=%s auth=%s scope=%s\n",
                        method_word(pool, route->method), mount->path, route->path, route->name,
                        auth_word(route->auth), scope_words(pool, route->scope));
    }
}

static void print_server(apr_file_t *out, const server_rec *server, const server_rec *main)
{
    apr_file_printf(out, "%s:%u%s", server->server_hostname, server->port,
                    server == main ? " (main server)" : "");
}

/** The connection pool of a server, and the server whose worker uses it. */
static void dump_pool(apr_file_t *out, server_rec *main, const server_rec *server,
                      const orders_server_conf_t *conf)
{
    const server_rec *owner = orders_worker_server(main, conf->first);

    apr_file_printf(out, "  connection pool: ");
    if (conf->first == server) {
        apr_file_printf(out, "own, %d sessions, %d of a user\n", conf->sessions,
                        orders_sessions_per_user(conf));
    } else {
        apr_file_printf(out, "of ");
        print_server(out, conf->first, main);
        apr_file_printf(out, "\n");
    }
    apr_file_printf(out, "  worker: ");
    if (!owner || !orders_worker_possible()) {
        apr_file_printf(out, "none\n");
    } else {
        apr_file_printf(out, "by ");
        print_server(out, owner, main);
        apr_file_printf(out, "\n");
    }
}

static void dump_channels(apr_file_t *out, const orders_server_conf_t *conf)
{
    for (int i = 0; i < conf->channels->nelts; i++) {
        const orders_channel_t *channel = &APR_ARRAY_IDX(conf->channels, i, orders_channel_t);

        apr_file_printf(out, "  channel %s: provider=%s url=%s timeout=%dms calls=%d\n",
                        channel->name, channel->provider->name, channel->url, channel->timeout_ms,
                        channel->calls);
    }
}

static void dump_mail(apr_file_t *out, const orders_mailer_t *mailer)
{
    if (!mailer) {
        apr_file_printf(out, "  mail: none\n");
        return;
    }
    apr_file_printf(out, "  mail: %s from=%s authentication=%s starttls=%s timeout=%dms\n",
                    mailer->url, mailer->from, mailer->user ? "yes" : "no",
                    mailer->starttls ? "on" : "off", mailer->timeout_ms);
}

static void dump_server(apr_pool_t *pool, apr_file_t *out, server_rec *main,
                        const server_rec *server)
{
    orders_server_conf_t resolved, *conf = &resolved;

    orders_server_conf_resolve(orders_server_conf(server), conf);
    print_server(out, server, main);
    apr_file_printf(out, "\n");
    if (!conf->first) {
        return;
    }
    dump_pool(out, main, server, conf);
    dump_channels(out, conf);
    dump_mail(out, conf->mailer);
    apr_file_printf(out, "  settings:");
    ORDERS_SERVER_MEMBERS(PRINT)
    apr_file_printf(out, "\n");
    for (int i = 0; i < conf->mounts->nelts; i++) {
        dump_mount(pool, out, server, &APR_ARRAY_IDX(conf->mounts, i, orders_mount_t));
    }
}

void orders_dump_routes(apr_pool_t *pconf, server_rec *main)
{
    apr_file_t *out = NULL;

    if (!ap_exists_config_define("DUMP_ORDERS") ||
        apr_file_open_stdout(&out, pconf) != APR_SUCCESS) {
        return;
    }
    apr_file_printf(out, "mod_orders " ORDERS_VERSION ", schema versions %d to %d\n",
                    ORDERS_SCHEMA_OLDEST, ORDERS_SCHEMA_NEWEST);
    for (server_rec *server = main; server; server = server->next) {
        dump_server(pconf, out, main, server);
    }
}
