/* SPDX-License-Identifier: Apache-2.0 */
#include "api/common/field_names.h"

#include <string.h>

static const char *name_in_api(const orders_field_name_t *names, const char *name)
{
    for (; names->in_database; names++) {
        if (strcmp(names->in_database, name) == 0) {
            return names->in_api;
        }
    }
    return name;
}

apr_array_header_t *orders_rename_fields(const apr_array_header_t *fields,
                                         const orders_field_name_t *names, apr_pool_t *pool)
{
    apr_array_header_t *renamed = fields ? apr_array_copy(pool, fields) : NULL;
    for (int i = 0; renamed && i < renamed->nelts; i++) {
        orders_field_error_t *refused = &APR_ARRAY_IDX(renamed, i, orders_field_error_t);
        refused->field = name_in_api(names, refused->field);
    }
    return renamed;
}
