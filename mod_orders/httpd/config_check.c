/* SPDX-License-Identifier: Apache-2.0 */
/** What one directive alone cannot know: whether together they can work. */
#include <httpd.h>

#include <ap_mpm.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <string.h>
#include <util_cfgtree.h>

#include "api/api.h"
#include "httpd/config.h"
#include "httpd/dbd_config.h"
#include "httpd/sessions.h"
#include "httpd/worker.h"

APLOG_USE_MODULE(orders);

/** A server with the settings that apply to it. */
typedef struct checked_t {
    server_rec *server;
    orders_server_conf_t conf;
    orders_dbd_config_t dbd;
    const orders_mount_t *mount; /**< one that needs what is missing */
} checked_t;

static bool is_threaded(void)
{
    int threaded = 0;

    return ap_mpm_query(AP_MPMQ_IS_THREADED, &threaded) == APR_SUCCESS &&
           threaded != AP_MPMQ_NOT_SUPPORTED;
}

/** Each check logs why it refuses. */
static bool check_database(const checked_t *one)
{
    const orders_mount_t *mount = one->mount;

    if (!orders_sessions_possible()) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, one->server,
                     "%s:%d: OrdersAPI %s needs mod_dbd for its database sessions: add LoadModule "
                     "dbd_module (in any order)",
                     mount->file, mount->line, mount->api->name);
        return false;
    }
    if (!one->dbd.driver) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, one->server,
                     "%s:%d: OrdersAPI %s needs a database: add DBDriver pgsql and DBDParams",
                     mount->file, mount->line, mount->api->name);
        return false;
    }
    if (strcasecmp(one->dbd.driver, "pgsql")) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, one->server,
                     "%s:%d: OrdersAPI %s needs DBDriver pgsql, not %s", mount->file, mount->line,
                     mount->api->name, one->dbd.driver);
        return false;
    }
    return true;
}

static bool check_sessions(const checked_t *one)
{
    if (!one->dbd.persist || !is_threaded() || one->conf.sessions <= one->dbd.max) {
        return true;
    }
    ap_log_error(APLOG_MARK, APLOG_EMERG, 0, one->server,
                 "OrdersSessions %d is more than mod_dbd's pool holds: raise DBDMax (%d) to at "
                 "least as much",
                 one->conf.sessions, one->dbd.max);
    return false;
}

static bool check_secret(const checked_t *one)
{
    for (int i = 0; i < one->conf.mounts->nelts && !one->conf.secret; i++) {
        const orders_mount_t *mount = &APR_ARRAY_IDX(one->conf.mounts, i, orders_mount_t);

        if (mount->api == &orders_operator_api) {
            ap_log_error(APLOG_MARK, APLOG_EMERG, 0, one->server,
                         "%s:%d: OrdersAPI operator issues tokens and needs an OrdersSecretFile: "
                         "make one with `openssl rand -base64 48` and chmod 600",
                         mount->file, mount->line);
            return false;
        }
    }
    return true;
}

/** Warnings only: it would work, until the day it would not. */
static void advise(const checked_t *one)
{
    static const struct {
        const char *word, *danger;
        bool option; /* which poolers refuse: then it is set for the role */
    } wanted[] = {
        {"connect_timeout", "a database that cannot be reached may hold requests for minutes",
         false},
        {"tcp_user_timeout", "a database that cannot be reached may hold requests for minutes",
         false},
        {"statement_timeout", "a statement that was given up goes on in the database", true},
    };

    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        if (one->dbd.params && !strstr(one->dbd.params, wanted[i].word) &&
            (one->conf.prepared_statements || !wanted[i].option)) {
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, one->server, "DBDParams without %s: %s",
                         wanted[i].word, wanted[i].danger);
        }
    }
    if (one->conf.worker && !orders_worker_possible()) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, one->server,
                     "without mod_watchdog nothing is done in the background: unpaid orders do not "
                     "expire and open refunds stay open");
    }
}

static bool has_error_documents(const ap_directive_t *directive)
{
    for (; directive; directive = directive->next) {
        if (!strcasecmp(directive->directive, "ErrorDocument") ||
            has_error_documents(directive->first_child)) {
            return true;
        }
    }
    return false;
}

/** The first of httpd's two passes has nobody to advise, unless it is the only one. */
static bool is_last_pass(void)
{
    return ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_TEST ||
           ap_state_query(AP_SQ_MAIN_STATE) != AP_SQ_MS_CREATE_PRE_CONFIG;
}

int orders_config_check(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main)
{
    bool error_documents = has_error_documents(ap_conftree);

    for (server_rec *server = main; server; server = server->next) {
        checked_t one = {.server = server};

        orders_server_conf(server)->error_documents = error_documents;
        orders_server_conf_resolve(orders_server_conf(server), &one.conf);
        if (apr_is_empty_array(one.conf.mounts)) {
            continue;
        }
        one.mount = &APR_ARRAY_IDX(one.conf.mounts, 0, orders_mount_t);
        orders_dbd_config_read(ptemp, server, &one.dbd);
        if (!check_database(&one) || !check_sessions(&one) || !check_secret(&one)) {
            return HTTP_INTERNAL_SERVER_ERROR;
        }
        if (is_last_pass()) {
            advise(&one);
        }
    }
    return OK;
}
