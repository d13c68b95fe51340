/* SPDX-License-Identifier: Apache-2.0 */
/** Checks of the section of an API and of the sections around it, in the configuration tree. */
#ifndef ORDERS_HTTPD_SECTION_CHECK_H
#define ORDERS_HTTPD_SECTION_CHECK_H

#include <httpd.h>

#include <http_config.h>
#include <stdbool.h>

#include "httpd/config.h"

/**
 * Whether each API of a server has its own path and can receive its credentials. Otherwise logs at emerg what to change. `mounts`: of
 * orders_mount_t.
 */
bool orders_section_check(apr_pool_t *ptemp, const server_rec *server,
                          const apr_array_header_t *mounts);

/** Logs a warning for a later section that replaces the Require of an API. httpd merges sections in the order of the file. */
void orders_section_advise(apr_pool_t *ptemp, const server_rec *server,
                           const apr_array_header_t *mounts);

#endif
