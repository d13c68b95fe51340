/* SPDX-License-Identifier: Apache-2.0 */
/** What mod_dbd was told, read from the configuration's own tree, since mod_dbd keeps it to itself. */
#ifndef ORDERS_HTTPD_DBD_CONFIG_H
#define ORDERS_HTTPD_DBD_CONFIG_H

#include <httpd.h>
#include <stdbool.h>

typedef struct orders_dbd_config_t {
    const char *driver; /**< NULL: no DBDriver */
    const char *params; /**< NULL: no DBDParams */
    int max;            /**< DBDMax */
    bool persist;       /**< DBDPersist */
    bool own;           /**< the virtual host has settings of its own, hence a pool of its own */
} orders_dbd_config_t;

/** As it applies to `server`: its own settings over the main server's. Texts live in `pool`. */
void orders_dbd_config_read(apr_pool_t *pool, const server_rec *server,
                            orders_dbd_config_t *config);

#endif
