/* SPDX-License-Identifier: Apache-2.0 */
#include "api/collect.h"

#include <apr_strings.h>
#include <string.h>

#include "core/fields.h"

/* The operator API's route for a channel's events; NULL when nobody outside could reach it. */
static const char *notify_url(const orders_collector_t *collector, const char *channel)
{
    const orders_settings_t *settings = collector->settings;
    return settings->public_url && settings->events_mount
               ? apr_pstrcat(collector->writer->pool, settings->public_url, settings->events_mount,
                             "/payments/", channel, "/events", NULL)
               : NULL;
}

/* What a provider said when it refused, or why it could not be asked. */
static void explain(const orders_problem_t *problem, apr_pool_t *pool, const char **code,
                    const char **message)
{
    orders_input_t *extra;
    *code = orders_error_word(problem->error);
    *message = problem->detail;
    if (problem->extra &&
        !orders_input_json(&extra, pool, problem->extra, strlen(problem->extra), true)) {
        const char *said = orders_input_string(extra, "code");
        *code = said ? said : *code;
        said = orders_input_string(extra, "message");
        *message = said ? said : *message;
    }
}

static orders_problem_t *ask(const orders_collector_t *collector, const orders_channel_t *channel,
                             const orders_intent_request_t *request, orders_intent_reply_t *reply)
{
    if (!channel) {
        return orders_problem(collector->writer->pool, ORDERS_E_not_configured, NULL);
    }
    return channel->provider->create_intent(channel, collector->writer->pool, request, reply);
}

orders_problem_t *orders_collect_intent(const orders_collector_t *collector,
                                        const orders_payment_t *payment, const char *order_number,
                                        orders_answer_t **answer)
{
    const orders_writer_t *writer = collector->writer;
    const orders_channel_t *channel = orders_channel_find(collector->providers, payment->channel);
    const orders_intent_request_t request = {
        .payment_id = payment->id,
        .tenant = writer->tenant,
        .order_number = order_number,
        .amount = payment->amount,
        .currency = payment->currency,
        .return_url = payment->return_url,
        .notify_url = notify_url(collector, payment->channel),
    };
    orders_intent_reply_t reply = {NULL, NULL, NULL};
    const orders_problem_t *problem = ask(collector, channel, &request, &reply);
    if (!problem) {
        const orders_record_intent_t intent = {
            .payment_id = payment->id,
            .intent_id = reply.intent_id,
            .pay_url = reply.pay_url,
            .reference = reply.reference,
        };
        return orders_payment_record_intent(writer, &intent, answer);
    }
    orders_log(collector->providers->log, ORDERS_LOG_WARNING,
               "intent of payment %" APR_INT64_T_FMT ": %s", (apr_int64_t)payment->id,
               problem->log ? problem->log : problem->detail);
    orders_intent_failure_t failure = {
        .payment_id = payment->id,
        .final = problem->error == ORDERS_E_provider_refused,
    };
    explain(problem, writer->pool, &failure.code, &failure.message);
    return orders_payment_record_failure(writer, &failure, answer);
}

orders_problem_t *orders_collect_refund(const orders_collector_t *collector,
                                        const orders_refund_t *refund)
{
    const orders_writer_t *writer = collector->writer;
    const orders_channel_t *channel = orders_channel_find(collector->providers, refund->channel);
    if (!channel) {
        return orders_problem(writer->pool, ORDERS_E_not_configured, NULL);
    }
    const orders_refund_request_t request = {
        .refund_id = refund->id,
        .tenant = writer->tenant,
        .intent_id = refund->intent_id,
        .transaction_id = refund->reference,
        .amount = refund->amount,
        .currency = refund->currency,
        .reason = refund->reason,
    };
    orders_refund_reply_t reply = {NULL, false};
    orders_problem_t *problem = channel->provider->refund(channel, writer->pool, &request, &reply);
    if (problem && problem->error != ORDERS_E_provider_refused) {
        return problem;
    }
    if (!problem && reply.pending) {
        return NULL;
    }
    orders_settle_refund_t settle = {
        .refund_id = refund->id,
        .transaction_id = reply.transaction_id,
        .ok = !problem,
    };
    if (problem) {
        explain(problem, writer->pool, &settle.code, &settle.message);
    }
    orders_answer_t *answer;
    return orders_payment_settle_refund(writer, &settle, &answer);
}
