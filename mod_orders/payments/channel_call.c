/* SPDX-License-Identifier: Apache-2.0 */
#include "payments/channel_call.h"

#include "core/clock.h"
#include "metrics/metrics.h"
#include "net/breaker.h"
#include "payments/provider_problem.h"

#define DEFAULT_TIMEOUT_MS 10000

static orders_call_outcome_e classify_outcome(const orders_http_request_t *request,
                                              const orders_http_reply_t *reply, const char *error)
{
    if (error) {
        return request->cancelled && request->cancelled(request->context) ? ORDERS_CALL_CANCELLED
                                                                          : ORDERS_CALL_FAILED;
    }
    return reply->status >= 500 || reply->status == 429 ? ORDERS_CALL_FAILED : ORDERS_CALL_ANSWERED;
}

static void add_header(apr_table_t *headers, const char *name, const char *value)
{
    if (value) {
        apr_table_setn(headers, name, value);
    }
}

static orders_provider_call_e metric_of(orders_call_outcome_e outcome)
{
    return outcome == ORDERS_CALL_ANSWERED ? ORDERS_PROVIDER_CALL_ANSWERED
           : outcome == ORDERS_CALL_FAILED ? ORDERS_PROVIDER_CALL_FAILED
                                           : ORDERS_PROVIDER_CALL_CANCELLED;
}

orders_problem_t *orders_channel_call(const orders_channel_t *channel, apr_pool_t *pool,
                                      orders_http_request_t *request, apr_table_t *headers,
                                      orders_http_reply_t *reply)
{
    orders_breaker_t *breaker = channel->breaker;
    orders_admission_t admission;
    orders_call_outcome_e outcome;
    apr_time_t from;
    const char *error = orders_breaker_enter(breaker, channel->caller, channel->log, &admission);

    if (error) {
        orders_problem_t *problem = orders_provider_unreachable(pool, error);

        problem->quiet = true;
        orders_metrics_provider_call(channel->name, ORDERS_PROVIDER_CALL_SUSPENDED, 0);
        return problem;
    }
    add_header(headers, "X-Request-Id", channel->request_id);
    add_header(headers, "traceparent", channel->trace);
    request->headers = headers;
    request->timeout_ms = channel->timeout_ms > 0 ? channel->timeout_ms : DEFAULT_TIMEOUT_MS;
    request->ca_file = channel->ca_file;
    request->cancelled = channel->cancelled;
    request->context = channel->context;
    from = orders_clock_now();
    error = orders_http_call(request, reply, pool);
    outcome = classify_outcome(request, reply, error);
    orders_metrics_provider_call(channel->name, metric_of(outcome), orders_clock_now() - from);
    orders_breaker_leave(breaker, &admission, outcome, channel->log);
    return error ? orders_provider_unreachable(pool, error) : NULL;
}
