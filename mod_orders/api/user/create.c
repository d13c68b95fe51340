/* SPDX-License-Identifier: Apache-2.0 */
/* The user API: ordering a plan. */
#include "api/common/return_url.h"
#include "api/user/user.h"
#include "payments/payment_flow.h"

typedef struct create_t {
    uint64_t plan_id, billing_option_id;
    int64_t quantity;
    const char *payment_method, *payment_channel, *payment_return_url;
    const char *idempotency_key, *coupon_code;
} create_t;

static const orders_field_t fields[] = {
    ORDERS_FIELD(create_t, UINT64, plan_id, .flags = ORDERS_FIELD_REQUIRED),
    ORDERS_FIELD(create_t, UINT64, billing_option_id),
    ORDERS_FIELD(create_t, INT64, quantity),
    ORDERS_FIELD(create_t, STRING, payment_method, .max = 64, .values = orders_user_methods),
    ORDERS_FIELD(create_t, STRING, payment_channel, .max = 64),
    ORDERS_FIELD(create_t, STRING, payment_return_url, .max = 2048),
    ORDERS_FIELD(create_t, STRING, idempotency_key),
    ORDERS_FIELD(create_t, STRING, coupon_code, .max = 64),
};
const orders_field_table_t orders_user_create_fields = ORDERS_FIELD_TABLE(fields);

static void refuse(orders_problem_t **problem, apr_pool_t *pool, const char *field,
                   orders_error_e error)
{
    orders_problem_field(problem, pool, field, error, orders_error_sentence(error));
}

/* Checks the limits of the specification and of the configuration. The database checks all other rules. */
static orders_problem_t *check(const orders_call_t *call, const create_t *body,
                               orders_place_plan_t *place)
{
    orders_problem_t *problem = NULL;
    if (body->quantity < 1 || body->quantity > call->settings->max_quantity) {
        refuse(&problem, call->pool, "quantity", ORDERS_E_quantity_out_of_range);
    }
    const char *method_name = orders_or_null(body->payment_method);
    const orders_user_method_t *method = orders_user_method(method_name ? method_name : "balance");
    if (!method) {
        refuse(&problem, call->pool, "payment_method", ORDERS_E_payment_method_unknown);
    }
    place->method = method ? method->canonical : NULL;
    place->channel = orders_or_null(body->payment_channel);
    if (method && method->by_channel && place->channel &&
        !orders_channel_find(call->providers, place->channel)) {
        refuse(&problem, call->pool, "payment_channel", ORDERS_E_payment_channel_unknown);
    }
    place->return_url = orders_or_null(body->payment_return_url);
    if (place->return_url &&
        !orders_return_url_allowed(place->return_url, call->settings->return_urls)) {
        refuse(&problem, call->pool, "payment_return_url", ORDERS_E_return_url_not_allowed);
    }
    return problem;
}

orders_problem_t *orders_user_create(orders_call_t *call, orders_reply_t *reply)
{
    orders_input_t *input;
    create_t body = {.quantity = 1};
    orders_place_plan_t place = {
        .user_id = call->identity->user_id,
        .expires_in = call->settings->payment_expiry,
    };
    orders_writer_t writer;
    orders_written_t *written;
    ORDERS_TRY(orders_call_body(&input, call));
    orders_problem_t *problem = orders_call_decode(call, input, &body);
    orders_problem_merge(&problem, call->pool, check(call, &body, &place));
    ORDERS_TRY(problem);
    ORDERS_TRY(orders_call_writer(&writer, call, "buyer", orders_or_null(body.idempotency_key)));
    place.plan_id = (int64_t)body.plan_id;
    place.billing_option_id = (int64_t)body.billing_option_id;
    place.quantity = body.quantity;
    place.coupon = orders_or_null(body.coupon_code);
    ORDERS_TRY(orders_order_place_plan(&writer, &place, &written));
    const orders_payment_flow_t flow = {
        .writer = &writer,
        .providers = call->providers,
        .settings = call->settings,
    };
    ORDERS_TRY(orders_payment_flow_first(&flow, place.return_url, &written));
    return orders_user_reply(call, written->order, written->replayed, reply);
}
