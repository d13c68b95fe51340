/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/section_check.h"

#include <apr_fnmatch.h>
#include <apr_strings.h>
#include <http_log.h>
#include <string.h>

#include "api/registry.h"

APLOG_USE_MODULE(orders);

/** The first directive of that name in a section, containers such as <RequireAll> included; or NULL. */
static const ap_directive_t *find_directive(const ap_directive_t *directive, const char *name)
{
    for (; directive; directive = directive->next) {
        const ap_directive_t *inner;

        if (!strcasecmp(directive->directive, name)) {
            return directive;
        }
        inner = find_directive(directive->first_child, name);
        if (inner) {
            return inner;
        }
    }
    return NULL;
}

static const char *first_argument(apr_pool_t *ptemp, const ap_directive_t *directive)
{
    const char *args = directive ? directive->args : "";

    return ap_getword_conf(ptemp, &args);
}

/** Whether both sections are in the same server. A section of a virtual host may replace one of the main server. */
static bool are_siblings(const orders_mount_t *one, const orders_mount_t *other)
{
    return one->section->parent == other->section->parent;
}

static bool check_path(const server_rec *server, const apr_array_header_t *mounts, int index)
{
    const orders_mount_t *mount = &APR_ARRAY_IDX(mounts, index, orders_mount_t);

    for (int i = 0; i < index; i++) {
        const orders_mount_t *other = &APR_ARRAY_IDX(mounts, i, orders_mount_t);

        if (other->api != mount->api && are_siblings(mount, other) &&
            !strcmp(other->path, mount->path)) {
            ap_log_error(
                APLOG_MARK, APLOG_EMERG, 0, server,
                "%s:%d: OrdersAPI %s has the same path as OrdersAPI %s (%s:%d), which would "
                "never be served: give each API its own path",
                mount->file, mount->line, mount->api->name, other->api->name, other->file,
                other->line);
            return false;
        }
    }
    return true;
}

static bool takes_tokens(const server_rec *server, const orders_mount_t *mount)
{
    orders_dir_conf_t server_dir;

    orders_dir_conf_resolve(ap_get_module_config(server->lookup_defaults, &orders_module),
                            &server_dir);
    return ORDERS_DEFAULT(mount->dir->identity, ORDERS_UNSET, server_dir.identity) ==
           ORDERS_IDENTITY_TOKEN;
}

/** A password and a bearer token use the same header, so a request cannot have both. */
static bool check_credential(apr_pool_t *ptemp, const server_rec *server,
                             const orders_mount_t *mount)
{
    const char *type =
        first_argument(ptemp, find_directive(mount->section->first_child, "AuthType"));

    if ((strcasecmp(type, "Basic") && strcasecmp(type, "Digest")) ||
        (mount->api->has & ORDERS_HAS_OWN_KEYS) || !takes_tokens(server, mount)) {
        return true;
    }
    ap_log_error(
        APLOG_MARK, APLOG_EMERG, 0, server,
        "%s:%d: OrdersAPI %s expects a bearer token in the Authorization header, which AuthType "
        "%s uses, so that every request would be answered with 401: add OrdersIdentity "
        "remote-user, or use AuthType Orders",
        mount->file, mount->line, mount->api->name, type);
    return false;
}

bool orders_section_check(apr_pool_t *ptemp, const server_rec *server,
                          const apr_array_header_t *mounts)
{
    for (int i = 0; i < mounts->nelts; i++) {
        if (!check_path(server, mounts, i) ||
            !check_credential(ptemp, server, &APR_ARRAY_IDX(mounts, i, orders_mount_t))) {
            return false;
        }
    }
    return true;
}

/** Whether a regular expression of a section matches a mount. httpd itself refuses invalid expressions. */
static bool regex_matches(apr_pool_t *ptemp, const char *pattern, const char *path)
{
    ap_regex_t *regex = ap_pregcomp(ptemp, pattern, AP_REG_EXTENDED | AP_REG_NOSUB);

    return regex && !ap_regexec(regex, *path ? path : "/", 0, NULL, 0);
}

/** Whether a section is a <Location> or <LocationMatch> that applies to all of `path`. */
static bool applies_to(apr_pool_t *ptemp, const ap_directive_t *section, const char *path)
{
    const char *args = section->args;
    bool regex = !strcasecmp(section->directive, "<LocationMatch");
    char *where;
    size_t length;

    if (!regex && strcasecmp(section->directive, "<Location") != 0) {
        return false;
    }
    where = ap_getword_conf(ptemp, &args);
    if (!regex && !strcmp(where, "~")) {
        regex = true;
        where = ap_getword_conf(ptemp, &args);
    }
    length = strlen(where);
    if (length && !*args &&
        where[length - 1] == '>') { /* the `>` of the section, if the argument is not quoted */
        where[--length] = '\0';
    }
    if (regex) {
        return regex_matches(ptemp, where, path);
    }
    if (*where != '/') {
        return false;
    }
    if (apr_fnmatch_test(where)) {
        return !apr_fnmatch(where, *path ? path : "/", APR_FNM_PATHNAME);
    }
    while (length && where[length - 1] == '/') {
        length--;
    }
    return !strncmp(path, where, length) && (!path[length] || path[length] == '/');
}

static bool merges_auth(apr_pool_t *ptemp, const ap_directive_t *section)
{
    const char *value = first_argument(ptemp, find_directive(section->first_child, "AuthMerging"));

    return *value && strcasecmp(value, "Off");
}

static void advise_later_sections(apr_pool_t *ptemp, const server_rec *server,
                                  const orders_mount_t *mount, const ap_directive_t *own,
                                  const ap_directive_t *later)
{
    for (; later; later = later->next) {
        const ap_directive_t *require = find_directive(later->first_child, "Require");

        if (require && applies_to(ptemp, later, mount->path) && !merges_auth(ptemp, later)) {
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server,
                         "%s:%d: this Require replaces that of OrdersAPI %s (%s:%d), because the "
                         "later of two sections applies: move this section before the other, or "
                         "use AuthMerging And",
                         require->filename, require->line_num, mount->api->name, own->filename,
                         own->line_num);
        }
    }
}

static bool is_condition(const ap_directive_t *section)
{
    return !strcasecmp(section->directive, "<If") || !strcasecmp(section->directive, "<ElseIf") ||
           !strcasecmp(section->directive, "<Else");
}

/** Whether a section can apply to the path of a mount. <Directory> and <Files> always can. */
static bool may_contain(apr_pool_t *ptemp, const ap_directive_t *section, const char *path)
{
    bool location = !strncasecmp(section->directive, "<Location", sizeof "<Location" - 1);

    return strcasecmp(section->directive, "<VirtualHost") != 0 &&
           (!location || applies_to(ptemp, section, path));
}

/** httpd merges conditions (<If>) after all Locations, regardless of the order of the file. */
static void advise_conditions(apr_pool_t *ptemp, const server_rec *server,
                              const orders_mount_t *mount, const ap_directive_t *own,
                              const ap_directive_t *section)
{
    for (; section; section = section->next) {
        const ap_directive_t *require = find_directive(section->first_child, "Require");

        if (!require || section == mount->section || !may_contain(ptemp, section, mount->path)) {
            continue;
        }
        if (!is_condition(section)) {
            advise_conditions(ptemp, server, mount, own, section->first_child);
        } else if (!merges_auth(ptemp, section)) {
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server,
                         "%s:%d: this Require replaces that of OrdersAPI %s (%s:%d) where %s> "
                         "applies, because conditions are merged after every <Location>: use "
                         "AuthMerging And, or put the condition into another <Location>",
                         require->filename, require->line_num, mount->api->name, own->filename,
                         own->line_num, section->directive);
        }
    }
}

static void advise_server(apr_pool_t *ptemp, const server_rec *server, const orders_mount_t *mount,
                          const ap_directive_t *own, const ap_directive_t *host)
{
    for (; host; host = host->next) {
        if (!strcasecmp(host->directive, "<VirtualHost") &&
            (!mount->section->parent || mount->section->parent == host)) {
            if (!mount->section->parent) {
                advise_later_sections(ptemp, server, mount, own, host->first_child);
            }
            advise_conditions(ptemp, server, mount, own, host->first_child);
        }
    }
}

/** httpd merges the sections of a virtual host after those of the main server. */
void orders_section_advise(apr_pool_t *ptemp, const server_rec *server,
                           const apr_array_header_t *mounts)
{
    for (int i = 0; i < mounts->nelts; i++) {
        const orders_mount_t *mount = &APR_ARRAY_IDX(mounts, i, orders_mount_t);
        const ap_directive_t *own = find_directive(mount->section->first_child, "Require");

        if (!own) {
            continue;
        }
        advise_later_sections(ptemp, server, mount, own, mount->section->next);
        advise_conditions(ptemp, server, mount, own, ap_conftree);
        advise_server(ptemp, server, mount, own, ap_conftree);
    }
}
