/* SPDX-License-Identifier: Apache-2.0 */
/**
 * OrdersRemoteGroupScopes: scopes of the users of another authentication module by a condition of an authorization provider of httpd, such
 * as `group` of mod_authz_groupfile or `ldap-group`. The provider decides at each request, as for a Require directive.
 */
#ifndef ORDERS_HTTPD_REMOTE_GROUPS_H
#define ORDERS_HTTPD_REMOTE_GROUPS_H

#include <httpd.h>

#include <http_config.h>

#include "httpd/request.h"

/** The conditions of a section. Lives as long as the configuration. */
typedef struct orders_remote_groups_t {
    apr_array_header_t *groups; /**< of orders_remote_group_t */
} orders_remote_groups_t;

typedef struct orders_remote_group_t {
    const char *provider;
    const char *argument;
    const void *rule;   /**< the provider's functions: an authz_provider of mod_auth.h */
    const void *parsed; /**< the argument as the provider has parsed it, or NULL */
    unsigned scopes;    /**< ORDERS_SCOPE_… */
} orders_remote_group_t;

/** The directive: provider, argument and scopes. For AP_INIT_TAKE_ARGV. */
const char *orders_remote_groups_directive(cmd_parms *cmd, void *conf, int argc,
                                           char *const argv[]);

/**
 * Adds the scopes of the conditions that the user of the request meets. `not_configured` if a provider cannot decide, for example because
 * its directory does not respond; the cause is logged.
 */
orders_problem_t *orders_remote_groups_add(orders_request_t *request,
                                           unsigned *scopes) ORDERS_MUSTCHECK;

#endif
