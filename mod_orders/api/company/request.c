/* SPDX-License-Identifier: Apache-2.0 */
/* The company API: reading requests. The key that says who asks is in the body, or in Authorization. */
#include <apr_strings.h>
#include <jansson.h>
#include <string.h>

#include "api/company/company.h"
#include "core/input_body.h"
#include "core/text.h"
#include "core/token.h"

#define LONGEST_TEXT 255

/* Raw, or after "Bearer ". */
static const char *authorization(const orders_call_t *call)
{
    const char *header = call->header(call, "Authorization");
    const char *token = header ? orders_token_bearer(header) : NULL;
    return orders_or_null(token ? token : header);
}

/* Never in an address, which logs and browsers keep. */
static const char *key_of(const orders_call_t *call, const orders_input_t *input)
{
    const char *key =
        call->route->body ? orders_or_null(orders_input_string(input, "api_key")) : NULL;
    return key ? key : authorization(call);
}

orders_problem_t *orders_company_identify(orders_call_t *call, const orders_input_t *input)
{
    return call->identify(call, key_of(call, input));
}

const char *orders_company_text(const orders_input_t *input, const char *name, apr_pool_t *pool)
{
    json_t *value = json_object_get(orders_input_object(input), name);
    const char *text = json_is_integer(value) ? apr_psprintf(pool, "%" APR_INT64_T_FMT,
                                                             (apr_int64_t)json_integer_value(value))
                                              : orders_input_string(input, name);
    apr_size_t length = text ? strlen(text) : 0;
    bool usable = length && length <= LONGEST_TEXT && !orders_text_has_control(text, length, false);
    return usable ? text : NULL;
}

orders_problem_t *orders_company_lack(orders_problem_t *problem, const orders_call_t *call,
                                      const char *name)
{
    problem = problem ? problem : orders_problem(call->pool, ORDERS_E_required_field, NULL);
    orders_problem_field(&problem, call->pool, name, ORDERS_E_required_field, NULL);
    return problem;
}

orders_problem_t *orders_company_lack_as(orders_problem_t *problem, orders_error_e error)
{
    problem->error = problem->error == ORDERS_E_required_field ? error : problem->error;
    return problem;
}

orders_problem_t *orders_company_read(orders_call_t *call, orders_input_t **input)
{
    ORDERS_TRY(call->route->body ? orders_input_body(input, call, true)
                                 : orders_input_query(input, call->pool, call->query));
    return key_of(call, *input) || !call->settings->own_tokens
               ? NULL
               : orders_company_lack(NULL, call, "api_key");
}

void orders_company_reply_empty(const orders_call_t *call, orders_reply_t *reply)
{
    reply->json = orders_json_open(call->pool);
    orders_json_begin_object(reply->json);
    orders_json_end_object(reply->json);
}
