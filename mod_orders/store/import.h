/* SPDX-License-Identifier: Apache-2.0 */
/** Import of orders. */
#ifndef ORDERS_STORE_IMPORT_H
#define ORDERS_STORE_IMPORT_H

#include "store/operation.h"

/** `lines`: portable orders. `*results`: one orders_stored_t per line, in their order; a refused line does not affect others. One round trip. */
orders_problem_t *orders_import(const orders_writer_t *writer, const char *const *lines, int count,
                                apr_array_header_t **results) ORDERS_MUSTCHECK;

#endif
