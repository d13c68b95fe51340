/* SPDX-License-Identifier: Apache-2.0 */
/** Events of payment providers, on their way into the order database: received, or made of a provider's reply. */
#ifndef ORDERS_PAYMENTS_PROVIDER_EVENT_H
#define ORDERS_PAYMENTS_PROVIDER_EVENT_H

#include "payments/provider.h"
#include "store/payment.h"

/**
 * Stores and applies an event (orders_payment_apply_event). A refusal is logged once, at level error, and is no problem: the event
 * is stored with it. Problems are the database's; then nothing is stored and the event has to come again. `route`: for the log.
 */
orders_problem_t *orders_provider_event_apply(const orders_reader_t *reader,
                                              const orders_providers_t *providers,
                                              const char *route,
                                              const orders_payment_event_t *event,
                                              orders_written_t **written) ORDERS_MUSTCHECK;

/** The refusal in the answer to an event as a problem, for a caller that must not go on; NULL when it was not refused. */
orders_problem_t *orders_provider_event_refusal(apr_pool_t *pool,
                                                const orders_written_t *written) ORDERS_MUSTCHECK;

/** Logs that an event was refused. */
void orders_provider_event_log(const orders_providers_t *providers, const char *route,
                               const orders_refused_event_t *refused);

#endif
