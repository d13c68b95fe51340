/* SPDX-License-Identifier: Apache-2.0 */
/** Cancelling: what a call of any API says. */
#ifndef ORDERS_API_COMMON_CANCEL_H
#define ORDERS_API_COMMON_CANCEL_H

#include "api/common/request.h"
#include "store/order.h"

/**
 * The reason and the version of `cancel`, and a writer for `actor`. Which order it is, and whose, is the caller's.
 * `exactly`: unknown members of the body are refused.
 */
orders_problem_t *orders_cancel_read(orders_cancel_t *cancel, orders_writer_t *writer,
                                     orders_call_t *call, const char *actor,
                                     bool exactly) ORDERS_MUSTCHECK;

#endif
