/* SPDX-License-Identifier: Apache-2.0 */
/* The company API: reading requests. The credential is a key in the body, or in Authorization. */

#include "api/company/company.h"
#include "core/token.h"

#define BODY orders_company_body_t
/* orders_company_read() reads the key. */
#define KEY                                                                                        \
    {                                                                                              \
        .name = "api_key", .type = ORDERS_FIELD_STRING, .flags = ORDERS_FIELD_LENIENT,             \
        .offset = ORDERS_FIELD_CHECKED, .given = SIZE_MAX                                          \
    }
/* A string, or an integer as its digits; any other value counts as missing. */
#define TEXT(member, more)                                                                         \
    ORDERS_FIELD(BODY, STRING, member, .max = 255,                                                 \
                 .flags = ORDERS_FIELD_LENIENT | ORDERS_FIELD_OR_INTEGER | (more))
#define NUMBER TEXT(order_number, ORDERS_FIELD_REQUIRED)

/* `page` and `limit` are not in the specification. */
static const orders_field_t list_fields[] = {
    KEY,
    ORDERS_FIELD(BODY, INT64, page, .flags = ORDERS_FIELD_LENIENT, .min = 1, .max = 1000000),
    ORDERS_FIELD(BODY, INT64, limit, .flags = ORDERS_FIELD_LENIENT, .min = 1,
                 .max = ORDERS_COMPANY_MAX_ENTRIES),
};
static const orders_field_t create_fields[] = {
    KEY,
    TEXT(cart_id, ORDERS_FIELD_REQUIRED),
    ORDERS_FIELD(BODY, ENUM, type, .flags = ORDERS_FIELD_REQUIRED | ORDERS_FIELD_LENIENT,
                 .values = orders_company_types),
};
static const orders_field_t payment_fields[] = {
    KEY,
    NUMBER,
    TEXT(transaction_id, ORDERS_FIELD_REQUIRED),
};
static const orders_field_t refund_fields[] = {KEY, NUMBER, TEXT(transaction_id, 0)};
static const orders_field_t order_fields[] = {KEY, NUMBER};
static const orders_field_t send_fields[] = {KEY, NUMBER, TEXT(email, ORDERS_FIELD_REQUIRED_LATER)};
/* order/edit decodes the members of the address separately, because its error lists them. */
static const orders_field_t edit_fields[] = {
    KEY,
    NUMBER,
    {
        .name = ORDERS_COMPANY_ADDRESS,
        .type = ORDERS_FIELD_JSON,
        .flags = ORDERS_FIELD_LENIENT | ORDERS_FIELD_REQUIRED_LATER,
        .offset = ORDERS_FIELD_CHECKED,
        .given = SIZE_MAX,
        .members = &orders_company_address,
    },
};

const orders_field_table_t orders_company_list_fields = ORDERS_FIELD_TABLE(list_fields);
const orders_field_table_t orders_company_create_fields = ORDERS_FIELD_TABLE(create_fields);
const orders_field_table_t orders_company_payment_fields = ORDERS_FIELD_TABLE(payment_fields);
const orders_field_table_t orders_company_refund_fields = ORDERS_FIELD_TABLE(refund_fields);
const orders_field_table_t orders_company_order_fields = ORDERS_FIELD_TABLE(order_fields);
const orders_field_table_t orders_company_send_fields = ORDERS_FIELD_TABLE(send_fields);
const orders_field_table_t orders_company_edit_fields = ORDERS_FIELD_TABLE(edit_fields);

/* The key in Authorization, with or without "Bearer ". */
static const char *authorization_key(const orders_call_t *call)
{
    const char *header = call->header(call, "Authorization");
    const char *token = header ? orders_token_bearer(header) : NULL;
    return orders_or_null(token ? token : header);
}

/* The query cannot contain the key, because logs and browsers store URLs. */
static const char *key_of(const orders_call_t *call, const orders_input_t *input)
{
    const char *key =
        call->route->body ? orders_or_null(orders_input_string(input, "api_key")) : NULL;
    return key ? key : authorization_key(call);
}

orders_problem_t *orders_company_identify(orders_call_t *call, const orders_input_t *input)
{
    return call->identify(call, key_of(call, input));
}

orders_problem_t *orders_company_missing_field(orders_problem_t *problem, const orders_call_t *call,
                                               const char *name)
{
    problem = problem ? problem : orders_problem(call->pool, ORDERS_E_required_field, NULL);
    orders_problem_field(&problem, call->pool, name, ORDERS_E_required_field, NULL);
    return problem;
}

orders_problem_t *orders_company_replace_missing(orders_problem_t *problem, orders_error_e error)
{
    problem->error = problem->error == ORDERS_E_required_field ? error : problem->error;
    return problem;
}

orders_problem_t *orders_company_read(orders_call_t *call, orders_input_t **input)
{
    ORDERS_TRY(call->route->body ? orders_call_body(input, call) : orders_call_query(input, call));
    return key_of(call, *input) || !call->settings->own_tokens
               ? NULL
               : orders_company_missing_field(NULL, call, "api_key");
}

orders_problem_t *orders_company_fields(const orders_call_t *call, const orders_input_t *input,
                                        orders_company_body_t *body)
{
    orders_problem_t *problem = orders_call_decode(call, input, body);
    if (problem && problem->error == ORDERS_E_invalid_fields) {
        problem->error = ORDERS_E_required_field;
    }
    return problem;
}

void orders_company_reply_empty(const orders_call_t *call, orders_reply_t *reply)
{
    reply->json = orders_json_open(call->pool);
    orders_json_begin_object(reply->json);
    orders_json_end_object(reply->json);
}
