/* SPDX-License-Identifier: Apache-2.0 */
#include "core/call_input.h"

#include <string.h>

#include "core/input_body.h"

/** Whether the route accepts bodies of this type. An empty body needs no type. */
static bool is_supported_type(const orders_route_t *route, const char *type)
{
    static const struct {
        const char *type;
        unsigned media;
    } types[] = {
        {"application/json", ORDERS_MEDIA_JSON},
        {"application/x-www-form-urlencoded", ORDERS_MEDIA_FORM},
        {"multipart/form-data", ORDERS_MEDIA_MULTIPART},
        {"application/x-ndjson", ORDERS_MEDIA_NDJSON},
        {"text/csv", ORDERS_MEDIA_CSV},
        {"application/merge-patch+json", ORDERS_MEDIA_MERGE_PATCH},
    };

    const unsigned media = route->media
                               ? route->media
                               : ORDERS_MEDIA_JSON | ORDERS_MEDIA_FORM | ORDERS_MEDIA_MULTIPART;

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(types[i].type, type) == 0) {
            return media & types[i].media;
        }
    }
    return true;
}

orders_problem_t *orders_call_body(orders_input_t **input, orders_call_t *call)
{
    const orders_route_t *route = call->route;

    if (!is_supported_type(route, call->content_type)) {
        return orders_problem(call->pool, ORDERS_E_unsupported_media_type, NULL);
    }
    return orders_input_body(input, call, route->body != ORDERS_BODY_REQUIRED);
}

static orders_problem_t *decode(const orders_call_t *call, const orders_field_table_t *table,
                                const orders_input_t *input, void *into)
{
    return table ? orders_field_table_decode(table, input, into, call->pool)
                 : orders_problem_logged(call->pool, ORDERS_E_internal_error,
                                         "the route has no table for these fields");
}

orders_problem_t *orders_call_decode(const orders_call_t *call, const orders_input_t *input,
                                     void *into)
{
    return decode(call, call->route->fields, input, into);
}

static const orders_field_t *find_field(const orders_field_table_t *table, const char *name)
{
    for (size_t i = 0; table && i < table->count; i++) {
        if (strcmp(table->fields[i].name, name) == 0) {
            return &table->fields[i];
        }
    }
    return NULL;
}

orders_problem_t *orders_call_decode_members(const orders_call_t *call, const orders_input_t *input,
                                             const char *name, void *into)
{
    const orders_field_t *field = find_field(call->route->fields, name);
    orders_input_t *members;

    if (!field || !field->members) {
        return decode(call, NULL, input, into);
    }
    ORDERS_TRY(orders_input_members(&members, input, field, call->pool));
    return decode(call, field->members, members, into);
}

orders_problem_t *orders_call_read(orders_call_t *call, void *into)
{
    orders_input_t *input;

    ORDERS_TRY(orders_call_body(&input, call));
    return orders_call_decode(call, input, into);
}

orders_problem_t *orders_call_query(orders_input_t **input, const orders_call_t *call)
{
    return orders_input_query(input, call->pool, call->query);
}

orders_problem_t *orders_call_decode_query(const orders_call_t *call, const orders_input_t *query,
                                           void *into)
{
    return decode(call, call->route->query, query, into);
}

orders_problem_t *orders_call_page(orders_page_t *page, const orders_call_t *call,
                                   const orders_input_t *query, const char *context)
{
    return orders_page_read(page, call->route->pages, query, context, call->settings, call->pool);
}
