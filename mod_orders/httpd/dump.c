/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/dump.h"

#include <apr_file_io.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <string.h>

#include "core/route.h"
#include "core/vocabulary.h"
#include "httpd/config.h"
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
    static const struct {
        unsigned scope;
        const char *word;
    } known[] = {
#define X(name, word) {ORDERS_SCOPE_##name, word},
        ORDERS_SCOPES(X)
#undef X
    };
    const char *words = "-";

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (scopes & known[i].scope) {
            words =
                *words == '-' ? known[i].word : apr_pstrcat(pool, words, ",", known[i].word, NULL);
        }
    }
    return words;
}

static const char *method_word(apr_pool_t *pool, unsigned method)
{
    const char *list = orders_method_list(pool, method); /* "GET, HEAD" */

    return apr_pstrmemdup(pool, list, strcspn(list, ","));
}

static void dump_mount(apr_pool_t *pool, apr_file_t *out, const orders_mount_t *mount)
{
    orders_dir_conf_t conf;

    orders_dir_conf_resolve(mount->dir, &conf);
    apr_file_printf(out, "  OrdersAPI %s (%s:%d)\n", mount->api->name, mount->file, mount->line);
    for (size_t i = 0; i < mount->api->route_count; i++) {
        const orders_route_t *route = &mount->api->routes[i];

        apr_file_printf(out, "    %-6s %s%s route=%s auth=%s scope=%s\n",
                        method_word(pool, route->method), mount->path, route->path, route->name,
                        auth_word(route->auth), scope_words(pool, route->scope));
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
        const orders_server_conf_t *conf = orders_server_conf(server);

        apr_file_printf(out, "%s:%u%s\n", server->server_hostname, server->port,
                        server == main ? " (main server)" : "");
        for (int i = 0; i < conf->mounts->nelts; i++) {
            dump_mount(pconf, out, &APR_ARRAY_IDX(conf->mounts, i, orders_mount_t));
        }
    }
}
