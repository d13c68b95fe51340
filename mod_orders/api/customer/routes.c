/* SPDX-License-Identifier: Apache-2.0 */
/* The customer API: the users of an app follow, cancel, return and reorder their orders. Routes, and the status values. */
#include "api/customer/customer.h"

#include "api/common/cancel.h"
#include "api/customer/bill_link.h"
#include "api/registry.h"

const orders_projection_t orders_customer_status[] = {
    {.order = ORDERS_CLOSED, .value = "cancelled"},
    {.fulfilment = ORDERS_ARRIVED, .value = "delivered"},
    {.fulfilment = ORDERS_IN_DELIVERY, .value = "shipped"},
    {.fulfilment = ORDERS_FULFILMENT(PACKED), .value = "packed"},
    {.fulfilment = ORDERS_FULFILMENT(CONFIRMED), .value = "confirmed"},
    {.value = "pending"},
};

const orders_projection_t orders_customer_payment_status[] = {
    {.payment = ORDERS_PAID, .value = "paid"},
    {.payment = ORDERS_PAYMENT(REFUNDED), .value = "refunded"},
    {.value = "unpaid"},
};

static const orders_customer_refusals_t status = {"status"}, no_status = {NULL};

static const orders_route_t routes[] = {
    {
        .name = "customer.list",
        .method = ORDERS_GET,
        .path = "/my-orders",
        .scope = ORDERS_SCOPE_BUYER,
        .pages = &orders_customer_pages,
        .handler = orders_customer_list,
    },
    {
        .name = "customer.tracking",
        .method = ORDERS_GET,
        .path = "/order-tracking/:id",
        .scope = ORDERS_SCOPE_BUYER,
        .headers = ORDERS_HEADER_IF_NONE_MATCH,
        .handler = orders_customer_tracking,
    },
    {
        .name = "customer.bill",
        .method = ORDERS_GET,
        .path = "/e-bill/:id",
        .scope = ORDERS_SCOPE_BUYER,
        .refuses = ORDERS_REFUSES(CONFLICT),
        .refusals = &no_status,
        .handler = orders_customer_bill,
    },
    {
        .name = "customer.bill_pdf",
        .method = ORDERS_GET,
        .path = "/e-bill/:id/pdf",
        .auth = ORDERS_AUTH_NONE,
        .headers = ORDERS_HEADER_IF_NONE_MATCH,
        .query = &orders_bill_link_query,
        .refuses = ORDERS_REFUSES(FORBIDDEN) | ORDERS_REFUSES(NOT_FOUND) | ORDERS_REFUSES(CONFLICT),
        .handler = orders_customer_bill_pdf,
    },
    {
        .name = "customer.summary",
        .method = ORDERS_GET,
        .path = "/order-summery/:id",
        .scope = ORDERS_SCOPE_BUYER,
        .headers = ORDERS_HEADER_IF_NONE_MATCH,
        .query = &orders_customer_summary_query,
        .handler = orders_customer_summary,
    },
    {
        .name = "customer.summary",
        .method = ORDERS_GET,
        .path = "/order-summary/:id",
        .scope = ORDERS_SCOPE_BUYER,
        .headers = ORDERS_HEADER_IF_NONE_MATCH,
        .query = &orders_customer_summary_query,
        .handler = orders_customer_summary,
    },
    /* The specification also has GET for cancelling and reordering. */
    {
        .name = "customer.cancel",
        .method = ORDERS_GET,
        .path = "/order-cancel/:id",
        .scope = ORDERS_SCOPE_BUYER,
        .acts = true,
        .headers = ORDERS_HEADER_KEY | ORDERS_HEADER_IF_MATCH,
        .refuses = ORDERS_REFUSES(CONFLICT),
        .refusals = &status,
        .handler = orders_customer_cancel,
    },
    {
        .name = "customer.cancel",
        .method = ORDERS_POST,
        .path = "/order-cancel/:id",
        .scope = ORDERS_SCOPE_BUYER,
        .body = ORDERS_BODY_OPTIONAL,
        .headers = ORDERS_HEADER_KEY | ORDERS_HEADER_IF_MATCH,
        .fields = &orders_cancel_fields,
        .refuses = ORDERS_REFUSES(CONFLICT),
        .refusals = &status,
        .handler = orders_customer_cancel,
    },
    {
        .name = "customer.return",
        .method = ORDERS_POST,
        .path = "/order/return",
        .scope = ORDERS_SCOPE_BUYER,
        .body = ORDERS_BODY_REQUIRED,
        .headers = ORDERS_HEADER_KEY | ORDERS_HEADER_IF_MATCH,
        .fields = &orders_customer_return_fields,
        .repeated = "order_items_id",
        .refuses = ORDERS_REFUSES(NOT_FOUND) | ORDERS_REFUSES(CONFLICT),
        .handler = orders_customer_return,
    },
    {
        .name = "customer.reorder",
        .method = ORDERS_GET,
        .path = "/reorder/:id",
        .scope = ORDERS_SCOPE_BUYER,
        .acts = true,
        .headers = ORDERS_HEADER_KEY,
        .refuses = ORDERS_REFUSES(CONFLICT),
        .refusals = &status,
        .handler = orders_customer_reorder,
    },
    {
        .name = "customer.reorder",
        .method = ORDERS_POST,
        .path = "/reorder/:id",
        .scope = ORDERS_SCOPE_BUYER,
        .body = ORDERS_BODY_OPTIONAL,
        .headers = ORDERS_HEADER_KEY,
        .refuses = ORDERS_REFUSES(CONFLICT),
        .refusals = &status,
        .handler = orders_customer_reorder,
    },
};

const orders_api_t orders_customer_api = {
    .name = "customer",
    .needs_secret = "signs the URLs of bills",
    .needs_public_url = "returns the URLs of bills",
    .groups = ORDERS_ONE_GROUP(routes),
    .problem = orders_customer_problem,
};
