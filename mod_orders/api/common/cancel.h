/* SPDX-License-Identifier: Apache-2.0 */
/** Reads a request to cancel an order, for all APIs. */
#ifndef ORDERS_API_COMMON_CANCEL_H
#define ORDERS_API_COMMON_CANCEL_H

#include "api/common/request.h"
#include "store/order.h"

/** The fields of the body; the second table refuses unknown members. */
extern const orders_field_table_t orders_cancel_fields;
extern const orders_field_table_t orders_cancel_fields_exactly;

/**
 * Sets the reason and the version condition of `cancel`, and a writer for `actor`. The caller sets the order and the user. Only for routes whose
 * `.fields` is one of the tables above: the body is decoded by the row of the route.
 */
orders_problem_t *orders_cancel_read(orders_cancel_t *cancel, orders_writer_t *writer,
                                     orders_call_t *call, const char *actor) ORDERS_MUSTCHECK;

#endif
