/* SPDX-License-Identifier: Apache-2.0 */
/* The commerce API: applications order goods and packages for their members. Routes, and the words for states. */
#include "api/commerce/commerce.h"

#include "api/registry.h"

const orders_projection_t orders_commerce_status[] = {
    {.payment = ORDERS_PAYMENT(REFUNDED), .word = "refunded"},
    {.order = ORDERS_ORDER(CANCELLED) | ORDERS_ORDER(EXPIRED), .word = "cancelled"},
    {.order = ORDERS_ORDER(COMPLETED), .word = "completed"},
    {.payment = ORDERS_PAID, .word = "processing"},
    {.payment = ORDERS_PAYMENT(FAILED), .word = "failed"},
    {.order = ORDERS_ORDER(ERROR), .word = "failed"},
    {.word = "pending"},
};

const char *const orders_commerce_categories[] = {"product", "package", "renewal",
                                                  "upgrade", "plan",    NULL};

/* The scope is the user's, or the application's that needs no user. Any type of body is read: clients name wrong ones. */
#define ROUTE(route_name, route_method, route_path, function)                                      \
    {                                                                                              \
        .name = (route_name), .method = (route_method), .path = (route_path),                      \
        .auth = ORDERS_AUTH_OWN, .scope = ORDERS_SCOPE_BUYER, .body = true, .raw_body = true,      \
        .before_body = orders_commerce_authenticate, .handler = (function),                        \
    }

static const orders_route_t routes[] = {
    ROUTE("commerce.create", ORDERS_POST, "/create-order", orders_commerce_create),
    ROUTE("commerce.upgrade", ORDERS_POST, "/upgrade-renewal-package", orders_commerce_upgrade),
    ROUTE("commerce.list", ORDERS_GET, "/all-orders", orders_commerce_list),
    ROUTE("commerce.list", ORDERS_POST, "/all-orders", orders_commerce_list),
    ROUTE("commerce.detail", ORDERS_GET, "/order-details", orders_commerce_detail),
    ROUTE("commerce.detail", ORDERS_POST, "/order-details", orders_commerce_detail),
};

const orders_api_t orders_commerce_api = {
    .name = "commerce",
    .routes = routes,
    .route_count = ORDERS_COUNT(routes),
    .problem = orders_commerce_problem,
};
