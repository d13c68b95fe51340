/* SPDX-License-Identifier: Apache-2.0 */
/** Representation of an input. Private to the parsers, the field decoder and the fingerprint. */
#ifndef ORDERS_CORE_INPUT_H
#define ORDERS_CORE_INPUT_H

#include <apr_hash.h>

#include "core/fields.h"

/** A decoded form field, without NUL characters. */
typedef struct orders_pair_t {
    const char *name;
    const char *value;
} orders_pair_t;

struct orders_input_t {
    apr_pool_t *pool;
    json_t *root; /**< the object, NULL for forms */
    apr_hash_t *
        literals; /**< maps the const json_t * of a real number to its text; NULL: no real numbers */
    apr_array_header_t *pairs; /**< of orders_pair_t, NULL for JSON */
    const char *prefix;        /**< precedes field names in problems; "" at the top level */
    bool patch;           /**< the object is a merge patch; see orders_field_table_check_patch */
    const char *repeated; /**< name of the form field that may be repeated, or NULL */
    apr_array_header_t
        *tables; /**< of orders_table_t: the tables that decoded its fields; NULL when nested */
};

/** A table of fields that has decoded an input. */
typedef struct orders_table_t {
    const orders_field_t *fields;
    size_t count;
} orders_table_t;

/**
 * The canonical text of a field's value, the same for every input that decodes to the same value. NULL when the
 * field is absent, null or empty (an empty optional string counts as absent), or not of its type. Not for ORDERS_FIELD_JSON,
 * OBJECT, ARRAY and MAP.
 */
const char *orders_field_canonical(const orders_field_t *field, const orders_input_t *input,
                                   apr_pool_t *pool);
/** The name of a member in the path of a refused field, truncated if it is too long. */
const char *orders_field_shown_name(const char *name, apr_pool_t *pool);
/** Whether a form field belongs to the list `name`: "id", "id[]", "id[7]". */
bool orders_input_names_list(const char *text, const char *name);

/** An input for a form, without fields yet. `repeated` as in orders_input_form. */
orders_input_t *orders_input_pairs(apr_pool_t *pool, const char *repeated);
/** Adds a field; strings are not copied. NULL, or the end of an error message ("is one too many"). */
const char *orders_input_add_pair(orders_input_t *input, const char *name, const char *value);
/** A form's value by name, or NULL. */
const char *orders_input_form_value(const orders_input_t *input, const char *name);
/** All values (const char *) of a form list: `name`, `name[]` and `name[7]`, in the order of the form. */
apr_array_header_t *orders_input_form_values(const orders_input_t *input, const char *name,
                                             apr_pool_t *pool);

#endif
