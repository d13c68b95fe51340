/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Notices: deliveries of a provider whose signature does not authenticate their body. A request stores a notice and verifies it at
 * once. If this fails, the worker verifies the notice later.
 */
#ifndef ORDERS_PAYMENTS_NOTICE_H
#define ORDERS_PAYMENTS_NOTICE_H

#include "payments/payment_flow.h"
#include "payments/provider.h"
#include "store/provider_event.h"

/** Seconds that a request may take to verify a notice; after that the worker takes over. */
int orders_notice_lease(const orders_channel_t *channel);

/**
 * Reads the resource of a notice from the provider, applies its event, captures an approved payment, and records the notice as
 * verified. `*written` is NULL if nothing was applied: the notice is not about a payment of the tenant, or, with `*undecided`, the
 * provider has not decided yet. After a problem the attempt is recorded, and the worker verifies the notice again. May be repeated.
 */
orders_problem_t *orders_notice_verify(const orders_payment_flow_t *flow, const char *channel,
                                       const orders_notice_task_t *task, orders_written_t **written,
                                       bool *undecided) ORDERS_MUSTCHECK;

#endif
