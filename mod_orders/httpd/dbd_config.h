/* SPDX-License-Identifier: Apache-2.0 */
/** What mod_dbd was told, read from the configuration's own tree, since mod_dbd keeps it to itself. */
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

/** As it applies to `server`: its own settings over the main server's. Texts live in `pool`. */
void orders_dbd_config_read(apr_pool_t *pool, const server_rec *server,
                            orders_dbd_config_t *config);

/** Whether mod_dbd makes one pool of connections for both: it does when all of their settings are the same. */
bool orders_dbd_config_shared(const orders_dbd_config_t *one, const orders_dbd_config_t *other);

/** A hash of what says which database it is, in `pool`; NULL without driver or parameters. */
const unsigned char *orders_dbd_config_id(apr_pool_t *pool, const orders_dbd_config_t *config);

/**
 * A directive by which another module takes connections of mod_dbd's for its own, or NULL: one of `server` alone, or one
 * of the main server that holds for every path of every server.
 */
const ap_directive_t *orders_dbd_config_other_user(apr_pool_t *pool, const server_rec *server);
const ap_directive_t *orders_dbd_config_user_everywhere(apr_pool_t *pool);

#endif
