/* SPDX-License-Identifier: Apache-2.0 */
#include "payments/paypal/read_back.h"

#include <apr_strings.h>

#include "core/clock.h"
#include "payments/paypal/call.h"
#include "payments/provider_problem.h"

#define TIMEOUT_MS 10000
/** Added to the channel's timeout, so that the first call fails by its own timeout, which the breaker counts. */
#define GRACE_MS 500

/** Deadline of all calls for one event. */
typedef struct deadline_t {
    apr_time_t until; /**< of orders_clock_now() */
    const orders_channel_t *channel;
} deadline_t;

static bool is_over(void *context)
{
    const deadline_t *limit = context;

    return orders_clock_now() >= limit->until ||
           (limit->channel->cancelled && limit->channel->cancelled(limit->channel->context));
}

static const char *const paths[] = {
    [ORDERS_PAYPAL_CAPTURE] = "/v2/payments/captures/",
    [ORDERS_PAYPAL_REFUND] = "/v2/payments/refunds/",
};

/** Requires a 2xx reply: a resource that PayPal does not show yet may appear later. */
static orders_problem_t *get(const orders_channel_t *channel, apr_pool_t *pool,
                             orders_paypal_resource_e what, const char *id,
                             orders_http_reply_t *reply)
{
    const orders_paypal_call_t call = {.path = apr_pstrcat(pool, paths[what], id, NULL)};

    ORDERS_TRY(orders_paypal_call(channel, pool, &call, reply));
    return reply->status == 200
               ? NULL
               : orders_provider_unreachable(
                     pool,
                     apr_psprintf(pool, "PayPal does not show what its event names: %s is %ld",
                                  call.path, reply->status));
}

static orders_problem_t *read_refund(const orders_channel_t *channel, apr_pool_t *pool,
                                     const orders_http_reply_t *refund, orders_event_t *event)
{
    orders_http_reply_t reply;
    const char *capture_id;

    ORDERS_TRY(orders_paypal_event_refund(event, &capture_id, pool, refund->body, refund->length));
    if (!capture_id) {
        return NULL;
    }
    ORDERS_TRY(get(channel, pool, ORDERS_PAYPAL_CAPTURE, capture_id, &reply));
    return orders_paypal_event_owner(event, pool, reply.body, reply.length);
}

orders_problem_t *orders_paypal_read_back(const orders_channel_t *channel, apr_pool_t *pool,
                                          const orders_paypal_hint_t *hint, orders_event_t *event)
{
    const int timeout_ms = channel->timeout_ms > 0 ? channel->timeout_ms : TIMEOUT_MS;
    deadline_t limit = {orders_clock_now() + apr_time_from_msec(timeout_ms + GRACE_MS), channel};
    orders_channel_t limited = *channel;
    orders_http_reply_t reply;

    limited.cancelled = is_over;
    limited.context = &limit;
    ORDERS_TRY(get(&limited, pool, hint->resource, hint->id, &reply));
    return hint->resource == ORDERS_PAYPAL_REFUND
               ? read_refund(&limited, pool, &reply, event)
               : orders_paypal_event_capture(event, pool, reply.body, reply.length);
}
