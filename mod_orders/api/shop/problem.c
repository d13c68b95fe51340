/* SPDX-License-Identifier: Apache-2.0 */
/* The shop API: errors. */
#include "api/shop/shop.h"

/* The API's code for each kind of problem. Other errors of a client are BAD_REQUEST, with their own HTTP status. */
static const char *const codes[] = {
    [ORDERS_KIND_MALFORMED] = "BAD_REQUEST",
    [ORDERS_KIND_UNAUTHENTICATED] = "UNAUTHORIZED",
    [ORDERS_KIND_PAYMENT_REQUIRED] = "INVALID_STATE",
    [ORDERS_KIND_FORBIDDEN] = "FORBIDDEN",
    [ORDERS_KIND_NOT_FOUND] = "NOT_FOUND",
    [ORDERS_KIND_METHOD_NOT_ALLOWED] = "BAD_REQUEST",
    [ORDERS_KIND_NOT_ACCEPTABLE] = "BAD_REQUEST",
    [ORDERS_KIND_TIMED_OUT] = "BAD_REQUEST",
    [ORDERS_KIND_CONFLICT] = "INVALID_STATE",
    [ORDERS_KIND_GONE] = "NOT_FOUND",
    [ORDERS_KIND_PRECONDITION_FAILED] = "INVALID_STATE",
    [ORDERS_KIND_TOO_LARGE] = "BAD_REQUEST",
    [ORDERS_KIND_UNSUPPORTED_TYPE] = "BAD_REQUEST",
    [ORDERS_KIND_UNPROCESSABLE] = "VALIDATION_ERROR",
    [ORDERS_KIND_TOO_MANY] = "TOO_MANY_REQUESTS",
    [ORDERS_KIND_UNAVAILABLE] = "UNAVAILABLE",
    [ORDERS_KIND_INTERNAL] = "INTERNAL",
};

static void write_fields(orders_json_t *json, const apr_array_header_t *fields)
{
    orders_json_begin_array(json);
    for (int i = 0; i < fields->nelts; i++) {
        const orders_field_error_t *refused = &APR_ARRAY_IDX(fields, i, orders_field_error_t);
        orders_json_begin_object(json);
        orders_json_member_string(json, "field", refused->field);
        orders_json_member_string(json, "code", orders_error_code(refused->error));
        orders_json_member_string(json, "message", refused->message);
        orders_json_end_object(json);
    }
    orders_json_end_array(json);
}

/* The refused fields, or the code of docs/errors.md if the problem is not about fields. */
static void member_details(orders_json_t *json, const orders_problem_t *problem)
{
    orders_json_key(json, "details");
    if (problem->fields && problem->fields->nelts > 0) {
        write_fields(json, problem->fields);
        return;
    }
    orders_json_begin_object(json);
    orders_json_member_string(json, "code", orders_error_code(problem->error));
    orders_json_end_object(json);
}

void orders_shop_problem(const orders_call_t *call, const orders_problem_t *problem,
                         orders_reply_t *reply)
{
    orders_kind_e kind = orders_error_kind(problem->error);
    orders_json_t *json = orders_json_open(call->pool);
    orders_json_begin_object(json);
    orders_json_key(json, "error");
    orders_json_begin_object(json);
    orders_json_member_string(json, "code", codes[kind]);
    orders_json_member_string(json, "message", problem->detail);
    member_details(json, problem);
    orders_json_end_object(json);
    orders_json_end_object(json);
    reply->status = orders_kind_status(kind);
    reply->etag = NULL;
    reply->json = json;
}
