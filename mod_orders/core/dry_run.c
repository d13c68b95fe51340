/* SPDX-License-Identifier: Apache-2.0 */
#include "core/dry_run.h"

#include <apr_strings.h>
#include <string.h>

#include "core/input.h"
#include "core/text.h"

#define PARAMETER "dry_run"
#define MEMBER "{\"dry_run\":true"
#define HTTP_OK 200

/* Other modes may follow, so the numbers that a Boolean field accepts are refused. */
static orders_problem_t *read_value(orders_call_t *call, const char *value)
{
    orders_problem_t *problem = NULL;

    if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0) {
        orders_problem_field(&problem, call->pool, PARAMETER, ORDERS_E_invalid_type,
                             "Must be true or false.");
        return problem;
    }
    call->dry_run = strcmp(value, "true") == 0;
    return call->dry_run && call->route->dry_run != ORDERS_DRY_RUN_YES
               ? orders_problem(call->pool, ORDERS_E_dry_run_not_supported, NULL)
               : NULL;
}

static bool accepts_others(const orders_route_t *route)
{
    return route->query || route->pages || route->auth == ORDERS_AUTH_NONE;
}

static const char *encode(const orders_call_t *call, const orders_pair_t *pair)
{
    return apr_pstrcat(call->pool,
                       orders_percent_encode(call->pool, pair->name, strlen(pair->name)), "=",
                       orders_percent_encode(call->pool, pair->value, strlen(pair->value)), NULL);
}

orders_problem_t *orders_dry_run_read(orders_call_t *call)
{
    orders_problem_t *unknown = NULL;
    const char *others = "";
    orders_input_t *input;

    if (!*call->query) {
        return NULL;
    }
    ORDERS_TRY(orders_input_query(&input, call->pool, call->query));
    for (int i = 0; i < input->pairs->nelts; i++) {
        const orders_pair_t *pair = &APR_ARRAY_IDX(input->pairs, i, orders_pair_t);

        if (strcmp(pair->name, PARAMETER) == 0) {
            ORDERS_TRY(read_value(call, pair->value));
        } else if (accepts_others(call->route)) {
            others = apr_pstrcat(call->pool, others, *others ? "&" : "", encode(call, pair), NULL);
        } else {
            orders_problem_field(&unknown, call->pool,
                                 orders_field_shown_name(pair->name, call->pool),
                                 ORDERS_E_unknown_field, NULL);
        }
    }
    call->query = others;
    return unknown;
}

/* Adds the member to each line that is an object. A JSON body is one line. */
static const char *mark_lines(const char *text, apr_pool_t *pool)
{
    apr_array_header_t *parts = apr_array_make(pool, 4, sizeof(const char *));

    while (*text) {
        const apr_size_t length = strcspn(text, "\n");
        const bool is_object = *text == '{';

        if (is_object) {
            APR_ARRAY_PUSH(parts, const char *) = text[1] == '}' ? MEMBER : MEMBER ",";
        }
        APR_ARRAY_PUSH(parts, const char *) =
            apr_pstrmemdup(pool, text + is_object, length - is_object + (text[length] == '\n'));
        text += length + (text[length] == '\n');
    }
    return apr_array_pstrcat(pool, parts, 0);
}

void orders_dry_run_reply(const orders_call_t *call, orders_reply_t *reply)
{
    apr_size_t length;
    const char *text = reply->json ? orders_json_text(reply->json, call->pool, &length) : "{}";

    text = mark_lines(text, call->pool);
    reply->status = HTTP_OK;
    reply->etag = NULL;
    reply->replayed = false;
    apr_table_unset(reply->headers, "Location");
    apr_table_unset(reply->headers, "Link");
    reply->json = orders_json_open(call->pool);
    orders_json_raw(reply->json, text, strlen(text));
}
