/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints the tables of all APIs as JSON, for t/checks/openapi.pl: the routes, what they read, and the statuses of their responses,
 * as the API's own `problem` function has them.
 */
#include <apr_general.h>
#include <apr_strings.h>
#include <stdio.h>
#include <string.h>

#include "api/registry.h"
#include "core/route.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static apr_pool_t *pool;
static orders_json_t *json;

static const char *no_header(const orders_call_t *call, const char *name)
{
    return NULL;
}

static void member_flags(const char *name, unsigned flags, const char *const *words, size_t count)
{
    orders_json_key(json, name);
    orders_json_begin_array(json);
    for (size_t i = 0; i < count; i++) {
        if (flags & 1u << i) {
            orders_json_string(json, words[i]);
        }
    }
    orders_json_end_array(json);
}

/* ---- fields ---- */

static void member_table(const char *name, const orders_field_table_t *table);

static void write_field(const orders_field_t *field)
{
    static const char *const types[] = {
        [ORDERS_FIELD_UINT64] = "integer", [ORDERS_FIELD_INT64] = "integer",
        [ORDERS_FIELD_STRING] = "string",  [ORDERS_FIELD_BOOL] = "boolean",
        [ORDERS_FIELD_ENUM] = "enum",      [ORDERS_FIELD_DECIMAL] = "number",
        [ORDERS_FIELD_JSON] = "any",       [ORDERS_FIELD_OBJECT] = "object",
        [ORDERS_FIELD_ARRAY] = "array",    [ORDERS_FIELD_MAP] = "map",
        [ORDERS_FIELD_IDS] = "ids",
    };

    orders_json_begin_object(json);
    if (field->name) {
        orders_json_member_string(json, "name", field->name);
    }
    orders_json_member_string(json, "type", types[field->type]);
    orders_json_member_bool(json, "required", field->flags & ORDERS_FIELD_REQUIRED);
    orders_json_member_bool(json, "required_later", field->flags & ORDERS_FIELD_REQUIRED_LATER);
    orders_json_member_bool(json, "lenient",
                            field->flags & (ORDERS_FIELD_LENIENT | ORDERS_FIELD_SANITISE));
    orders_json_member_bool(json, "or_number", field->flags & ORDERS_FIELD_OR_NUMBER);
    orders_json_member_bool(json, "or_integer", field->flags & ORDERS_FIELD_OR_INTEGER);
    if (field->min || field->max) {
        orders_json_member_int(json, "min", field->min);
        orders_json_member_int(json, "max", field->max);
    }
    if (field->values) {
        orders_json_key(json, "values");
        orders_json_begin_array(json);
        for (const char *const *value = field->values; *value; value++) {
            orders_json_string(json, *value);
        }
        orders_json_end_array(json);
    }
    if (field->members) {
        member_table("members", field->members);
    }
    if (field->entry) {
        orders_json_key(json, "entry");
        write_field(field->entry);
    }
    orders_json_end_object(json);
}

static void member_table(const char *name, const orders_field_table_t *table)
{
    orders_json_key(json, name);
    if (!table) {
        orders_json_null(json);
        return;
    }
    orders_json_begin_object(json);
    orders_json_member_bool(json, "exactly", table->exactly);
    orders_json_key(json, "read_only");
    orders_json_begin_array(json);
    for (const char *const *other = table->read_only; other && *other; other++) {
        orders_json_string(json, *other);
    }
    orders_json_end_array(json);
    orders_json_key(json, "fields");
    orders_json_begin_array(json);
    for (size_t i = 0; i < table->count; i++) {
        write_field(&table->fields[i]);
    }
    orders_json_end_array(json);
    orders_json_end_object(json);
}

static void member_pages(const orders_page_rules_t *pages)
{
    orders_json_key(json, "pages");
    if (!pages) {
        orders_json_null(json);
        return;
    }
    orders_json_begin_object(json);
    orders_json_member_string(json, "page", pages->page);
    orders_json_member_string(json, "size", pages->size);
    orders_json_member_string(json, "cursor", pages->cursor ? "cursor" : NULL);
    orders_json_member_int(json, "default", pages->default_size);
    orders_json_end_object(json);
}

/* ---- statuses ---- */

static bool always(const orders_route_t *route)
{
    return true;
}

static bool is_authenticated(const orders_route_t *route)
{
    return route->auth != ORDERS_AUTH_NONE;
}

static bool has_body(const orders_route_t *route)
{
    return route->body;
}

static bool has_typed_body(const orders_route_t *route)
{
    return has_body(route) && !route->media;
}

static bool can_refuse(const orders_field_table_t *table)
{
    for (size_t i = 0; table && i < table->count; i++) {
        const unsigned lenient = ORDERS_FIELD_LENIENT | ORDERS_FIELD_SANITISE;
        if (!(table->fields[i].flags & lenient) || table->fields[i].flags & ORDERS_FIELD_REQUIRED) {
            return true;
        }
    }
    return table && table->exactly;
}

static bool has_fields(const orders_route_t *route)
{
    return can_refuse(route->fields) || can_refuse(route->query) || route->pages || route->dry_run;
}

static bool has_query(const orders_route_t *route)
{
    return route->query || route->pages || route->dry_run;
}

static bool has_parameter(const orders_route_t *route)
{
    return strchr(route->path, ':') != NULL;
}

static bool has_key(const orders_route_t *route)
{
    return route->headers & ORDERS_HEADER_KEY;
}

static bool has_condition(const orders_route_t *route)
{
    return route->headers & ORDERS_HEADER_IF_MATCH;
}

static bool is_guessable(const orders_route_t *route)
{
    return route->guessable;
}

/** A link that expires. */
static bool is_link(const orders_route_t *route)
{
    return route->secret && route->auth == ORDERS_AUTH_NONE;
}

static bool cannot_run_dry(const orders_route_t *route)
{
    return route->dry_run == ORDERS_DRY_RUN_NO;
}

static bool acts(const orders_route_t *route)
{
    return route->acts;
}

/* Errors that follow from the row of a route. */
static const struct {
    orders_error_e error;
    bool (*applies)(const orders_route_t *route);
} errors[] = {
    {ORDERS_E_internal_error, always},
    {ORDERS_E_busy, always},
    {ORDERS_E_unauthenticated, is_authenticated},
    {ORDERS_E_forbidden, is_authenticated},
    {ORDERS_E_malformed_json, has_body},
    {ORDERS_E_malformed_form, has_typed_body},
    {ORDERS_E_body_too_large, has_body},
    {ORDERS_E_unsupported_media_type, has_body},
    {ORDERS_E_request_timeout, has_body},
    {ORDERS_E_malformed_request, has_query},
    {ORDERS_E_invalid_fields, has_fields},
    {ORDERS_E_not_found, has_parameter},
    {ORDERS_E_invalid_idempotency_key, has_key},
    {ORDERS_E_idempotency_in_flight, has_key},
    {ORDERS_E_idempotency_key_reused, has_key},
    {ORDERS_E_version_mismatch, has_condition},
    {ORDERS_E_too_many_requests, is_guessable},
    {ORDERS_E_link_expired, is_link},
    {ORDERS_E_prefetch, acts},
    {ORDERS_E_dry_run_not_supported, cannot_run_dry},
};

/** The response of the API to a problem. */
static orders_reply_t response_to(const orders_api_t *api, const orders_route_t *route,
                                  orders_error_e error)
{
    static const orders_settings_t settings = {.tenant = 1};
    const orders_call_t call = {.pool = pool,
                                .api = api,
                                .route = route,
                                .settings = &settings,
                                .request_id = "-",
                                .header = no_header};
    orders_problem_t *problem = NULL;
    orders_reply_t reply = {.headers = apr_table_make(pool, 2)};

    if (error == ORDERS_E_invalid_fields) {
        orders_problem_field(&problem, pool, "field", ORDERS_E_invalid_field, NULL);
    } else {
        problem = orders_problem(pool, error, NULL);
    }
    reply.status = orders_problem_status(problem);
    api->problem(&call, problem, &reply);
    return reply;
}

static int status_of(const orders_api_t *api, const orders_route_t *route, orders_error_e error)
{
    return response_to(api, route, error).status;
}

/** Whether the response has a member that is null, such as a code that the API's table does not have. */
static bool is_incomplete(const orders_api_t *api, const orders_route_t *route,
                          orders_error_e error)
{
    const orders_reply_t reply = response_to(api, route, error);
    apr_size_t length;

    return reply.json && strstr(orders_json_text(reply.json, pool, &length), ":null");
}

/** The errors of the route whose response is incomplete. */
static void member_incomplete(const orders_api_t *api, const orders_route_t *route)
{
    orders_json_key(json, "incomplete");
    orders_json_begin_array(json);
    for (unsigned error = 0; error < ORDERS_E__COUNT; error++) {
        bool applies = route->refuses & 1u << orders_error_kind((orders_error_e)error);
        for (size_t i = 0; i < COUNT(errors) && !applies; i++) {
            applies = errors[i].error == error && errors[i].applies(route);
        }
        if (applies && is_incomplete(api, route, (orders_error_e)error)) {
            orders_json_string(json, orders_error_code((orders_error_e)error));
        }
    }
    orders_json_end_array(json);
}

static void member_status(const orders_api_t *api, const orders_route_t *route,
                          orders_error_e error)
{
    orders_json_member_int(json, orders_error_code(error), status_of(api, route, error));
}

/** By kind, the statuses that its errors have. */
static void member_refuses(const orders_api_t *api, const orders_route_t *route)
{
#define X(name, status) #name,
    static const char *const kinds[] = {ORDERS_KINDS(X)};
#undef X

    orders_json_key(json, "refuses");
    orders_json_begin_object(json);
    for (unsigned kind = 0; kind < COUNT(kinds); kind++) {
        if (!(route->refuses & 1u << kind)) {
            continue;
        }
        orders_json_key(json, kinds[kind]);
        orders_json_begin_array(json);
        for (unsigned error = 0; error < ORDERS_E__COUNT; error++) {
            if (orders_error_kind((orders_error_e)error) == kind) {
                orders_json_int(json, status_of(api, route, (orders_error_e)error));
            }
        }
        orders_json_end_array(json);
    }
    orders_json_end_object(json);
}

static void member_statuses(const orders_api_t *api, const orders_route_t *route)
{
    orders_json_key(json, "errors");
    orders_json_begin_object(json);
    for (size_t i = 0; i < COUNT(errors); i++) {
        if (errors[i].applies(route)) {
            member_status(api, route, errors[i].error);
        }
    }
    orders_json_end_object(json);
    member_refuses(api, route);
    orders_json_key(json, "success");
    orders_json_begin_array(json);
    orders_json_int(json, orders_route_status(route));
    for (size_t i = 1; i < ORDERS_MAX_SUCCESS && route->success[i]; i++) {
        orders_json_int(json, route->success[i]);
    }
    if (route->dry_run == ORDERS_DRY_RUN_YES) {
        orders_json_int(json, 200);
    }
    orders_json_end_array(json);
}

/* ---- routes ---- */

static bool matches(const orders_api_t *api, const orders_route_t *route, const char *path)
{
    orders_match_t match;

    return orders_route_match(api, route->method, path, pool, &match) == ORDERS_ROUTE_FOUND &&
           match.route == route;
}

static const char *without_slash(const char *path)
{
    apr_size_t length = strlen(path);

    return length && path[length - 1] == '/' ? apr_pstrndup(pool, path, length - 1) : path;
}

static void write_route(const orders_api_t *api, const orders_route_t *route)
{
    static const char *const auths[] = {[ORDERS_AUTH_IDENTITY] = "identity",
                                        [ORDERS_AUTH_NONE] = "none",
                                        [ORDERS_AUTH_OWN] = "own"};
    static const char *const bodies[] = {[ORDERS_BODY_NONE] = "none",
                                         [ORDERS_BODY_REQUIRED] = "required",
                                         [ORDERS_BODY_OPTIONAL] = "optional"};
    static const char *const dry_runs[] = {[ORDERS_DRY_RUN_UNDECIDED] = NULL,
                                           [ORDERS_DRY_RUN_YES] = "yes",
                                           [ORDERS_DRY_RUN_NO] = "no"};
#define X(name, word) word,
    static const char *const scopes[] = {ORDERS_SCOPES(X)};
#undef X
    static const char *const media[] = {"application/json", "application/x-www-form-urlencoded",
                                        "multipart/form-data", "application/x-ndjson", "text/csv",
                                        "application/merge-patch+json"};
    static const char *const headers[] = {"Idempotency-Key", "If-Match", "If-None-Match",
                                          "Accept-Language"};
    const char *path = without_slash(route->path);

    orders_json_begin_object(json);
    orders_json_member_string(json, "name", route->name);
    orders_json_member_string(json, "method", orders_method_list(pool, route->method));
    orders_json_member_string(json, "path", route->path);
    orders_json_member_bool(json, "matches",
                            matches(api, route, path) &&
                                matches(api, route, apr_pstrcat(pool, path, "/", NULL)));
    orders_json_member_string(json, "auth", auths[route->auth]);
    member_flags("scopes", route->scope, scopes, COUNT(scopes));
    orders_json_member_string(json, "body", bodies[route->body]);
    orders_json_member_string(json, "dry_run", dry_runs[route->dry_run]);
    orders_json_member_bool(json, "raw", route->raw_body);
    member_flags("media", route->media ? route->media : 7u, media, COUNT(media));
    member_flags("headers", route->headers, headers, COUNT(headers));
    member_table("fields", route->fields);
    member_table("query", route->query);
    member_pages(route->pages);
    orders_json_member_string(json, "repeated", route->repeated);
    member_statuses(api, route);
    member_incomplete(api, route);
    orders_json_end_object(json);
}

int main(void)
{
    apr_size_t length;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    json = orders_json_open(pool);
    orders_json_begin_object(json);
    for (const orders_api_t *const *api = orders_apis; *api; api++) {
        orders_json_key(json, (*api)->name);
        orders_json_begin_array(json);
        for (size_t i = 0; i < orders_route_count(*api); i++) {
            write_route(*api, orders_route_at(*api, i));
        }
        orders_json_end_array(json);
    }
    orders_json_end_object(json);
    puts(orders_json_text(json, pool, &length));
    apr_terminate();
    return 0;
}
