/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What an input is made of: for the parsers, the field decoder and the fingerprint only.
 */
#ifndef ORDERS_CORE_INPUT_H
#define ORDERS_CORE_INPUT_H

#include <apr_hash.h>

#include "core/fields.h"

/** A form's field, decoded; free of NULs. */
typedef struct orders_pair_t {
    const char *name;
    const char *value;
} orders_pair_t;

struct orders_input_t {
    apr_pool_t *pool;
    json_t *root; /**< the object, NULL for forms */
    apr_hash_t
        *literals; /**< const json_t * of a real number → its text; NULL when there are none */
    apr_array_header_t *pairs;  /**< of orders_pair_t, NULL for JSON */
    const char *prefix;         /**< comes before field names in problems; "" at the top */
    const char *repeated;       /**< a form's field that may be there several times, or NULL */
    apr_array_header_t *tables; /**< of orders_table_t: what decoded its fields; NULL when nested */
};

/** A table of fields that has decoded an input. */
typedef struct orders_table_t {
    const orders_field_t *fields;
    size_t count;
} orders_table_t;

/**
 * The value of a field in one spelling, as text; the same for every input that decodes to the same value. NULL when the
 * field is absent, null or empty (every handler takes an empty optional text for absent), or not of its type. Not for ORDERS_FIELD_JSON,
 * OBJECT, ARRAY and MAP.
 */
const char *orders_field_canonical(const orders_field_t *field, const orders_input_t *input,
                                   apr_pool_t *pool);
/** Whether a form's field belongs to the list `name`: "id", "id[]", "id[7]". */
bool orders_input_names_list(const char *text, const char *name);

/** An input for a form, without fields yet. `repeated` as in orders_input_form. */
orders_input_t *orders_input_pairs(apr_pool_t *pool, const char *repeated);
/** Adds a field (strings are not copied); returns what is wrong with it ("is one too many"), or NULL. */
const char *orders_input_add_pair(orders_input_t *input, const char *name, const char *value);
/** A form's value by name, or NULL. */
const char *orders_input_form_value(const orders_input_t *input, const char *name);
/** All values of a form's list, of const char *: those of `name`, `name[]` and `name[7]`, as they came. */
apr_array_header_t *orders_input_form_values(const orders_input_t *input, const char *name,
                                             apr_pool_t *pool);

#endif
