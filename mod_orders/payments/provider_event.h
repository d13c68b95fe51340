/* SPDX-License-Identifier: Apache-2.0 */
/** Refused events of payment providers. An event was received from the provider, or derived from its reply. */
#ifndef ORDERS_PAYMENTS_PROVIDER_EVENT_H
#define ORDERS_PAYMENTS_PROVIDER_EVENT_H

#include "payments/provider.h"
#include "store/payment.h"

/** Converts an event of a provider to the parameters of the order database. */
orders_payment_event_t orders_payment_event_of(const char *channel,
                                               const orders_parsed_event_t *event);

/** Logs the event if the database has refused it; the refusal of a repeated event is already in the log. `route`: for the log. */
void orders_provider_event_log_refusal(const orders_providers_t *providers, const char *route,
                                       const orders_payment_event_t *event,
                                       const orders_written_t *written, apr_pool_t *pool);

/** The refusal of an event as a problem; NULL if the event was not refused. */
orders_problem_t *orders_provider_event_refusal(apr_pool_t *pool,
                                                const orders_written_t *written) ORDERS_MUSTCHECK;

/** Logs a refused event. */
void orders_provider_event_log(const orders_providers_t *providers, const char *route,
                               const orders_refused_event_t *refused);

#endif
