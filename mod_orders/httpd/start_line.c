/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/start_line.h"

#include <apr_strings.h>
#include <http_log.h>
#include <string.h>

#include "httpd/config.h"
#include "httpd/worker.h"
#include "store/schema_version.h"

APLOG_USE_MODULE(orders);

/** Adds a string to a list of const char *, unless the list contains it. */
static void add_text(apr_array_header_t *texts, const char *text)
{
    for (int i = 0; i < texts->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(texts, i, const char *), text)) {
            return;
        }
    }
    APR_ARRAY_PUSH(texts, const char *) = text;
}

/** Each API with its tenants, as in "user (tenant 1)". */
static void add_apis(apr_pool_t *ptemp, const server_rec *server, apr_array_header_t *texts)
{
    const apr_array_header_t *mounts = orders_server_conf(server)->mounts;

    for (int i = 0; i < mounts->nelts; i++) {
        const orders_mount_t *mount = &APR_ARRAY_IDX(mounts, i, orders_mount_t);
        orders_dir_conf_t conf;

        orders_config_effective(ptemp, server, mount, &conf);
        add_text(texts, apr_psprintf(ptemp, "%s (tenant %d)", mount->api->name, conf.tenant));
    }
}

static void add_channels(apr_pool_t *ptemp, const server_rec *server, apr_array_header_t *texts)
{
    const apr_array_header_t *channels = orders_server_conf(server)->channels;

    for (int i = 0; i < channels->nelts; i++) {
        const orders_channel_t *channel = &APR_ARRAY_IDX(channels, i, orders_channel_t);

        add_text(texts, apr_psprintf(ptemp, "%s (%s)", channel->name, channel->provider->name));
    }
}

static const char *join_texts(apr_pool_t *ptemp, const apr_array_header_t *texts)
{
    const char *text = texts->nelts ? "" : "none";

    for (int i = 0; i < texts->nelts; i++) {
        text = apr_pstrcat(ptemp, text, i ? ", " : "", APR_ARRAY_IDX(texts, i, const char *), NULL);
    }
    return text;
}

void orders_start_line_write(apr_pool_t *ptemp, server_rec *main)
{
    apr_array_header_t *apis = apr_array_make(ptemp, 8, sizeof(const char *));
    apr_array_header_t *channels = apr_array_make(ptemp, 4, sizeof(const char *));
    bool has_worker = false;

    for (server_rec *server = main; server; server = server->next) {
        const server_rec *first = orders_server_conf(server)->first;

        if (first) {
            add_apis(ptemp, server, apis);
            add_channels(ptemp, server, channels);
            has_worker = has_worker || orders_worker_server(main, first);
        }
    }
    if (apis->nelts) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, main,
                     "mod_orders " ORDERS_VERSION ", schema versions %d to %d; APIs: %s; "
                     "channels: %s; worker: %s",
                     ORDERS_SCHEMA_OLDEST, ORDERS_SCHEMA_NEWEST, join_texts(ptemp, apis),
                     join_texts(ptemp, channels),
                     has_worker && orders_worker_possible() ? "on" : "off");
    }
}
