/* SPDX-License-Identifier: Apache-2.0 */
#include "payments/paypal/read_back.h"

#include <apr_strings.h>

#include "core/clock.h"
#include "payments/paypal/call.h"
#include "payments/provider_problem.h"

#define DEFAULT_TIMEOUT_MS 10000
/** Added to the channel's timeout. The first call then ends by its own timeout, which the breaker counts as a failure. */
#define MARGIN_MS 500

/** Deadline of all calls for one event. */
typedef struct deadline_t {
    apr_time_t until; /**< of orders_clock_now() */
    const orders_channel_t *channel;
} deadline_t;

static bool is_cancelled(void *context)
{
    const deadline_t *deadline = context;

    return orders_clock_now() >= deadline->until ||
           (deadline->channel->cancelled &&
            deadline->channel->cancelled(deadline->channel->context));
}

static const char *const paths[] = {
    [ORDERS_PAYPAL_CAPTURE] = "/v2/payments/captures/",
    [ORDERS_PAYPAL_REFUND] = "/v2/payments/refunds/",
};

/** Requires status 200. `provider_unreachable` for any other: PayPal may return the resource later. */
static orders_problem_t *get_resource(const orders_channel_t *channel, apr_pool_t *pool,
                                      orders_paypal_resource_e kind, const char *id,
                                      orders_http_reply_t *reply)
{
    const orders_paypal_call_t call = {.path = apr_pstrcat(pool, paths[kind], id, NULL)};

    ORDERS_TRY(orders_paypal_call(channel, pool, &call, reply));
    return reply->status == 200
               ? NULL
               : orders_provider_unreachable(
                     pool,
                     apr_psprintf(
                         pool, "PayPal does not return the resource of its event: %s, status %ld",
                         call.path, reply->status));
}

static orders_problem_t *read_refund(const orders_channel_t *channel, apr_pool_t *pool,
                                     const orders_http_reply_t *refund,
                                     orders_parsed_event_t *event)
{
    orders_http_reply_t reply;
    const char *capture_id;

    ORDERS_TRY(orders_paypal_event_refund(event, &capture_id, pool, refund->body, refund->length));
    if (!capture_id) {
        return NULL;
    }
    ORDERS_TRY(get_resource(channel, pool, ORDERS_PAYPAL_CAPTURE, capture_id, &reply));
    return orders_paypal_event_owner(event, pool, reply.body, reply.length);
}

orders_problem_t *orders_paypal_read_back(const orders_channel_t *channel, apr_pool_t *pool,
                                          const orders_paypal_hint_t *hint,
                                          orders_parsed_event_t *event)
{
    const int timeout_ms = channel->timeout_ms > 0 ? channel->timeout_ms : DEFAULT_TIMEOUT_MS;
    deadline_t deadline = {orders_clock_now() + apr_time_from_msec(timeout_ms + MARGIN_MS),
                           channel};
    orders_channel_t own_channel = *channel;
    orders_http_reply_t reply;

    own_channel.cancelled = is_cancelled;
    own_channel.context = &deadline;
    ORDERS_TRY(get_resource(&own_channel, pool, hint->resource, hint->id, &reply));
    return hint->resource == ORDERS_PAYPAL_REFUND
               ? read_refund(&own_channel, pool, &reply, event)
               : orders_paypal_event_capture(event, pool, reply.body, reply.length);
}
