/* SPDX-License-Identifier: Apache-2.0 */
/* Single values of an input, without a table. */
#include <apr_strings.h>
#include <string.h>

#include "core/input.h"

const char *orders_input_string(const orders_input_t *input, const char *name)
{
    return input->root ? json_string_value(json_object_get(input->root, name))
                       : orders_input_form_value(input, name);
}

const char *orders_input_text(const orders_input_t *input, const char *name)
{
    const json_t *value = json_object_get(input->root, name);

    if (json_is_integer(value)) {
        return apr_psprintf(input->pool, "%" APR_INT64_T_FMT,
                            (apr_int64_t)json_integer_value(value));
    }
    return json_is_real(value) ? orders_input_literal(input, value)
                               : orders_input_string(input, name);
}

/** Checks a field that can be in both inputs. NULL, or an error message. */
static const char *fault_in(const json_t *value, const char *first, const char *second)
{
    if (value && !json_is_null(value) && !second) {
        return "Must be a string or a number.";
    }
    return first && second && strcmp(first, second) != 0
               ? "Must have the same value in the query and in the body."
               : NULL;
}

orders_problem_t *orders_input_both(orders_input_t **both, const orders_input_t *query,
                                    const orders_input_t *body, const char *const *names,
                                    apr_pool_t *pool)
{
    orders_problem_t *problem = NULL;

    *both = orders_input_pairs(pool, NULL);
    for (; *names; names++) {
        const char *first = orders_input_text(query, *names);
        const char *second = orders_input_text(body, *names);
        const char *fault = fault_in(json_object_get(body->root, *names), first, second);

        if (!fault && (first || second)) {
            fault = orders_input_add_pair(*both, *names, first ? first : second);
        }
        if (fault) {
            orders_problem_field(&problem, pool, *names, ORDERS_E_invalid_field, fault);
        }
    }
    return problem;
}
