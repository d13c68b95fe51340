/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding by whole tables, which can refuse unknown names. */
#include <apr_strings.h>
#include <string.h>

#include "core/fields.h"
#include "core/input.h"

typedef struct known_names_t {
    const orders_field_t *table;
    size_t count;
    const char *const *read_only;
} known_names_t;

/** Whether a field of the table reads a member or a form's field of this name: "id[]" is read by a list "id" only. */
static bool reads_name(const orders_field_t *field, const char *name, bool form)
{
    return form && field->type == ORDERS_FIELD_IDS ? orders_input_names_list(name, field->name)
                                                   : strcmp(name, field->name) == 0;
}

static bool is_known(const known_names_t *names, const char *name, bool form)
{
    for (size_t i = 0; i < names->count; i++) {
        if (reads_name(&names->table[i], name, form)) {
            return true;
        }
    }
    for (const char *const *other = names->read_only; other && *other; other++) {
        if (strcmp(*other, name) == 0) {
            return true;
        }
    }
    return false;
}

static void check_name(const known_names_t *names, const orders_input_t *input, const char *name,
                       orders_problem_t **problem, apr_pool_t *pool)
{
    if (!is_known(names, name, !input->root)) {
        orders_problem_field(
            problem, pool,
            apr_pstrcat(pool, input->prefix, orders_field_shown_name(name, pool), NULL),
            ORDERS_E_unknown_field, orders_error_sentence(ORDERS_E_unknown_field));
    }
}

orders_problem_t *orders_fields_decode_exactly(const orders_field_t *table, size_t count,
                                               const char *const *read_only,
                                               const orders_input_t *input, void *into,
                                               apr_pool_t *pool)
{
    const known_names_t names = {table, count, read_only};
    orders_problem_t *problem = orders_fields_decode(table, count, input, into, pool);
    const char *name;
    json_t *value;

    json_object_foreach(input->root, name, value)
    {
        check_name(&names, input, name, &problem, pool);
    }
    for (int i = 0; input->pairs && i < input->pairs->nelts; i++) {
        name = APR_ARRAY_IDX(input->pairs, i, orders_pair_t).name;
        check_name(&names, input, name, &problem, pool);
    }
    return problem;
}

orders_problem_t *orders_field_table_check_patch(const orders_field_table_t *table,
                                                 const orders_input_t *input, apr_pool_t *pool)
{
    orders_input_t *patch = orders_input_nested(input, input->root, "", pool);

    patch->patch = true;
    return orders_field_table_decode(table, patch, NULL, pool);
}

orders_problem_t *orders_field_table_decode(const orders_field_table_t *table,
                                            const orders_input_t *input, void *into,
                                            apr_pool_t *pool)
{
    return table->exactly ? orders_fields_decode_exactly(table->fields, table->count,
                                                         table->read_only, input, into, pool)
                          : orders_fields_decode(table->fields, table->count, input, into, pool);
}
