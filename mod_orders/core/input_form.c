/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_strings.h>
#include <string.h>

#include "core/input.h"
#include "core/text.h"

#define MAX_PAIRS 100

const char *orders_input_form_value(const orders_input_t *input, const char *name)
{
    int index;

    for (index = 0; input->pairs && index < input->pairs->nelts; index++) {
        const orders_pair_t *pair = &APR_ARRAY_IDX(input->pairs, index, orders_pair_t);

        if (strcmp(pair->name, name) == 0) {
            return pair->value;
        }
    }
    return NULL;
}

/** Whether `text` names the list `name`: "id", "id[]" or "id[7]". */
bool orders_input_names_list(const char *text, const char *name)
{
    apr_size_t length = strlen(name);

    if (strncmp(text, name, length) != 0) {
        return false;
    }
    text += length;
    if (*text == '[') {
        text += 1 + strspn(text + 1, "0123456789");
        return strcmp(text, "]") == 0;
    }
    return *text == '\0';
}

apr_array_header_t *orders_input_form_values(const orders_input_t *input, const char *name,
                                             apr_pool_t *pool)
{
    apr_array_header_t *values = apr_array_make(pool, 4, sizeof(const char *));
    int index;

    for (index = 0; input->pairs && index < input->pairs->nelts; index++) {
        const orders_pair_t *pair = &APR_ARRAY_IDX(input->pairs, index, orders_pair_t);

        if (orders_input_names_list(pair->name, name)) {
            APR_ARRAY_PUSH(values, const char *) = pair->value;
        }
    }
    return values;
}

static const char *decode(apr_pool_t *pool, const char *text, apr_size_t length)
{
    char *out = apr_palloc(pool, length + 1);

    if (!orders_percent_decode(out, &length, text, length, true)) {
        return NULL;
    }
    out[length] = '\0';
    return out;
}

orders_input_t *orders_input_pairs(apr_pool_t *pool, const char *repeated)
{
    orders_input_t *input = apr_pcalloc(pool, sizeof(*input));

    input->pool = pool;
    input->prefix = "";
    input->repeated = repeated;
    input->pairs = apr_array_make(pool, 8, sizeof(orders_pair_t));
    input->tables = apr_array_make(pool, 2, sizeof(orders_table_t));
    return input;
}

const char *orders_input_add_pair(orders_input_t *input, const char *name, const char *value)
{
    orders_pair_t *pair;

    if (orders_input_form_value(input, name) &&
        !(input->repeated && orders_input_names_list(name, input->repeated))) {
        return "has the name of an earlier one";
    }
    if (input->pairs->nelts == MAX_PAIRS) {
        return "is one too many";
    }
    pair = apr_array_push(input->pairs);
    pair->name = name;
    pair->value = value;
    return NULL;
}

/** Adds name=value. NULL, or the end of an error message. */
static const char *add_encoded(orders_input_t *input, const char *text, apr_size_t length)
{
    const char *equals = memchr(text, '=', length);
    apr_size_t name_length = equals ? (apr_size_t)(equals - text) : length;
    apr_size_t skip = equals ? name_length + 1 : length;
    const char *name = decode(input->pool, text, name_length);
    const char *value = decode(input->pool, text + skip, length - skip);

    if (!name || !value) {
        return "is not valid percent-encoded UTF-8";
    }
    return orders_input_add_pair(input, name, value);
}

static orders_problem_t *malformed(apr_pool_t *pool, orders_error_e error, int number,
                                   const char *fault)
{
    const char *what = error == ORDERS_E_malformed_form ? "Field" : "Query parameter";

    return orders_problem(pool, error, apr_psprintf(pool, "%s %d %s.", what, number, fault));
}

/** `input` has no fields yet. */
static orders_problem_t *parse(orders_input_t *input, orders_error_e error, const char *text,
                               apr_size_t length)
{
    const char *end = text + length;
    int number = 0;

    while (text < end) {
        const char *stop = memchr(text, '&', (apr_size_t)(end - text));

        stop = stop ? stop : end;
        if (stop > text) {
            const char *fault = add_encoded(input, text, (apr_size_t)(stop - text));

            number++;
            if (fault) {
                return malformed(input->pool, error, number, fault);
            }
        }
        text = stop + 1;
    }
    return NULL;
}

orders_problem_t *orders_input_form(orders_input_t **input, apr_pool_t *pool, const char *text,
                                    apr_size_t length, const char *repeated)
{
    *input = orders_input_pairs(pool, repeated);
    return parse(*input, ORDERS_E_malformed_form, text, length);
}

orders_problem_t *orders_input_query(orders_input_t **input, apr_pool_t *pool, const char *query)
{
    *input = orders_input_pairs(pool, NULL);
    return parse(*input, ORDERS_E_malformed_request, query, strlen(query));
}
