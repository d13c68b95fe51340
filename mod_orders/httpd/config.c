/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/config.h"

#include <apr_fnmatch.h>
#include <apr_strings.h>
#include <http_core.h>
#include <string.h>

#include "core/scope.h"

extern module AP_MODULE_DECLARE_DATA orders_module;

#define CREATE(type, name, unset, fallback, directive) conf->name = (unset);
#define MERGE(type, name, unset, fallback, directive)                                              \
    conf->name = own->name != (unset) ? own->name : outer->name;
#define RESOLVE(type, name, unset, fallback, directive)                                            \
    into->name = ORDERS_DEFAULT(conf->name, unset, fallback);

void *orders_dir_conf_create(apr_pool_t *pool, char *dir)
{
    orders_dir_conf_t *conf = apr_pcalloc(pool, sizeof *conf);

    ORDERS_DIR_MEMBERS(CREATE)
    return conf;
}

/** httpd merges Locations in the order of the file, so `base` may be the inner one. */
static bool is_outer(const orders_dir_conf_t *first, const orders_dir_conf_t *second)
{
    return first->mount && second->mount && strlen(first->mount) < strlen(second->mount);
}

void *orders_dir_conf_merge(apr_pool_t *pool, void *base, void *add)
{
    const orders_dir_conf_t *outer = is_outer(add, base) ? add : base;
    const orders_dir_conf_t *own = outer == base ? add : base;
    orders_dir_conf_t *conf = apr_pcalloc(pool, sizeof *conf);

    ORDERS_DIR_MEMBERS(MERGE)
    return conf;
}

void orders_dir_conf_resolve(const orders_dir_conf_t *conf, orders_dir_conf_t *into)
{
    ORDERS_DIR_MEMBERS(RESOLVE)
}

void *orders_server_conf_create(apr_pool_t *pool, server_rec *server)
{
    orders_server_conf_t *conf = apr_pcalloc(pool, sizeof *conf);

    ORDERS_SERVER_MEMBERS(CREATE)
    conf->channels = apr_array_make(pool, 2, sizeof(orders_channel_t));
    conf->mounts = apr_array_make(pool, 2, sizeof(orders_mount_t));
    return conf;
}

/** The channels of the virtual host, and those of the main server with other names. */
static apr_array_header_t *merge_channels(apr_pool_t *pool, const apr_array_header_t *outer,
                                          const apr_array_header_t *own)
{
    apr_array_header_t *all = apr_array_copy(pool, own);

    for (int i = 0; i < outer->nelts; i++) {
        const orders_channel_t *channel = &APR_ARRAY_IDX(outer, i, orders_channel_t);
        const orders_providers_t own_channels = {.channels = own};

        if (!orders_channel_find(&own_channels, channel->name)) {
            APR_ARRAY_PUSH(all, orders_channel_t) = *channel;
        }
    }
    return all;
}

void *orders_server_conf_merge(apr_pool_t *pool, void *base, void *add)
{
    const orders_server_conf_t *outer = base, *own = add;
    orders_server_conf_t *conf = apr_pcalloc(pool, sizeof *conf);

    ORDERS_SERVER_MEMBERS(MERGE)
    conf->channels = merge_channels(pool, outer->channels, own->channels);
    conf->mounts = apr_array_append(pool, outer->mounts, own->mounts);
    return conf;
}

void orders_server_conf_resolve(const orders_server_conf_t *conf, orders_server_conf_t *into)
{
    *into = *conf;
    ORDERS_SERVER_MEMBERS(RESOLVE)
}

/** Whether a <Location> or <LocationMatch> applies to a path. */
static bool applies_to(const core_dir_config *section, const char *path)
{
    const char *where = *path ? path : "/";
    size_t length = section->d ? strlen(section->d) : 0;

    if (section->r) {
        return !ap_regexec(section->r, where, 0, NULL, 0);
    }
    if (!length) {
        return false;
    }
    if (section->d_is_fnmatch) {
        return !apr_fnmatch(section->d, where, APR_FNM_PATHNAME);
    }
    length -= section->d[length - 1] == '/';
    return !strncmp(path, section->d, length) && (!path[length] || path[length] == '/');
}

void orders_config_effective(apr_pool_t *pool, const server_rec *server,
                             const orders_mount_t *mount, orders_dir_conf_t *into)
{
    const core_server_config *core = ap_get_core_module_config(server->module_config);
    orders_dir_conf_t *conf = ap_get_module_config(server->lookup_defaults, &orders_module);

    for (int i = 0; i < core->sec_url->nelts; i++) {
        const ap_conf_vector_t *section = APR_ARRAY_IDX(core->sec_url, i, ap_conf_vector_t *);
        void *own = ap_get_module_config(section, &orders_module);

        if (own && applies_to(ap_get_core_module_config(section), mount->path)) {
            conf = orders_dir_conf_merge(pool, conf, own);
        }
    }
    orders_dir_conf_resolve(conf, into);
}

orders_dir_conf_t *orders_dir_conf(const request_rec *r)
{
    return ap_get_module_config(r->per_dir_config, &orders_module);
}

orders_server_conf_t *orders_server_conf(const server_rec *server)
{
    return ap_get_module_config(server->module_config, &orders_module);
}

const char *orders_config_mount(const orders_server_conf_t *conf, unsigned has, int tenant)
{
    const char *inherited = NULL;

    for (int i = 0; i < conf->mounts->nelts; i++) {
        const orders_mount_t *mount = &APR_ARRAY_IDX(conf->mounts, i, orders_mount_t);

        if (mount->api->has & has && mount->dir->tenant == tenant) {
            return mount->path;
        }
        if (mount->api->has & has && mount->dir->tenant == ORDERS_UNSET && !inherited) {
            inherited = mount->path;
        }
    }
    return inherited;
}

bool orders_config_scope(const char *word, unsigned *scopes)
{
    return orders_scope_add(scopes, word, strlen(word));
}
