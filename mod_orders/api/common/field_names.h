/* SPDX-License-Identifier: Apache-2.0 */
/** Names of refused fields: the database and an API may have different names for the same field. */
#ifndef ORDERS_API_COMMON_FIELD_NAMES_H
#define ORDERS_API_COMMON_FIELD_NAMES_H

#include "core/problem.h"

typedef struct orders_field_name_t {
    const char *in_database, *in_api;
} orders_field_name_t;

/**
 * A copy of the fields of a problem, with the API's names. Fields that are not in `names` keep their names. NULL if `fields` is NULL.
 * `names` ends with a row of NULLs.
 */
apr_array_header_t *orders_rename_fields(const apr_array_header_t *fields,
                                         const orders_field_name_t *names, apr_pool_t *pool);

#endif
