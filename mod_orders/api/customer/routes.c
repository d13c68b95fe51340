/* SPDX-License-Identifier: Apache-2.0 */
/* The customer API: an app's users follow, cancel, return and repeat their orders. Routes, and the words for states. */
#include "api/customer/customer.h"

#include "api/common/cancel.h"
#include "api/registry.h"

const orders_projection_t orders_customer_status[] = {
    {.order = ORDERS_ORDER(CANCELLED) | ORDERS_ORDER(EXPIRED) | ORDERS_ORDER(ERROR),
     .word = "cancelled"},
    {.fulfilment = ORDERS_FULFILMENT(DELIVERED) | ORDERS_FULFILMENT(RETURNED), .word = "delivered"},
    {.fulfilment = ORDERS_FULFILMENT(SHIPPED) | ORDERS_FULFILMENT(OUT_FOR_DELIVERY),
     .word = "shipped"},
    {.fulfilment = ORDERS_FULFILMENT(PACKED), .word = "packed"},
    {.fulfilment = ORDERS_FULFILMENT(CONFIRMED), .word = "confirmed"},
    {.word = "pending"},
};

const orders_projection_t orders_customer_payment_status[] = {
    {.payment =
         ORDERS_PAYMENT(PAID) | ORDERS_PAYMENT(REFUND_PENDING) | ORDERS_PAYMENT(PARTIALLY_REFUNDED),
     .word = "paid"},
    {.payment = ORDERS_PAYMENT(REFUNDED), .word = "refunded"},
    {.word = "unpaid"},
};

#define READ(route_name, route_path, function)                                                     \
    {                                                                                              \
        .name = (route_name), .method = ORDERS_GET, .path = (route_path),                          \
        .scope = ORDERS_SCOPE_BUYER, .handler = (function),                                        \
    }
/* The specification has these as GET. */
#define ACT(route_name, route_path, function)                                                      \
    {                                                                                              \
        .name = (route_name), .method = ORDERS_GET, .path = (route_path),                          \
        .scope = ORDERS_SCOPE_BUYER, .acts = true, .handler = (function),                          \
    }
#define POST(route_name, route_path, function)                                                     \
    {                                                                                              \
        .name = (route_name), .method = ORDERS_POST, .path = (route_path),                         \
        .scope = ORDERS_SCOPE_BUYER, .body = true, .handler = (function),                          \
    }

static const orders_route_t routes[] = {
    READ("customer.list", "/my-orders", orders_customer_list),
    READ("customer.tracking", "/order-tracking/:id", orders_customer_tracking),
    READ("customer.bill", "/e-bill/:id", orders_customer_bill),
    {
        .name = "customer.bill_pdf",
        .method = ORDERS_GET,
        .path = "/e-bill/:id/pdf",
        .auth = ORDERS_AUTH_NONE,
        .handler = orders_customer_bill_pdf,
    },
    READ("customer.summary", "/order-summery/:id", orders_customer_summary),
    READ("customer.summary", "/order-summary/:id", orders_customer_summary),
    ACT("customer.cancel", "/order-cancel/:id", orders_customer_cancel),
    {
        .name = "customer.cancel",
        .method = ORDERS_POST,
        .path = "/order-cancel/:id",
        .scope = ORDERS_SCOPE_BUYER,
        .body = ORDERS_BODY_OPTIONAL,
        .headers = ORDERS_HEADER_KEY | ORDERS_HEADER_IF_MATCH,
        .fields = &orders_cancel_fields,
        .handler = orders_customer_cancel,
    },
    {
        .name = "customer.return",
        .method = ORDERS_POST,
        .path = "/order/return",
        .scope = ORDERS_SCOPE_BUYER,
        .body = true,
        .repeated = "order_items_id",
        .handler = orders_customer_return,
    },
    ACT("customer.reorder", "/reorder/:id", orders_customer_reorder),
    POST("customer.reorder", "/reorder/:id", orders_customer_reorder),
};

const orders_api_t orders_customer_api = {
    .name = "customer",
    .needs_secret = "signs the addresses of bills",
    .needs_public_url = "gives out the addresses of bills",
    .routes = routes,
    .route_count = ORDERS_COUNT(routes),
    .problem = orders_customer_problem,
};
