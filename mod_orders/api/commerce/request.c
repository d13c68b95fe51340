/* SPDX-License-Identifier: Apache-2.0 */
/* The commerce API: authentication of the application and of its user, and reading requests. */
#include <string.h>

#include "api/commerce/commerce.h"
#include "core/call_input.h"
#include "core/text.h"
#include "core/token.h"

static orders_problem_t *unauthenticated(const orders_call_t *call, const char *header)
{
    orders_problem_t *problem = orders_problem(call->pool, ORDERS_E_unauthenticated, NULL);
    orders_problem_field(&problem, call->pool, header, ORDERS_E_unauthenticated, NULL);
    return problem;
}

static orders_problem_t *authenticate_application(orders_call_t *call)
{
    orders_problem_t *problem =
        call->look_up(call, call->header(call, "apikey"), &call->application);
    if (problem && problem->error != ORDERS_E_unauthenticated) {
        return problem;
    }
    return !problem && call->application->scopes & ORDERS_SCOPE_APPLICATION
               ? NULL
               : unauthenticated(call, "apikey");
}

static bool may_act_as_user(const orders_call_t *call)
{
    return call->application->scopes & ORDERS_SCOPE_ACT_AS_USER;
}

/* Identifies the user by the token. A token without the scope is treated like a missing one. */
static orders_problem_t *authenticate_user(orders_call_t *call, const char *header)
{
    const char *token = header ? orders_token_bearer(header) : NULL;
    orders_problem_t *problem = token ? call->identify(call, token) : NULL;
    if (token && !problem) {
        return NULL;
    }
    return problem && problem->error != ORDERS_E_unauthenticated &&
                   problem->error != ORDERS_E_forbidden
               ? problem
               : unauthenticated(call, "Authorization");
}

orders_problem_t *orders_commerce_authenticate(orders_call_t *call)
{
    const char *header = call->header(call, "Authorization");
    ORDERS_TRY(authenticate_application(call));
    if (!call->settings->own_tokens) {
        return call->identify(call, NULL); /* httpd has authenticated the user */
    }
    if (!header && may_act_as_user(call)) {
        call->identity = call->application;
        call->count_for(call, call->application->user_id, call->application->ref);
        return NULL;
    }
    return authenticate_user(call, header);
}

const char *orders_commerce_member(const orders_call_t *call, const char *uid)
{
    const char *own = call->identity != call->application ? call->identity->ref : NULL;
    if (!uid || (own && strcmp(uid, own) == 0)) {
        return own;
    }
    if (!*uid || !may_act_as_user(call)) {
        return NULL;
    }
    call->count_for(call, 0, uid);
    return uid;
}

void orders_commerce_refuse_member(orders_problem_t **problem, apr_pool_t *pool)
{
    orders_problem_field(problem, pool, "uid", ORDERS_E_user_not_found, "Invalid user id");
}

static bool begins_with_brace(const orders_call_t *call)
{
    return call->body[strspn(call->body, " \t\r\n")] == '{';
}

/* The sample clients of the specification send JSON with the default type of their libraries: that of a form, or none. */
static const char *type_of(const orders_call_t *call)
{
    if (call->body_length == 0) {
        return "";
    }
    bool is_unspecific = !*call->content_type ||
                         strcmp(call->content_type, "application/x-www-form-urlencoded") == 0;
    return is_unspecific && begins_with_brace(call) ? "application/json" : call->content_type;
}

orders_problem_t *orders_commerce_body(orders_input_t **input, orders_call_t *call)
{
    orders_text_skip_mark(&call->body, &call->body_length);
    call->content_type = type_of(call);
    return orders_call_body(input, call);
}

static const char *const *list_field_names(const orders_route_t *route, apr_pool_t *pool)
{
    const orders_field_table_t *table = route->fields;
    const char **names = apr_pcalloc(pool, (table->count + 2) * sizeof(*names));
    for (size_t i = 0; i < table->count; i++) {
        names[i] = table->fields[i].name;
    }
    names[table->count] = route->pages ? route->pages->size : NULL;
    return names;
}

orders_problem_t *orders_commerce_query(orders_input_t **input, orders_call_t *call)
{
    orders_input_t *query, *body;
    ORDERS_TRY(orders_call_query(&query, call));
    ORDERS_TRY(orders_commerce_body(&body, call));
    return orders_input_both(input, query, body, list_field_names(call->route, call->pool),
                             call->pool);
}
