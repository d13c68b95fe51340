/* SPDX-License-Identifier: Apache-2.0 */
/* The company API: salespeople sell for a company, consumers bind and pay what they bought. Routes, and words for states. */
#include "api/company/company.h"

#include "api/registry.h"

const orders_projection_t orders_company_order_status[] = {
    {.order = ORDERS_ORDER(CANCELLED), .word = "Cancelled"},
    {.order = ORDERS_ORDER(EXPIRED) | ORDERS_ORDER(ERROR), .word = "Error"},
    {.payment = ORDERS_PAYMENT(REFUNDED), .word = "Refunded"},
    {.payment = ORDERS_PAID, .word = "Paid"},
    {.payment = ORDERS_PAYMENT(CONFIRMING), .word = "Confirming"},
    {.word = "Open"},
};

const orders_projection_t orders_company_payment_status[] = {
    {.payment = ORDERS_PAYMENT(CLOSED), .word = "Closed"},
    {.payment = ORDERS_PAYMENT(REFUNDED), .word = "Refunded"},
    {.payment = ORDERS_PAID, .word = "Paid"},
    {.payment = ORDERS_PAYMENT(CONFIRMING), .word = "Confirming"},
    {.word = "Open"},
};

#define SELLER_POST(route_name, route_path, function)                                              \
    {                                                                                              \
        .name = (route_name), .method = ORDERS_POST, .path = (route_path),                         \
        .auth = ORDERS_AUTH_OWN, .scope = ORDERS_SCOPE_SELLER, .body = true,                       \
        .handler = (function),                                                                     \
    }

static const orders_route_t routes[] = {
    SELLER_POST("company.list", "/user/company/order/list", orders_company_list),
    SELLER_POST("company.create", "/user/company/order/create", orders_company_create),
    SELLER_POST("company.payment", "/user/company/order/payment", orders_company_payment),
    SELLER_POST("company.cancel", "/user/company/order/cancel", orders_company_cancel),
    {
        .name = "company.refund", /* whose refusal tells another company's order from none */
        .method = ORDERS_POST,
        .path = "/user/company/order/refund",
        .auth = ORDERS_AUTH_OWN,
        .scope = ORDERS_SCOPE_SELLER,
        .body = true,
        .guessable = true,
        .handler = orders_company_refund,
    },
    SELLER_POST("company.refund_query", "/user/company/order/refund/query",
                orders_company_refund_query),
    SELLER_POST("company.detail", "/user/company/order/detail", orders_company_detail),
    SELLER_POST("company.send_link", "/user/company/order/paypal/send", orders_company_send_link),
    {
        .name = "company.result",
        .method = ORDERS_GET,
        .path = "/transaction/:token/result",
        .secret = true,
        .auth = ORDERS_AUTH_NONE,
        .handler = orders_company_result,
    },
    {
        .name = "company.partial",
        .method = ORDERS_GET,
        .path = "/order/:number/detail",
        .secret = true,
        .auth = ORDERS_AUTH_OWN,
        .scope = ORDERS_SCOPE_BUYER,
        .guessable = true,
        .handler = orders_company_partial,
    },
    {
        .name = "company.confirm",
        .method = ORDERS_POST,
        .path = "/order/confirmpurchase",
        .auth = ORDERS_AUTH_OWN,
        .scope = ORDERS_SCOPE_BUYER,
        .body = true,
        .guessable = true,
        .handler = orders_company_confirm,
    },
    {
        .name = "company.edit",
        .method = ORDERS_POST,
        .path = "/order/edit",
        .auth = ORDERS_AUTH_OWN,
        .scope = ORDERS_SCOPE_BUYER,
        .body = true,
        .guessable = true,
        .handler = orders_company_edit,
    },
    {
        .name = "company.invoice",
        .method = ORDERS_GET,
        .path = "/order/:number/invoice/:invoice/download",
        .auth = ORDERS_AUTH_OWN,
        .scope = ORDERS_SCOPE_SELLER | ORDERS_SCOPE_BUYER,
        .handler = orders_company_invoice,
    },
    {
        .name = "company.pay_page",
        .method = ORDERS_GET,
        .path = "/transaction/:token/pay",
        .secret = true,
        .auth = ORDERS_AUTH_NONE,
        .handler = orders_company_pay_page,
    },
    {
        .name = "company.pay",
        .method = ORDERS_POST,
        .path = "/transaction/:token/pay",
        .secret = true,
        .auth = ORDERS_AUTH_NONE,
        .body = true,
        .handler = orders_company_pay,
    },
    {
        .name = "company.return_page",
        .method = ORDERS_GET,
        .path = "/transaction/:token/return",
        .secret = true,
        .auth = ORDERS_AUTH_NONE,
        .handler = orders_company_return_page,
    },
    {
        .name = "company.cancel_page",
        .method = ORDERS_GET,
        .path = "/transaction/:token/cancel",
        .secret = true,
        .auth = ORDERS_AUTH_NONE,
        .handler = orders_company_cancel_page,
    },
};

const orders_api_t orders_company_api = {
    .name = "company",
    .has = ORDERS_HAS_PAY_LINKS | ORDERS_HAS_OWN_KEYS,
    .needs_secret = "derives pay links",
    .needs_public_url = "gives out links and codes",
    .routes = routes,
    .route_count = ORDERS_COUNT(routes),
    .problem = orders_company_problem,
};
