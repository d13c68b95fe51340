/* SPDX-License-Identifier: Apache-2.0 */
/** Events of payment providers, on their way into the order database: received, or made of a provider's reply. */
#ifndef ORDERS_PAYMENTS_PROVIDER_EVENT_H
#define ORDERS_PAYMENTS_PROVIDER_EVENT_H

#include "payments/provider.h"
#include "store/payment.h"

/** An event of a provider as the order database takes it. */
orders_payment_event_t orders_payment_event_of(const char *channel, const orders_event_t *said);

/** Logs the refusal in the answer to an event, when the event was judged now. `route`: for the log. */
void orders_provider_event_log_verdict(const orders_providers_t *providers, const char *route,
                                       const orders_payment_event_t *event,
                                       const orders_written_t *written, apr_pool_t *pool);

/** The refusal in the answer to an event as a problem, for a caller that must not go on; NULL when it was not refused. */
orders_problem_t *orders_provider_event_refusal(apr_pool_t *pool,
                                                const orders_written_t *written) ORDERS_MUSTCHECK;

/** Logs that an event was refused. */
void orders_provider_event_log(const orders_providers_t *providers, const char *route,
                               const orders_refused_event_t *refused);

#endif
