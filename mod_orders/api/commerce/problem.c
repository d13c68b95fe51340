/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commerce API: errors. The database names the rules that an order breaks; each route maps them to its own fields and
 * messages.
 */
#include <apr_strings.h>
#include <jansson.h>
#include <string.h>

#include "api/commerce/commerce.h"
#include "api/common/field_names.h"

#define UPGRADE_IN_PROCESSING                                                                      \
    "There exists a package upgrade in processing. Please wait until the process complete or "     \
    "contact the site administrator."

/* For all routes. */
static const orders_commerce_message_t order_messages[] = {
    {"user_unknown", "uid", "Invalid user id"},
    {"product_unknown", "product_id", "Invalid product_id %s"},
    {"unit_price_mismatch", "unit_price", "Invalid unit_price. It is %s."},
    {"discount_mismatch", "discount", "Invalid discount. It is %s."},
    {"given_name_invalid", "address_first_name", "Invalid address_first_name"},
    {"family_name_invalid", "address_last_name", "Invalid address_last_name"},
    {"email_invalid", "address_mail_id", "Invalid address_mail_id"},
    {"phone_invalid", "address_phone_number", "Invalid address_phone_number"},
    {"house_invalid", "address_name_line", "Invalid address_name_line"},
    {"street_invalid", "address_premise", "Invalid address_premise"},
    {"city_invalid", "address_locality", "Invalid address_locality"},
    {"country_unknown", "address_country_code", "Invalid address_country_code"},
    {"state_unknown", "address_state_code", "Invalid address_state_code"},
    {"package_active", "product_id", "You already have an active package."},
    {"package_unpaid", "uid",
     "Payment for previous purchase is not completed yet. Please wait until the payment complete "
     "or cancel that payment."},
    {"package_processing", "uid", UPGRADE_IN_PROCESSING},
    {"package_confirming", "uid", UPGRADE_IN_PROCESSING},
};

static const orders_commerce_message_t create_messages[] = {
    {"lines_required", "products", "This field is required. Must have one product."},
    {"lines_too_many", "products", "Too many products."},
    {"quantity_invalid", "quantity", "Invalid quantity. Quantity must be greater than 1."},
    {"line_total_mismatch", "total_amount", "Invalid line item total_amount. It is %s."},
    {"total_mismatch", "total_amount",
     "Invalid order total_amount. Order total_amount must be the sum of line item total_amount."},
    {"package_not_alone", "products", "A package must be ordered alone, and once."},
    {"postcode_invalid", "address_postal_code", "Invalid address_postal_code"},
};

static const orders_commerce_message_t upgrade_messages[] = {
    {"type_unknown", "order_type", "Invalid order_type. Supported values are upgrade,renewal"},
    {"postcode_invalid", "address_postcode", "Invalid postcode"},
    {"discount_not_below", "order_total", "Discount must be less than unit_price."},
    {"order_total_mismatch", "order_total",
     "Order total must be difference of unit_price and discount."},
    {"renewal_of_another", "product_id",
     "Couldn't process your request. Renewal package not same as the existing package. Please "
     "check your package and try again."},
    {"not_an_upgrade", "product_id",
     "Couldn't process your request. May be you reached maximum upgrade or invalid package id."},
    {"same_package", "product_id",
     "The supplied package same as the existing package. Please change your package and try "
     "again."},
    {"member_not_placed", "uid",
     "You are not placed into the genealogy yet. Please wait until the placement completes."},
    {"auto_upgrade_pending", "uid",
     "System initiated package auto upgrade. Please wait until the process complete."},
    {"refund_open", "uid",
     "You cannot perform package upgrade because you have an active refund request."},
};

const orders_commerce_refusals_t orders_commerce_create_refusals = {create_messages,
                                                                    ORDERS_COUNT(create_messages)};
const orders_commerce_refusals_t orders_commerce_upgrade_refusals = {
    upgrade_messages, ORDERS_COUNT(upgrade_messages)};
static const orders_commerce_refusals_t common_refusals = {order_messages,
                                                           ORDERS_COUNT(order_messages)};

static const orders_commerce_message_t *find_message_in(const orders_commerce_refusals_t *refusals,
                                                        const char *rule)
{
    for (size_t i = 0; refusals && i < refusals->count; i++) {
        if (strcmp(refusals->messages[i].rule, rule) == 0) {
            return &refusals->messages[i];
        }
    }
    return NULL;
}

static const orders_commerce_message_t *find_message(const orders_call_t *call, const char *rule)
{
    const orders_commerce_message_t *own =
        find_message_in(call->route ? call->route->refusals : NULL, rule);
    return own ? own : find_message_in(&common_refusals, rule);
}

static const orders_field_name_t field_names[] = {
    {"user", "uid"},
    {"product", "product_id"},
    {"lines", "quantity"}, /* less is in stock than was ordered */
    {NULL, NULL},
};

/* The key of messages that are not about a field. */
#define DETAIL "detail"

typedef struct refusal_t {
    const char *field, *message;
} refusal_t;

static void refuse(apr_array_header_t *refusals, const char *field, const char *message)
{
    APR_ARRAY_PUSH(refusals, refusal_t) = (refusal_t){field, message};
}

/* Replaces %s by the value. Without a value, the message ends before %s. */
static const char *insert_value(apr_pool_t *pool, const char *message, const char *value)
{
    const char *placeholder = strstr(message, " %s");
    if (!placeholder) {
        return message;
    }
    const char *start = apr_pstrmemdup(pool, message, (apr_size_t)(placeholder - message));
    return value && *value ? apr_pstrcat(pool, start, " ", value, placeholder + 3, NULL) : start;
}

static void add_rules(apr_array_header_t *refusals, const orders_call_t *call,
                      const orders_problem_t *problem)
{
    json_t *extra = problem->extra ? json_loads(problem->extra, 0, NULL) : NULL;
    const json_t *refused = json_object_get(extra, "refused");
    for (size_t i = 0; i < json_array_size(refused); i++) {
        const json_t *entry = json_array_get(refused, i);
        const char *rule = json_string_value(json_object_get(entry, "rule"));
        const char *value = json_string_value(json_object_get(entry, "value"));
        const orders_commerce_message_t *message = rule ? find_message(call, rule) : NULL;
        refuse(refusals, message ? message->field : DETAIL,
               message ? insert_value(call->pool, message->message, value) : problem->detail);
    }
    json_decref(extra);
}

static void add_fields(apr_array_header_t *refusals, const orders_call_t *call,
                       const orders_problem_t *problem)
{
    const apr_array_header_t *fields =
        orders_rename_fields(problem->fields, field_names, call->pool);
    for (int i = 0; fields && i < fields->nelts; i++) {
        const orders_field_error_t *refused = &APR_ARRAY_IDX(fields, i, orders_field_error_t);
        refuse(refusals, refused->field, refused->message);
    }
}

static apr_array_header_t *refusals_of(const orders_call_t *call, const orders_problem_t *problem)
{
    apr_array_header_t *refusals = apr_array_make(call->pool, 4, sizeof(refusal_t));
    add_rules(refusals, call, problem);
    add_fields(refusals, call, problem);
    if (!refusals->nelts) {
        refuse(refusals, problem->error == ORDERS_E_unauthenticated ? "Authorization" : DETAIL,
               problem->detail);
    }
    return refusals;
}

static bool came_before(const apr_array_header_t *refusals, int at)
{
    for (int i = 0; i < at; i++) {
        if (strcmp(APR_ARRAY_IDX(refusals, i, refusal_t).field,
                   APR_ARRAY_IDX(refusals, at, refusal_t).field) == 0) {
            return true;
        }
    }
    return false;
}

/* {field: [messages]}, in the order in which the fields first occur. */
static void write_errors(orders_json_t *json, const apr_array_header_t *refusals)
{
    orders_json_begin_object(json);
    for (int i = 0; i < refusals->nelts; i++) {
        const char *field = APR_ARRAY_IDX(refusals, i, refusal_t).field;
        if (came_before(refusals, i)) {
            continue;
        }
        orders_json_key(json, field);
        orders_json_begin_array(json);
        for (int k = i; k < refusals->nelts; k++) {
            const refusal_t *refusal = &APR_ARRAY_IDX(refusals, k, refusal_t);
            if (strcmp(refusal->field, field) == 0) {
                orders_json_string(json, refusal->message);
            }
        }
        orders_json_end_array(json);
    }
    orders_json_end_object(json);
}

/* This API returns 400 when an order is refused, and 404 only for an unknown path. */
static int status_of(const orders_call_t *call, const orders_problem_t *problem)
{
    orders_kind_e kind = orders_error_kind(problem->error);
    if (problem->status || problem->error == ORDERS_E_idempotency_in_flight ||
        problem->error == ORDERS_E_idempotency_key_reused) {
        return orders_problem_status(problem);
    }
    switch (kind) {
    case ORDERS_KIND_PAYMENT_REQUIRED:
    case ORDERS_KIND_FORBIDDEN:
    case ORDERS_KIND_CONFLICT:
    case ORDERS_KIND_UNPROCESSABLE:
        return 400;
    case ORDERS_KIND_NOT_FOUND:
        return call->route ? 400 : 404;
    default:
        return orders_kind_status(kind);
    }
}

/* The challenge for the key of an application. The one for a user's token is the same in all APIs and is set elsewhere. */
static void add_challenge(orders_reply_t *reply, const apr_array_header_t *refusals)
{
    const refusal_t *first = orders_first(refusals);
    if (reply->status == 401 && strcmp(first->field, "apikey") == 0) {
        apr_table_setn(reply->headers, "WWW-Authenticate", "ApiKey header=\"apikey\"");
    }
}

void orders_commerce_problem(const orders_call_t *call, const orders_problem_t *problem,
                             orders_reply_t *reply)
{
    apr_array_header_t *refusals = refusals_of(call, problem);
    orders_json_t *json = reply->json = orders_json_open(call->pool);
    reply->status = status_of(call, problem);
    reply->etag = NULL;
    add_challenge(reply, refusals);
    orders_json_begin_object(json);
    orders_json_member_int(json, "status_code", reply->status);
    orders_json_member_string(json, "error_type", "Validation Error");
    orders_json_key(json, "errors");
    write_errors(json, refusals);
    orders_json_member_raw(json, "data", "{}", 2);
    orders_json_end_object(json);
}
