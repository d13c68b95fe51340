/* SPDX-License-Identifier: Apache-2.0 */
/** Pay links: the mail, the order for the holder of a link, and its payment. One round trip each. */
#ifndef ORDERS_STORE_PAY_LINK_H
#define ORDERS_STORE_PAY_LINK_H

#include "core/settings.h"
#include "store/operation.h"

/**
 * Queues the mail, within `limits`. `email`: NULL if it is invalid, which the database reports after `not_found`.
 */
orders_problem_t *orders_pay_link_send(const orders_writer_t *writer, const char *number,
                                       const char *email, const orders_mail_limits_t *limits,
                                       orders_written_t **written) ORDERS_MUSTCHECK;

/** The order for the holder of its link, with payments, retailer and link state. Errors: `not_found`. */
orders_problem_t *orders_pay_link_read(const orders_reader_t *reader, int64_t order_id,
                                       orders_linked_order_t **linked) ORDERS_MUSTCHECK;

/**
 * The payment that needs an intent, or whose intent is to be used. `outcome`: the outcome of orders_capture_reply_t that the provider
 * reported for `payment_id`; NULL and 0 if it was not called.
 */
orders_problem_t *orders_pay_link_start(const orders_reader_t *reader, int64_t order_id,
                                        int64_t payment_id, const char *outcome,
                                        orders_payment_task_t **task) ORDERS_MUSTCHECK;

#endif
