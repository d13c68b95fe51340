/* SPDX-License-Identifier: Apache-2.0 */
/* The user API: a buyer's own orders. Routes, and the names of states. */
#include "api/user/user.h"

#include <string.h>

#include "api/common/cancel.h"
#include "api/registry.h"
#include "core/problem_json.h"

const orders_projection_t orders_user_status[] = {
    {.payment = ORDERS_PAYMENT(REFUNDED), .value = "refunded"},
    {.order = ORDERS_ORDER(CANCELLED) | ORDERS_ORDER(EXPIRED), .value = "cancelled"},
    {.payment = ORDERS_PAYMENT(PARTIALLY_REFUNDED), .value = "partially_refunded"},
    {.payment = ORDERS_PAYMENT(PAID) | ORDERS_PAYMENT(REFUND_PENDING), .value = "paid"},
    {.payment = ORDERS_PAYMENT(FAILED), .value = "payment_failed"},
    {.order = ORDERS_ORDER(ERROR), .value = "payment_failed"},
    {.value = "pending_payment"},
};
const char *const orders_user_status_values[] = {
    "pending_payment",    "paid", "payment_failed", "cancelled", "refunded",
    "partially_refunded", NULL,
};

const orders_projection_t orders_user_payment_status[] = {
    {.payment = ORDERS_PAYMENT(FAILED), .value = "failed"},
    {.payment = ORDERS_ONCE_PAID, .value = "succeeded"},
    {.value = "pending"},
};
const char *const orders_user_payment_status_values[] = {"pending", "succeeded", "failed", NULL};

const char *const orders_user_methods[] = {"balance", "external", "manual", "offline", NULL};

/* In the order of orders_user_methods. */
static const orders_user_method_t user_methods[] = {
    {.canonical = "balance"},
    {.canonical = "external", .by_channel = true},
    {.canonical = "manual"},
    {.canonical = "manual"},
};

const orders_user_method_t *orders_user_method(const char *name)
{
    for (size_t i = 0; orders_user_methods[i]; i++) {
        if (strcmp(orders_user_methods[i], name) == 0) {
            return &user_methods[i];
        }
    }
    return NULL;
}

/* Methods that have their own name in the API; all others are `manual`. */
static const char *const own_methods[] = {"balance", "external"};

const char *orders_user_method_name(const char *canonical)
{
    for (size_t i = 0; i < ORDERS_COUNT(own_methods); i++) {
        if (strcmp(own_methods[i], canonical) == 0) {
            return canonical;
        }
    }
    return "manual";
}

void orders_user_method_filter(const char *name, orders_own_list_t *list, apr_pool_t *pool)
{
    bool own = strcmp(orders_user_method_name(name), "manual") != 0;
    apr_array_header_t *methods =
        apr_array_make(pool, (int)ORDERS_COUNT(own_methods), sizeof(const char *));
    for (size_t i = 0; i < ORDERS_COUNT(own_methods); i++) {
        if (!own || strcmp(own_methods[i], name) == 0) {
            APR_ARRAY_PUSH(methods, const char *) = own_methods[i];
        }
    }
    list->methods = methods;
    list->but_methods = !own;
}

static const orders_route_t routes[] = {
    {
        .name = "user.list",
        .method = ORDERS_GET,
        .path = "",
        .scope = ORDERS_SCOPE_BUYER,
        .query = &orders_user_list_query,
        .pages = &orders_user_pages,
        .handler = orders_user_list,
    },
    {
        .name = "user.create",
        .method = ORDERS_POST,
        .path = "",
        .scope = ORDERS_SCOPE_BUYER,
        .body = ORDERS_BODY_REQUIRED,
        .headers = ORDERS_HEADER_KEY,
        .fields = &orders_user_create_fields,
        .refuses = ORDERS_REFUSES(PAYMENT_REQUIRED) | ORDERS_REFUSES(CONFLICT),
        .handler = orders_user_create,
    },
    {
        .name = "user.detail",
        .method = ORDERS_GET,
        .path = "/:id",
        .scope = ORDERS_SCOPE_BUYER,
        .headers = ORDERS_HEADER_IF_NONE_MATCH,
        .handler = orders_user_detail,
    },
    {
        .name = "user.cancel",
        .method = ORDERS_POST,
        .path = "/:id/cancel",
        .scope = ORDERS_SCOPE_BUYER,
        .body = ORDERS_BODY_OPTIONAL,
        .headers = ORDERS_HEADER_KEY | ORDERS_HEADER_IF_MATCH,
        .fields = &orders_cancel_fields,
        .refuses = ORDERS_REFUSES(CONFLICT),
        .handler = orders_user_cancel,
    },
    {
        .name = "user.payment_status",
        .method = ORDERS_GET,
        .path = "/:id/payment-status",
        .scope = ORDERS_SCOPE_BUYER,
        .headers = ORDERS_HEADER_IF_NONE_MATCH,
        .handler = orders_user_payment_state,
    },
};

const orders_api_t orders_user_api = {
    .name = "user",
    .groups = ORDERS_ONE_GROUP(routes),
    .problem = orders_problem_reply,
};
