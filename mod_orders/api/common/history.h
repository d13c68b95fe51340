/* SPDX-License-Identifier: Apache-2.0 */
/** The history of an order: its states after each step. */
#ifndef ORDERS_API_COMMON_HISTORY_H
#define ORDERS_API_COMMON_HISTORY_H

#include "store/views.h"

/** Sets the state that the step changed. Other members of `then` are not changed. */
void orders_history_apply(orders_order_t *then, const orders_history_t *step);

/**
 * Whether the step at index `i` is the last one of its operation. The steps of an operation have the same version: no request could
 * read the order between them.
 */
bool orders_history_ends_operation(const apr_array_header_t *history, int i);

#endif
