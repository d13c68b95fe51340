/* SPDX-License-Identifier: Apache-2.0 */
#include "payments/provider_problem.h"

#include <string.h>

#include "core/fields.h"
#include "core/json_writer.h"

/** Retry-After for a provider that does not reply. */
#define RETRY_AFTER_SECONDS 5

orders_problem_t *orders_provider_unreachable(apr_pool_t *pool, const char *why)
{
    orders_problem_t *problem = orders_problem(pool, ORDERS_E_provider_unreachable, NULL);

    problem->retry_after = RETRY_AFTER_SECONDS;
    problem->log = why;
    return problem;
}

orders_problem_t *orders_provider_refused(apr_pool_t *pool, const char *code, const char *message,
                                          const char *why)
{
    orders_problem_t *problem = orders_problem(pool, ORDERS_E_provider_refused, NULL);
    orders_json_t *json = orders_json_open(pool);
    apr_size_t length;

    orders_json_begin_object(json);
    orders_json_member_string(json, "code", code);
    orders_json_member_string(json, "message", message);
    orders_json_end_object(json);
    problem->extra = orders_json_text(json, pool, &length);
    problem->log = why;
    return problem;
}

orders_problem_t *orders_provider_unusable(apr_pool_t *pool, const char *why)
{
    return orders_problem_logged(pool, ORDERS_E_not_configured, why);
}

void orders_provider_failure(const orders_problem_t *problem, apr_pool_t *pool, const char **code,
                             const char **message)
{
    orders_input_t *extra;
    *code = orders_error_code(problem->error);
    *message = problem->detail;
    if (problem->extra &&
        !orders_input_json(&extra, pool, problem->extra, strlen(problem->extra), true)) {
        const char *text = orders_input_string(extra, "code");
        *code = text ? text : *code;
        text = orders_input_string(extra, "message");
        *message = text ? text : *message;
    }
}
