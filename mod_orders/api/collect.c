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

/* Which channel, about what, why: what the log is told. */
static const char *trouble_with(const orders_collector_t *collector, const char *channel,
                                const char *kind, int64_t id, const orders_problem_t *problem)
{
    return apr_psprintf(collector->writer->pool, "channel %s, %s %" APR_INT64_T_FMT ": %s",
                        channel ? channel : "-", kind, (apr_int64_t)id,
                        problem->log ? problem->log : problem->detail);
}

/* A line like that of a refusal, for trouble that does not end the request. */
static void log_trouble(const orders_collector_t *collector, const orders_problem_t *problem,
                        const char *trouble)
{
    const char *request_id = collector->providers->request_id;
    orders_log(collector->providers->log, ORDERS_LOG_WARNING, "ORD%04d %s %s - %s: %s",
               orders_error_number(problem->error), orders_error_word(problem->error),
               request_id ? request_id : "-", collector->writer->route, trouble);
}

static orders_problem_t *unknown_channel(const orders_collector_t *collector)
{
    orders_problem_t *problem =
        orders_problem(collector->writer->pool, ORDERS_E_not_configured, NULL);
    problem->log = "there is no OrdersPaymentChannel of this name";
    return problem;
}

static orders_problem_t *ask(const orders_collector_t *collector, const orders_channel_t *channel,
                             const orders_intent_request_t *request, orders_intent_reply_t *reply)
{
    if (!channel) {
        return unknown_channel(collector);
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
    orders_problem_t *problem = ask(collector, channel, &request, &reply);
    if (!problem) {
        const orders_record_intent_t intent = {
            .payment_id = payment->id,
            .intent_id = reply.intent_id,
            .pay_url = reply.pay_url,
            .reference = reply.reference,
        };
        return orders_payment_record_intent(writer, &intent, answer);
    }
    log_trouble(collector, problem,
                trouble_with(collector, payment->channel, "payment", payment->id, problem));
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
    orders_problem_t *problem =
        channel ? channel->provider->refund(channel, writer->pool, &request, &reply)
                : unknown_channel(collector);
    if (problem) {
        problem->log = trouble_with(collector, refund->channel, "refund", refund->id, problem);
    }
    if (problem && problem->error != ORDERS_E_provider_refused) {
        return problem; /* the worker logs it */
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
        log_trouble(collector, problem, problem->log);
        explain(problem, writer->pool, &settle.code, &settle.message);
    }
    orders_answer_t *answer;
    return orders_payment_settle_refund(writer, &settle, &answer);
}
