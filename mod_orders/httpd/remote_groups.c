/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/remote_groups.h"

#include <ap_provider.h>
#include <apr_strings.h>
#include <http_log.h>
#include <mod_auth.h>
#include <string.h>

#include "core/scope.h"

APLOG_USE_MODULE(orders);

#define OWN_PROVIDER "orders-scope"

static const char *find_provider(cmd_parms *cmd, orders_remote_group_t *group)
{
    const authz_provider *provider =
        ap_lookup_provider(AUTHZ_PROVIDER_GROUP, group->provider, AUTHZ_PROVIDER_VERSION);

    if (!provider || !provider->check_authorization) {
        return apr_psprintf(
            cmd->pool,
            "OrdersRemoteGroupScopes: unknown authorization provider '%s'; load the "
            "module that provides Require %s before this line",
            group->provider, group->provider);
    }
    if (!strcmp(group->provider, OWN_PROVIDER)) {
        return "OrdersRemoteGroupScopes cannot use " OWN_PROVIDER
               ", which depends on the scopes that are being determined";
    }
    group->rule = provider;
    if (!provider->parse_require_line) {
        return NULL;
    }
    /* as mod_authz_core does: an alias (<AuthzProviderAlias>) reads its name here */
    apr_pool_userdata_setn(group->provider, AUTHZ_PROVIDER_NAME_NOTE, apr_pool_cleanup_null,
                           cmd->temp_pool);
    return provider->parse_require_line(cmd, group->argument, &group->parsed);
}

const char *orders_remote_groups_directive(cmd_parms *cmd, void *conf, int argc, char *const argv[])
{
    orders_dir_conf_t *dir = conf;
    orders_remote_group_t group = {0};
    const char *error;

    if (argc < 3) {
        return "OrdersRemoteGroupScopes takes an authorization provider, its argument and at least "
               "one scope, as in: group packers operator.read operator.fulfil";
    }
    group.provider = apr_pstrdup(cmd->pool, argv[0]);
    group.argument = apr_pstrdup(cmd->pool, argv[1]);
    for (int i = 2; i < argc; i++) {
        if (!orders_config_scope(argv[i], &group.scopes)) {
            return apr_psprintf(cmd->pool, "OrdersRemoteGroupScopes: unknown scope '%s'", argv[i]);
        }
    }
    error = find_provider(cmd, &group);
    if (error) {
        return error;
    }
    if (!dir->remote_groups) {
        dir->remote_groups = apr_palloc(cmd->pool, sizeof *dir->remote_groups);
        dir->remote_groups->groups = apr_array_make(cmd->pool, 4, sizeof group);
    }
    APR_ARRAY_PUSH(dir->remote_groups->groups, orders_remote_group_t) = group;
    return NULL;
}

/**
 * Providers log an error for a user who does not meet a condition, because for Require this refuses the request. Here it is usual, so
 * their messages are left out unless this module logs at level debug.
 */
static authz_status check_quietly(request_rec *r, const orders_remote_group_t *group)
{
    static const struct ap_logconf quiet = {NULL, APLOG_CRIT};
    const authz_provider *provider = group->rule;
    const struct ap_logconf *log = r->log;
    const char *former = apr_table_get(r->notes, AUTHZ_PROVIDER_NAME_NOTE);
    apr_table_t *headers = apr_table_copy(r->pool, r->err_headers_out);
    authz_status status;

    if (!APLOGrdebug(r)) {
        r->log = &quiet;
    }
    apr_table_setn(r->notes, AUTHZ_PROVIDER_NAME_NOTE, group->provider);
    status = provider->check_authorization(r, group->argument, group->parsed);
    r->log = log;
    if (former) {
        apr_table_setn(r->notes, AUTHZ_PROVIDER_NAME_NOTE, former);
    } else {
        apr_table_unset(r->notes, AUTHZ_PROVIDER_NAME_NOTE);
    }
    /* A provider may have added a challenge for a user who does not meet the condition. */
    if (status != AUTHZ_GRANTED) {
        r->err_headers_out = headers;
    }
    return status;
}

orders_problem_t *orders_remote_groups_add(orders_request_t *request, unsigned *scopes)
{
    request_rec *r = request->r;
    const apr_array_header_t *groups =
        request->dir.remote_groups ? request->dir.remote_groups->groups : NULL;

    for (int i = 0; groups && i < groups->nelts; i++) {
        const orders_remote_group_t *group = &APR_ARRAY_IDX(groups, i, orders_remote_group_t);
        authz_status status;

        request->checking_groups = true;
        status = check_quietly(r, group);
        request->checking_groups = false;
        if (status == AUTHZ_GENERAL_ERROR) {
            orders_problem_t *problem = orders_problem(r->pool, ORDERS_E_not_configured, NULL);

            problem->log =
                apr_psprintf(r->pool,
                             "OrdersRemoteGroupScopes: the authorization provider '%s' "
                             "failed; its messages are logged with LogLevel orders:debug",
                             group->provider);
            return problem;
        }
        if (status == AUTHZ_GRANTED) {
            *scopes |= group->scopes;
        }
    }
    return NULL;
}
