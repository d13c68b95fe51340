/* SPDX-License-Identifier: Apache-2.0 */
#include "payments/provider_event.h"

#include <apr_strings.h>

orders_payment_event_t orders_payment_event_of(const char *channel,
                                               const orders_parsed_event_t *event)
{
    return (orders_payment_event_t){
        .channel = channel,
        .event_id = event->id,
        .type = event->type,
        .raw_type = event->raw_type,
        .payment_key = event->payment_key,
        .intent_id = event->intent_id,
        .transaction_id = event->transaction_id,
        .capture_id = event->capture_id,
        .amount = event->amount,
        .currency = event->currency,
        .code = event->failure_code,
        .message = event->failure_message,
        .for_tenant = event->tenant,
    };
}

static const char *or_dash(const char *text)
{
    return text ? text : "-";
}

void orders_provider_event_log(const orders_providers_t *providers, const char *route,
                               const orders_refused_event_t *refused)
{
    const orders_payment_event_t *event = &refused->event;
    orders_log(providers->log, ORDERS_LOG_ERROR,
               "ORD%04d %s %s - %s: channel %s, event %s (%s), payment %s, intent %s, "
               "transaction %s, amount %" APR_INT64_T_FMT " %s: %s",
               orders_error_number(ORDERS_E_provider_event_refused),
               orders_error_code(ORDERS_E_provider_event_refused), or_dash(providers->request_id),
               route, event->channel, or_dash(event->event_id), or_dash(event->type),
               or_dash(refused->payment), or_dash(event->intent_id), or_dash(event->transaction_id),
               (apr_int64_t)event->amount, or_dash(event->currency), refused->refusal);
}

void orders_provider_event_log_refusal(const orders_providers_t *providers, const char *route,
                                       const orders_payment_event_t *event,
                                       const orders_written_t *written, apr_pool_t *pool)
{
    if (written->refusal && !written->replayed) {
        const orders_refused_event_t refused = {
            .event = *event,
            .payment = written->id
                           ? apr_psprintf(pool, "%" APR_INT64_T_FMT, (apr_int64_t)written->id)
                           : event->payment_key,
            .refusal = written->refusal,
        };
        orders_provider_event_log(providers, route, &refused);
    }
}

orders_problem_t *orders_provider_event_refusal(apr_pool_t *pool, const orders_written_t *written)
{
    return written->refusal
               ? orders_problem(
                     pool, orders_error_by_code(written->refusal, ORDERS_E_provider_event_refused),
                     written->detail)
               : NULL;
}
