/* SPDX-License-Identifier: Apache-2.0 */
#include "api/operator/document.h"

#include "core/call_input.h"
#include "core/format.h"

#define LINE(name) ORDERS_DOCUMENT_FIELD(name, STRING, .flags = ORDERS_FIELD_OR_NUMBER, .max = 200)
static const orders_field_t address_fields[] = {
    LINE("title"),
    LINE("given_name"),
    LINE("family_name"),
    LINE("name"),
    LINE("receiverName"),
    ORDERS_DOCUMENT_FIELD("email", STRING, .flags = ORDERS_FIELD_OR_EMPTY, ORDERS_DOCUMENT_MAIL),
    LINE("phone"),
    LINE("house"),
    LINE("street"),
    LINE("street2"),
    LINE("addressLine1"),
    LINE("addressLine2"),
    LINE("city"),
    LINE("state"),
    LINE("province"),
    LINE("postal_code"),
    LINE("postalCode"),
    LINE("code"),
    LINE("country"),
};
const orders_field_table_t orders_operator_address_fields =
    ORDERS_FIELD_TABLE(address_fields, .exactly = true);

const orders_field_table_t orders_operator_no_fields = {.exactly = true};

/* The first unknown member, else the first error: a misspelled name is the reason for a missing value. */
static const orders_field_error_t *first_error(const orders_problem_t *problem)
{
    for (int i = 0; i < problem->fields->nelts; i++) {
        const orders_field_error_t *error =
            &APR_ARRAY_IDX(problem->fields, i, orders_field_error_t);
        if (error->error == ORDERS_E_unknown_field) {
            return error;
        }
    }
    return &APR_ARRAY_IDX(problem->fields, 0, orders_field_error_t);
}

/* SQL has one code for a value of the wrong type, length or range. */
static orders_error_e error_in_sql(orders_error_e error)
{
    switch (error) {
    case ORDERS_E_invalid_type:
    case ORDERS_E_out_of_range:
    case ORDERS_E_too_long:
    case ORDERS_E_unknown_word:
        return ORDERS_E_invalid_field;
    default:
        return error;
    }
}

static orders_problem_t *refusal_of(const orders_problem_t *problem, apr_pool_t *pool)
{
    if (!problem) {
        return NULL;
    }
    const orders_field_error_t *first = first_error(problem);
    orders_problem_t *refusal = orders_problem(pool, error_in_sql(first->error), first->message);
    orders_problem_field(&refusal, pool, first->field, refusal->error, first->message);
    return refusal;
}

orders_problem_t *orders_operator_check(const orders_field_table_t *table,
                                        const orders_input_t *input, void *into, apr_pool_t *pool)
{
    const orders_input_t *document =
        orders_input_nested(input, orders_input_object(input), "", pool);
    return refusal_of(orders_field_table_decode(table, document, into, pool), pool);
}

orders_problem_t *orders_operator_check_patch(const char *kind, const orders_input_t *input,
                                              apr_pool_t *pool)
{
    const orders_field_table_t *fields = orders_operator_catalogue_fields(kind);
    return fields ? refusal_of(orders_field_table_check_patch(fields, input, pool), pool) : NULL;
}

orders_problem_t *orders_operator_document(orders_call_t *call, void *into, const char **document)
{
    orders_input_t *input;
    ORDERS_TRY(orders_call_body(&input, call));
    *document = call->body_length ? call->body : "{}";
    return orders_operator_check(call->route->fields, input, into, call->pool);
}
