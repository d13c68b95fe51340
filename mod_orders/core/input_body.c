/* SPDX-License-Identifier: Apache-2.0 */
#include "core/input_body.h"

#include <string.h>

static orders_problem_t *parse(orders_input_t **input, const orders_call_t *call, bool allow_empty)
{
    const char *type = call->content_type;
    const char *repeated = call->route ? call->route->repeated : NULL;

    if (strcmp(type, "application/json") == 0 ||
        strcmp(type, "application/merge-patch+json") == 0 || (!*type && call->body_length == 0)) {
        return orders_input_json(input, call->pool, call->body, call->body_length, allow_empty);
    }
    if (strcmp(type, "application/x-www-form-urlencoded") == 0) {
        return orders_input_form(input, call->pool, call->body, call->body_length, repeated);
    }
    if (strcmp(type, "multipart/form-data") == 0) {
        const char *header = call->header(call, "Content-Type");

        return orders_input_multipart(input, call->pool, header ? header : "", call->body,
                                      call->body_length, repeated);
    }
    return orders_problem(call->pool, ORDERS_E_unsupported_media_type, NULL);
}

orders_problem_t *orders_input_body(orders_input_t **input, orders_call_t *call, bool allow_empty)
{
    ORDERS_TRY(parse(input, call, allow_empty));
    call->input = *input;
    return NULL;
}
