/* SPDX-License-Identifier: Apache-2.0 */
/** Orders that are paid by following a link, and the mail that brings it. One round trip each. */
#ifndef ORDERS_STORE_PAY_LINK_H
#define ORDERS_STORE_PAY_LINK_H

#include "core/settings.h"
#include "store/operation.h"

/**
 * Queues the mail, within `limits`. `email`: NULL when it was found invalid, which the order book says after `not_found`.
 */
orders_problem_t *orders_pay_link_send(const orders_writer_t *writer, const char *number,
                                       const char *email, const orders_mail_limits_t *limits,
                                       orders_written_t **written) ORDERS_MUSTCHECK;

/** The order with its payments and retailer, for the holder of its link, and the standing. `not_found`. */
orders_problem_t *orders_pay_link_read(const orders_reader_t *reader, int64_t order_id,
                                       orders_linked_order_t **linked) ORDERS_MUSTCHECK;

/**
 * The payment to make an intent for, or whose intent to go on with. `gone`: the id of a payment whose intent the
 * provider no longer knows, or 0.
 */
orders_problem_t *orders_pay_link_start(const orders_reader_t *reader, int64_t order_id,
                                        int64_t gone,
                                        orders_payment_task_t **task) ORDERS_MUSTCHECK;

/**
 * Commits that a payment is about to be captured, before the provider is asked. `ask_first`: an earlier request may have
 * captured it. `lease`: seconds that the provider's answer may take at most; after that the worker asks. `*task` has a
 * capture_step; it is NULL when there is nothing to capture.
 */
orders_problem_t *orders_payment_begin_capture(const orders_reader_t *reader, int64_t payment_id,
                                               bool ask_first, int lease,
                                               orders_payment_task_t **task) ORDERS_MUSTCHECK;

#endif
