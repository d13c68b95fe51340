/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Documents: JSON that goes on to SQL as it was sent. Field tables check the shape; SQL checks what depends on data, money or
 * state. A refusal of either has the same form: one error, and its code is the code of the problem.
 */
#ifndef ORDERS_API_OPERATOR_DOCUMENT_H
#define ORDERS_API_OPERATOR_DOCUMENT_H

#include "api/operator/operator.h"

/** One row of a field table: a member that is checked and goes on to SQL. */
#define ORDERS_DOCUMENT_FIELD(member, kind, ...)                                                   \
    {                                                                                              \
        .name = member, .type = ORDERS_FIELD_##kind, .offset = ORDERS_FIELD_CHECKED,               \
        .given = SIZE_MAX, __VA_ARGS__                                                             \
    }
#define ORDERS_DOCUMENT_REQUIRED .flags = ORDERS_FIELD_REQUIRED
/** Characters of a text unless its row has another limit. */
#define ORDERS_DOCUMENT_TEXT .max = 200
#define ORDERS_DOCUMENT_TIME .max = 40, .format = &orders_format_time
#define ORDERS_DOCUMENT_MAIL .max = 254, .format = &orders_format_mail

/** The members of an address, in the words of all APIs. */
extern const orders_field_table_t orders_operator_address_fields;

/** Checks an input by a table, into a struct or NULL. Its values do not become part of the request's fingerprint. */
orders_problem_t *orders_operator_check(const orders_field_table_t *table,
                                        const orders_input_t *input, void *into,
                                        apr_pool_t *pool) ORDERS_MUSTCHECK;

/** Reads the body and checks it by the fields of the route; `*document` is its text, "{}" when it is empty. */
orders_problem_t *orders_operator_document(orders_call_t *call, void *into,
                                           const char **document) ORDERS_MUSTCHECK;

/** The fields of a kind of catalogue entry, or NULL when there is no such kind. */
const orders_field_table_t *orders_operator_catalogue_fields(const char *kind);

#endif
