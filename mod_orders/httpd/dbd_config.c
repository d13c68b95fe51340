/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/dbd_config.h"

#include <httpd.h>

#include <http_config.h>
#include <stdlib.h>
#include <string.h>
#include <util_cfgtree.h>

#define MOD_DBD_DEFAULT_MAX 10

static void read_directive(apr_pool_t *pool, const ap_directive_t *directive,
                           orders_dbd_config_t *config)
{
    const char *name = directive->directive, *args = directive->args;
    const char *value = ap_getword_conf(pool, &args);

    if (!strcasecmp(name, "DBDriver")) {
        config->driver = value;
    } else if (!strcasecmp(name, "DBDParams")) {
        config->params = value;
    } else if (!strcasecmp(name, "DBDMax")) {
        config->max = atoi(value);
    } else if (!strcasecmp(name, "DBDPersist")) {
        config->persist = strcasecmp(value, "off") != 0;
    }
    config->own = true;
}

/** Every DBD… directive among `directive` and its siblings, sections included but for virtual hosts. */
static void read_siblings(apr_pool_t *pool, const ap_directive_t *directive,
                          orders_dbd_config_t *config)
{
    for (; directive; directive = directive->next) {
        if (!strncasecmp(directive->directive, "DBD", 3)) {
            read_directive(pool, directive, config);
        } else if (strcasecmp(directive->directive, "<VirtualHost")) {
            read_siblings(pool, directive->first_child, config);
        }
    }
}

static const ap_directive_t *virtual_host(const server_rec *server)
{
    for (const ap_directive_t *one = ap_conftree; server->is_virtual && one; one = one->next) {
        if (!strcasecmp(one->directive, "<VirtualHost") && server->defn_name &&
            one->line_num == (int)server->defn_line_number &&
            !strcmp(one->filename, server->defn_name)) {
            return one;
        }
    }
    return NULL;
}

void orders_dbd_config_read(apr_pool_t *pool, const server_rec *server, orders_dbd_config_t *config)
{
    const ap_directive_t *host = virtual_host(server);

    *config = (orders_dbd_config_t){.max = MOD_DBD_DEFAULT_MAX, .persist = true};
    read_siblings(pool, ap_conftree, config);
    config->own = false;
    if (host) {
        read_siblings(pool, host->first_child, config);
    }
}
