/* SPDX-License-Identifier: Apache-2.0 */
/** How the section of an API and the sections around it fit together, read from the configuration's tree. */
#ifndef ORDERS_HTTPD_SECTION_CHECK_H
#define ORDERS_HTTPD_SECTION_CHECK_H

#include <httpd.h>

#include <http_config.h>
#include <stdbool.h>

#include "httpd/config.h"

/**
 * Whether the APIs of a server can be told apart and can be signed in to. Where not, logs at emerg what to change. `mounts`
 * has orders_mount_t.
 */
bool orders_section_check(apr_pool_t *ptemp, const server_rec *server,
                          const apr_array_header_t *mounts);

/** Warns of a later section that replaces the Require of an API. httpd merges sections in the order of the file. */
void orders_section_advise(apr_pool_t *ptemp, const server_rec *server,
                           const apr_array_header_t *mounts);

#endif
