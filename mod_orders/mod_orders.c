/* SPDX-License-Identifier: Apache-2.0 */
/** The module record and its hooks. They call functions of httpd/. */
#include <httpd.h>

#include <ap_config.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>

#include "core/digest.h"
#include "documents/invoice.h"
#include "httpd/auth.h"
#include "httpd/config.h"
#include "httpd/dump.h"
#include "httpd/error_filter.h"
#include "httpd/guess_limit.h"
#include "httpd/handler.h"
#include "httpd/health.h"
#include "httpd/log.h"
#include "httpd/metrics.h"
#include "httpd/sessions.h"
#include "httpd/start_line.h"
#include "httpd/status.h"
#include "httpd/token_cache.h"
#include "httpd/worker.h"
#include "payments/provider.h"

extern module AP_MODULE_DECLARE_DATA __attribute__((visibility("default"))) orders_module;

static apr_status_t free_digest(void *data)
{
    orders_digest_shutdown();
    return APR_SUCCESS;
}

static int pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp)
{
    /* each restart unloads the module after this cleanup */
    apr_pool_cleanup_register(pconf, NULL, free_digest, apr_pool_cleanup_null);
    orders_token_cache_register(pconf);
    orders_guess_limit_register(pconf);
    return OK;
}

/** All modules have been loaded, so that optional functions can be looked up. */
static int check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main)
{
    orders_sessions_retrieve();
    orders_worker_retrieve();
    return orders_config_check(pconf, plog, ptemp, main);
}

/** httpd reads its configuration twice at startup. The first pass is ignored. */
static int post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main)
{
    int status;

    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    status = orders_token_cache_open(pconf, ptemp, main);
    if (status == OK) {
        status = orders_guess_limit_open(pconf, main);
    }
    if (status == OK) {
        status = orders_metrics_open(pconf, main);
    }
    if (status == OK) {
        status = orders_worker_register(pconf, main);
    }
    if (status == OK) {
        orders_start_line_write(ptemp, main);
    }
    return status;
}

static apr_status_t child_exit(void *data)
{
    orders_providers_shutdown();
    return APR_SUCCESS;
}

/** Before threads start. Without fonts only requests for invoices fail. */
static void load_fonts(apr_pool_t *pchild, server_rec *main)
{
    orders_problem_t *problem = orders_invoice_startup(pchild);

    if (problem) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, main,
                     "ORD%04d %s: invoices and bills cannot be rendered: %s",
                     orders_error_number(problem->error), orders_error_code(problem->error),
                     problem->log);
    }
}

static void child_init(apr_pool_t *pchild, server_rec *main)
{
    orders_log_child_init(pchild, main);
    orders_metrics_child_init();
    orders_sessions_child_init(pchild, main);
    orders_token_cache_child_init(pchild, main);
    orders_guess_limit_child_init(pchild, main);
    orders_worker_child_init(pchild);
    orders_providers_startup();
    load_fonts(pchild, main);
    apr_pool_cleanup_register(pchild, NULL, child_exit, apr_pool_cleanup_null);
}

static void register_hooks(apr_pool_t *pool)
{
    /* mod_watchdog reads its callbacks in post_config and starts its threads in child_init */
    static const char *const before_watchdog[] = {"mod_watchdog.c", NULL};
    /* the session pools need its connection pools */
    static const char *const after_dbd[] = {"mod_dbd.c", NULL};

    ap_hook_pre_config(pre_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_config(check_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_test_config(orders_dump_routes, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(post_config, NULL, before_watchdog, APR_HOOK_MIDDLE);
    ap_hook_child_init(child_init, after_dbd, before_watchdog, APR_HOOK_MIDDLE);
    orders_auth_register_hooks(pool);
    orders_handler_register_hooks(pool);
    orders_health_register_hooks(pool);
    orders_error_filter_register_hooks(pool);
    orders_metrics_register_hooks(pool);
    orders_status_register_hooks(pool);
    orders_request_register_hooks(pool);
}

AP_DECLARE_MODULE(orders) = {
    STANDARD20_MODULE_STUFF,  orders_dir_conf_create,
    orders_dir_conf_merge,    orders_server_conf_create,
    orders_server_conf_merge, orders_directives,
    register_hooks,           AP_MODULE_FLAG_ALWAYS_MERGE,
};
