/* SPDX-License-Identifier: Apache-2.0 */
/** Users and the catalogue, written by external reference. One round trip each. */
#ifndef ORDERS_STORE_CATALOGUE_H
#define ORDERS_STORE_CATALOGUE_H

#include "store/operation.h"

typedef struct orders_entry_t {
    const char *kind; /**< users, products, plans … (docs/operator-api.md lists all) */
    const char *ref;
    const char *document; /**< a JSON object */
} orders_entry_t;

/** The outcome is `created`, `updated` or `unchanged`. */
orders_problem_t *orders_catalogue_upsert(const orders_writer_t *writer,
                                          const orders_entry_t *entry,
                                          orders_stored_t **stored) ORDERS_MUSTCHECK;

/** `lines`: JSON objects with kind and ref. `*results`: one orders_stored_t per line, in their order; a refused line does not affect others. */
orders_problem_t *orders_catalogue_bulk(const orders_writer_t *writer, const char *const *lines,
                                        int count, apr_array_header_t **results) ORDERS_MUSTCHECK;

#endif
