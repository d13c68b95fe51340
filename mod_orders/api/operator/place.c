/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: placing an order of any API. The order book reads the document; configuration has its say here. */
#include <string.h>

#include "api/common/return_url.h"
#include "api/operator/operator.h"
#include "core/input_body.h"
#include "payments/payment_flow.h"

typedef struct place_t {
    const char *payment_return_url;
} place_t;

static const orders_field_t fields[] = {
    ORDERS_FIELD(place_t, STRING, payment_return_url, .max = 2048),
};

static orders_problem_t *read_body(orders_call_t *call, place_t *body)
{
    orders_input_t *input;
    ORDERS_TRY(orders_input_body(&input, call, false));
    if (!orders_input_object(input)) {
        return orders_problem(call->pool, ORDERS_E_unsupported_media_type,
                              "An order is described in JSON.");
    }
    orders_problem_t *problem =
        orders_fields_decode(fields, ORDERS_COUNT(fields), input, body, call->pool);
    if (orders_or_null(body->payment_return_url) &&
        !orders_return_url_allowed(body->payment_return_url, call->settings->return_urls)) {
        orders_problem_field(&problem, call->pool, "payment_return_url",
                             ORDERS_E_return_url_not_allowed,
                             orders_error_sentence(ORDERS_E_return_url_not_allowed));
    }
    return problem;
}

/* The names of fields in the order book's refusals, and in this API. A member that is unknown keeps its own name. */
static const struct {
    const char *name, *ours;
} renamed[] = {{"coupon_code", "voucher"}, {"cart_id", "cart"}};

static orders_problem_t *in_our_words(orders_problem_t *problem)
{
    for (int i = 0; problem && problem->fields && i < problem->fields->nelts; i++) {
        orders_field_error_t *error = &APR_ARRAY_IDX(problem->fields, i, orders_field_error_t);
        for (size_t n = 0; n < ORDERS_COUNT(renamed) && error->error != ORDERS_E_unknown_field;
             n++) {
            error->field =
                strcmp(error->field, renamed[n].name) == 0 ? renamed[n].ours : error->field;
        }
    }
    return problem;
}

orders_problem_t *orders_operator_place(orders_call_t *call, orders_reply_t *reply)
{
    place_t body = {NULL};
    orders_writer_t writer;
    orders_written_t *written;
    ORDERS_TRY(read_body(call, &body));
    ORDERS_TRY(orders_call_writer(&writer, call, "operator", NULL));
    const apr_array_header_t *channels =
        orders_channel_names(call->providers->channels, call->pool);
    ORDERS_TRY(in_our_words(orders_order_place(&writer, call->body, call->settings->payment_expiry,
                                               channels, &written)));
    const orders_payment_flow_t flow = {
        .writer = &writer,
        .providers = call->providers,
        .settings = call->settings,
    };
    ORDERS_TRY(orders_payment_flow_first(&flow, orders_or_null(body.payment_return_url), &written));
    ORDERS_TRY(orders_operator_reply(call, written->order, written->replayed, reply));
    reply->status = 201;
    return NULL;
}
