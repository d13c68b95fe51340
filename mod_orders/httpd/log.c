/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/log.h"

#include <httpd.h>

#include <apr_strings.h>
#include <http_log.h>

#include "core/trouble.h"
#include "httpd/config.h"

APLOG_USE_MODULE(orders);

/** Set before the threads of the child start; NULL until then. */
static orders_troubles_t *troubles;

static int httpd_level(orders_level_e level)
{
    static const int levels[] = {[ORDERS_LOG_ERROR] = APLOG_ERR,
                                 [ORDERS_LOG_WARNING] = APLOG_WARNING,
                                 [ORDERS_LOG_NOTICE] = APLOG_NOTICE,
                                 [ORDERS_LOG_INFO] = APLOG_INFO,
                                 [ORDERS_LOG_DEBUG] = APLOG_DEBUG};

    return levels[level];
}

static bool request_enabled(void *context, orders_level_e level)
{
    const request_rec *r = context;

    return APLOG_R_IS_LEVEL(r, httpd_level(level));
}

static void request_write(void *context, orders_level_e level, const char *line)
{
    const request_rec *r = context;

    ap_log_rerror(APLOG_MARK, httpd_level(level), 0, r, "%s", line);
}

static bool server_enabled(void *context, orders_level_e level)
{
    const server_rec *server = context;

    return APLOG_IS_LEVEL(server, httpd_level(level));
}

static void server_write(void *context, orders_level_e level, const char *line)
{
    const server_rec *server = context;

    ap_log_error(APLOG_MARK, httpd_level(level), 0, server, "%s", line);
}

orders_log_t orders_log_of_request(request_rec *r)
{
    return (orders_log_t){
        .context = r, .enabled = request_enabled, .write = request_write, .troubles = troubles};
}

orders_log_t orders_log_of_server(server_rec *server)
{
    return (orders_log_t){
        .context = server, .enabled = server_enabled, .write = server_write, .troubles = troubles};
}

void orders_log_child_init(apr_pool_t *pchild, server_rec *main)
{
    const orders_log_t log = orders_log_of_server(main);

    troubles = orders_troubles_create(pchild, &log);
}
