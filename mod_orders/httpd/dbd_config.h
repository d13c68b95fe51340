/* SPDX-License-Identifier: Apache-2.0 */
/** The settings of mod_dbd, read from the configuration tree because mod_dbd does not publish them. */
#ifndef ORDERS_HTTPD_DBD_CONFIG_H
#define ORDERS_HTTPD_DBD_CONFIG_H

#include <httpd.h>

#include <http_config.h>
#include <stdbool.h>

typedef struct orders_dbd_config_t {
    const char *driver;     /**< NULL: no DBDriver */
    const char *params;     /**< NULL: no DBDParams */
    int min, keep, max;     /**< DBDMin, DBDKeep, DBDMax */
    int lifetime;           /**< DBDExptime, seconds */
    bool persist;           /**< DBDPersist */
    const char *statements; /**< all DBDPrepareSQL and DBDInitSQL */
} orders_dbd_config_t;

/** The settings that apply to `server`. Strings live in `pool`. */
void orders_dbd_config_read(apr_pool_t *pool, const server_rec *server,
                            orders_dbd_config_t *config);

/** Whether mod_dbd uses one connection pool for both: all settings are equal. */
bool orders_dbd_config_shared(const orders_dbd_config_t *one, const orders_dbd_config_t *other);

/** A hash that identifies the database: ORDERS_SHA256_SIZE bytes in `pool`. NULL without driver or parameters. */
const unsigned char *orders_dbd_config_id(apr_pool_t *pool, const orders_dbd_config_t *config);

/**
 * The first directive by which another module uses connections of mod_dbd, or NULL. other_user: in `server`. user_everywhere: in the main
 * server, and applied to every path of all servers.
 */
const ap_directive_t *orders_dbd_config_other_user(apr_pool_t *pool, const server_rec *server);
const ap_directive_t *orders_dbd_config_user_everywhere(apr_pool_t *pool);

#endif
