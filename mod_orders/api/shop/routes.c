/* SPDX-License-Identifier: Apache-2.0 */
/* The shop API: a buyer follows orders of goods. Routes, and the names of states. */
#include "api/shop/shop.h"

#include "api/common/cancel.h"
#include "api/registry.h"

const orders_projection_t orders_shop_status[] = {
    {.order = ORDERS_CLOSED, .value = "cancelled"},
    {.fulfilment = ORDERS_ARRIVED, .value = "delivered"},
    {.fulfilment = ORDERS_IN_DELIVERY, .value = "shipped"},
    {.fulfilment = ORDERS_FULFILMENT(CONFIRMED) | ORDERS_FULFILMENT(PACKED), .value = "processing"},
    {.payment = ORDERS_ONCE_PAID, .value = "paid"},
    {.value = "pending_payment"},
};

const orders_projection_t orders_shop_payment_status[] = {
    {.payment = ORDERS_PAID, .value = "paid"},
    {.payment = ORDERS_PAYMENT(FAILED) | ORDERS_PAYMENT(CLOSED), .value = "failed"},
    {.payment = ORDERS_PAYMENT(REFUNDED), .value = "refunded"},
    {.value = "pending"},
};

static const orders_route_t routes[] = {
    {
        .name = "shop.list",
        .method = ORDERS_GET,
        .path = "",
        .scope = ORDERS_SCOPE_BUYER,
        .headers = ORDERS_HEADER_LANGUAGE,
        .pages = &orders_shop_pages,
        .handler = orders_shop_list,
    },
    {
        .name = "shop.detail",
        .method = ORDERS_GET,
        .path = "/:id",
        .scope = ORDERS_SCOPE_BUYER,
        .headers = ORDERS_HEADER_LANGUAGE | ORDERS_HEADER_IF_NONE_MATCH,
        .handler = orders_shop_detail,
    },
    {
        .name = "shop.cancel",
        .method = ORDERS_POST,
        .path = "/:id/cancel",
        .scope = ORDERS_SCOPE_BUYER,
        .body = ORDERS_BODY_OPTIONAL,
        .headers = ORDERS_HEADER_KEY | ORDERS_HEADER_IF_MATCH,
        .fields = &orders_cancel_fields,
        .refuses = ORDERS_REFUSES(CONFLICT),
        .handler = orders_shop_cancel,
    },
    {
        .name = "shop.shipment",
        .method = ORDERS_GET,
        .path = "/:id/shipment",
        .scope = ORDERS_SCOPE_BUYER,
        .headers = ORDERS_HEADER_LANGUAGE | ORDERS_HEADER_IF_NONE_MATCH,
        .handler = orders_shop_shipment,
    },
};

const orders_api_t orders_shop_api = {
    .name = "shop",
    .groups = ORDERS_ONE_GROUP(routes),
    .problem = orders_shop_problem,
};
