/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Documents: JSON bodies that are passed to SQL unchanged. Field tables check the structure; SQL checks the rules that depend on
 * data, money or state. Both report one error only, and its code is the code of the problem.
 */
#ifndef ORDERS_API_OPERATOR_DOCUMENT_H
#define ORDERS_API_OPERATOR_DOCUMENT_H

#include "api/operator/operator.h"

/** One row of a field table: a member that is only checked, because SQL reads it from the document. */
#define ORDERS_DOCUMENT_FIELD(member, kind, ...)                                                   \
    {                                                                                              \
        .name = member, .type = ORDERS_FIELD_##kind, .offset = ORDERS_FIELD_CHECKED,               \
        .given = SIZE_MAX, __VA_ARGS__                                                             \
    }
#define ORDERS_DOCUMENT_REQUIRED .flags = ORDERS_FIELD_REQUIRED
/** The maximum length of a text in characters, unless its row has another limit. */
#define ORDERS_DOCUMENT_TEXT .max = 200
#define ORDERS_DOCUMENT_TIME .max = 40, .format = &orders_format_time
#define ORDERS_DOCUMENT_MAIL .max = 254, .format = &orders_format_mail

/** The members of an address, with the names of all APIs. */
extern const orders_field_table_t orders_operator_address_fields;

/**
 * Checks an input by a table. `into`: a struct for the decoded fields, or NULL. The values are not part of the request's
 * fingerprint.
 */
orders_problem_t *orders_operator_check(const orders_field_table_t *table,
                                        const orders_input_t *input, void *into,
                                        apr_pool_t *pool) ORDERS_MUSTCHECK;

/** Reads the body and checks it by the fields of the route; `*document` is its text, "{}" if it is empty. */
orders_problem_t *orders_operator_document(orders_call_t *call, void *into,
                                           const char **document) ORDERS_MUSTCHECK;

/** Checks a merge patch of an entry of a kind. An unknown kind is not refused. */
orders_problem_t *orders_operator_check_patch(const char *kind, const orders_input_t *input,
                                              apr_pool_t *pool) ORDERS_MUSTCHECK;

/** The fields of a kind of catalogue entry; NULL for an unknown kind. */
const orders_field_table_t *orders_operator_catalogue_fields(const char *kind);

/** The names of the filters of a kind, NULL-terminated; NULL for an unknown kind. */
const char *const *orders_operator_catalogue_filters(const char *kind);

#endif
