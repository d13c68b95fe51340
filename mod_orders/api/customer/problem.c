/* SPDX-License-Identifier: Apache-2.0 */
/* The customer API: errors, and responses with only a message. Both have the status in the member that the route has for it. */
#include <apr_strings.h>
#include <jansson.h>
#include <string.h>

#include "api/customer/customer.h"

static const char *status_name(const orders_call_t *call)
{
    const orders_customer_refusals_t *own = call->route ? call->route->refusals : NULL;
    return own ? own->status_name : "status_code";
}

static void write_message(const orders_call_t *call, orders_reply_t *reply, bool success,
                          const char *message)
{
    const char *name = status_name(call);
    orders_json_t *json = reply->json = orders_json_open(call->pool);
    orders_json_begin_object(json);
    orders_json_member_bool(json, "success", success);
    orders_json_member_string(json, "message", message);
    if (name) {
        orders_json_member_int(json, name, reply->status);
    }
    orders_json_member_raw(json, "data", "[]", 2);
    orders_json_end_object(json);
}

void orders_customer_reply_message(const orders_call_t *call, orders_reply_t *reply,
                                   const char *message)
{
    write_message(call, reply, true, message);
}

const char *orders_customer_names(const json_t *list, apr_pool_t *pool)
{
    const char *names = NULL;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        const char *name =
            json_is_integer(entry)
                ? apr_psprintf(pool, "%" APR_INT64_T_FMT, (apr_int64_t)json_integer_value(entry))
                : json_string_value(entry);
        if (name) {
            names = apr_pstrcat(pool, names ? names : "", names ? ", " : "", name, NULL);
        }
    }
    return names;
}

/* The reason why an order cannot be cancelled, by the states in the problem. */
static const orders_projection_t cancel_reasons[] = {
    {.fulfilment = ORDERS_FULFILMENT(PACKED) | ORDERS_FULFILMENT(SHIPPED) |
                   ORDERS_FULFILMENT(OUT_FOR_DELIVERY) | ORDERS_FULFILMENT(DELIVERED) |
                   ORDERS_FULFILMENT(RETURNED),
     .value = "The order has been packed and can no longer be cancelled."},
    {.payment = ORDERS_REFUNDING,
     .value = "The order has been refunded and can no longer be cancelled."},
    {.value =
         "Only an order with cash on delivery can be cancelled, and only before it is packed."},
};

/* The lists of a problem that are appended to the message: ids of lines, names of products. */
static const char *const appended_lists[] = {"lines", "products"};

static const char *find_cancel_reason(const json_t *extra)
{
    const orders_order_t order = {
        .state = json_string_value(json_object_get(extra, "state")),
        .payment_state = json_string_value(json_object_get(extra, "payment_state")),
        .fulfilment_state = json_string_value(json_object_get(extra, "fulfilment_state")),
    };
    return orders_project(cancel_reasons, &order);
}

/* The sentence, followed by the names: "Some lines cannot be returned: 101, 102." */
static const char *append_names(const char *sentence, const json_t *extra, apr_pool_t *pool)
{
    const char *names = NULL;
    apr_size_t length = strlen(sentence);
    for (size_t i = 0; !names && i < ORDERS_COUNT(appended_lists); i++) {
        names = orders_customer_names(json_object_get(extra, appended_lists[i]), pool);
    }
    length -= length > 0 && sentence[length - 1] == '.';
    return names ? apr_pstrcat(pool, apr_pstrmemdup(pool, sentence, length), ": ", names, ".", NULL)
                 : sentence;
}

/* "quantity: Must be an integer. page: …" */
static const char *join_field_errors(const apr_array_header_t *fields, apr_pool_t *pool)
{
    const char *text = "";
    for (int i = 0; i < fields->nelts; i++) {
        const orders_field_error_t *refused = &APR_ARRAY_IDX(fields, i, orders_field_error_t);
        text =
            apr_pstrcat(pool, text, *text ? " " : "", refused->field, ": ", refused->message, NULL);
    }
    return text;
}

static const char *message_of(const orders_call_t *call, const orders_problem_t *problem)
{
    if (problem->error == ORDERS_E_unauthenticated) {
        return "Unauthenticated.";
    }
    if (problem->error == ORDERS_E_not_found && call->route) {
        return "Order not found.";
    }
    if (problem->error == ORDERS_E_invalid_fields) {
        return join_field_errors(problem->fields, call->pool);
    }
    json_t *extra = problem->extra ? json_loads(problem->extra, 0, NULL) : NULL;
    const char *message = problem->error == ORDERS_E_order_not_cancellable
                              ? find_cancel_reason(extra)
                              : append_names(problem->detail, extra, call->pool);
    json_decref(extra);
    return message;
}

void orders_customer_problem(const orders_call_t *call, const orders_problem_t *problem,
                             orders_reply_t *reply)
{
    reply->status = problem->error == ORDERS_E_link_expired ? 410 : orders_problem_status(problem);
    reply->etag = NULL;
    write_message(call, reply, false, message_of(call, problem));
}
