/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/dbd_config.h"

#include <httpd.h>

#include <apr_strings.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <util_cfgtree.h>

#include "core/digest.h"

/** The defaults of mod_dbd. */
static const orders_dbd_config_t defaults = {
    .min = 1, .keep = 2, .max = 10, .lifetime = 300, .persist = true, .statements = ""};

static const struct {
    const char *name;
    size_t offset;
} numbers[] = {
    {"DBDMin", offsetof(orders_dbd_config_t, min)},
    {"DBDKeep", offsetof(orders_dbd_config_t, keep)},
    {"DBDMax", offsetof(orders_dbd_config_t, max)},
    {"DBDExptime", offsetof(orders_dbd_config_t, lifetime)},
};

static void read_directive(apr_pool_t *pool, const ap_directive_t *directive,
                           orders_dbd_config_t *config)
{
    const char *name = directive->directive, *args = directive->args;
    const char *value = ap_getword_conf(pool, &args);

    if (!strcasecmp(name, "DBDriver")) {
        config->driver = value;
    } else if (!strcasecmp(name, "DBDParams")) {
        config->params = value;
    } else if (!strcasecmp(name, "DBDPersist")) {
        config->persist = strcasecmp(value, "off") != 0;
    } else if (!strcasecmp(name, "DBDPrepareSQL") || !strcasecmp(name, "DBDInitSQL")) {
        config->statements =
            apr_pstrcat(pool, config->statements, name, " ", directive->args, "\n", NULL);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (!strcasecmp(name, numbers[i].name)) {
            *(int *)(void *)((char *)config + numbers[i].offset) = atoi(value);
        }
    }
}

static bool is_virtual_host(const ap_directive_t *directive)
{
    return !strcasecmp(directive->directive, "<VirtualHost");
}

/** Reads every DBD… directive among `directive` and its siblings, in sections too, but not in virtual hosts. */
static void read_siblings(apr_pool_t *pool, const ap_directive_t *directive,
                          orders_dbd_config_t *config)
{
    for (; directive; directive = directive->next) {
        if (!strncasecmp(directive->directive, "DBD", 3)) {
            read_directive(pool, directive, config);
        } else if (!is_virtual_host(directive)) {
            read_siblings(pool, directive->first_child, config);
        }
    }
}

static const ap_directive_t *virtual_host(const server_rec *server)
{
    for (const ap_directive_t *one = ap_conftree; server->is_virtual && one; one = one->next) {
        if (is_virtual_host(one) && server->defn_name &&
            one->line_num == (int)server->defn_line_number &&
            !strcmp(one->filename, server->defn_name)) {
            return one;
        }
    }
    return NULL;
}

void orders_dbd_config_read(apr_pool_t *pool, const server_rec *server, orders_dbd_config_t *config)
{
    const ap_directive_t *host = virtual_host(server);

    *config = defaults;
    read_siblings(pool, ap_conftree, config);
    if (host) {
        read_siblings(pool, host->first_child, config);
    }
}

static bool same_text(const char *one, const char *other)
{
    return one && other ? !strcmp(one, other) : one == other;
}

bool orders_dbd_config_shared(const orders_dbd_config_t *one, const orders_dbd_config_t *other)
{
    return same_text(one->driver, other->driver) && same_text(one->params, other->params) &&
           one->min == other->min && one->keep == other->keep && one->max == other->max &&
           one->lifetime == other->lifetime && one->persist == other->persist &&
           same_text(one->statements, other->statements);
}

const unsigned char *orders_dbd_config_id(apr_pool_t *pool, const orders_dbd_config_t *config)
{
    unsigned char *id = apr_palloc(pool, ORDERS_SHA256_SIZE);
    const char *text;

    if (!config->driver || !config->params) {
        return NULL;
    }
    text = apr_pstrcat(pool, config->driver, "\n", config->params, NULL);
    return orders_sha256(id, text, strlen(text)) ? id : NULL;
}

/** Whether `word` is one of the arguments. The arguments of a section end at `>`. */
static bool has_word(apr_pool_t *pool, const char *args, const char *word)
{
    args = apr_pstrmemdup(pool, args, strcspn(args, ">"));
    while (*args) {
        if (!strcasecmp(ap_getword_conf(pool, &args), word)) {
            return true;
        }
    }
    return false;
}

/** Whether the directive is of mod_authn_dbd, mod_authz_dbd or mod_session_dbd, or names the authentication provider `dbd`. */
static bool uses_dbd(apr_pool_t *pool, const ap_directive_t *directive)
{
    static const char *const prefixes[] = {"AuthDBD", "AuthzDBD", "SessionDBD"};
    static const char *const with_provider[] = {"AuthBasicProvider", "AuthDigestProvider",
                                                "AuthFormProvider", "<AuthnProviderAlias"};

    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        if (!strncasecmp(directive->directive, prefixes[i], strlen(prefixes[i]))) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof with_provider / sizeof *with_provider; i++) {
        if (!strcasecmp(directive->directive, with_provider[i])) {
            return has_word(pool, directive->args, "dbd");
        }
    }
    return false;
}

/** `whole_site`: sections are skipped, except <Location />. */
static const ap_directive_t *find_user(apr_pool_t *pool, const ap_directive_t *directive,
                                       bool whole_site)
{
    for (; directive; directive = directive->next) {
        const ap_directive_t *found = NULL;

        if (uses_dbd(pool, directive)) {
            return directive;
        }
        if (!is_virtual_host(directive) &&
            (!whole_site || (!strcasecmp(directive->directive, "<Location") &&
                             has_word(pool, directive->args, "/")))) {
            found = find_user(pool, directive->first_child, whole_site);
        }
        if (found) {
            return found;
        }
    }
    return NULL;
}

const ap_directive_t *orders_dbd_config_other_user(apr_pool_t *pool, const server_rec *server)
{
    const ap_directive_t *host = virtual_host(server);

    return find_user(pool, server->is_virtual ? (host ? host->first_child : NULL) : ap_conftree,
                     false);
}

const ap_directive_t *orders_dbd_config_user_everywhere(apr_pool_t *pool)
{
    return find_user(pool, ap_conftree, true);
}
