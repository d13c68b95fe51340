/* SPDX-License-Identifier: Apache-2.0 */
/* The commerce API: applications order goods and packages for their members. Routes, and the status values. */
#include "api/commerce/commerce.h"

#include "api/registry.h"

const orders_projection_t orders_commerce_status[] = {
    {.payment = ORDERS_PAYMENT(REFUNDED), .value = "refunded"},
    {.order = ORDERS_ORDER(CANCELLED) | ORDERS_ORDER(EXPIRED), .value = "cancelled"},
    {.order = ORDERS_ORDER(COMPLETED), .value = "completed"},
    {.payment = ORDERS_PAID, .value = "processing"},
    {.payment = ORDERS_PAYMENT(FAILED), .value = "failed"},
    {.order = ORDERS_ORDER(ERROR), .value = "failed"},
    {.value = "pending"},
};

const char *const orders_commerce_categories[] = {"product", "package", "renewal",
                                                  "upgrade", "plan",    NULL};

/*
 * The scope is required of the user, or of an application that acts without one. Bodies of any type are read, because clients send
 * JSON with other types (orders_commerce_body).
 */
#define COMMON                                                                                     \
    .auth = ORDERS_AUTH_OWN, .scope = ORDERS_SCOPE_BUYER, .body = ORDERS_BODY_OPTIONAL,            \
    .raw_body = true, .before_body = orders_commerce_authenticate

static const orders_route_t routes[] = {
    {
        .name = "commerce.create",
        .method = ORDERS_POST,
        .path = "/create-order/",
        COMMON,
        .headers = ORDERS_HEADER_KEY,
        .fields = &orders_commerce_create_fields,
        .refusals = &orders_commerce_create_refusals,
        .handler = orders_commerce_create,
    },
    {
        .name = "commerce.upgrade",
        .method = ORDERS_POST,
        .path = "/upgrade-renewal-package/",
        COMMON,
        .headers = ORDERS_HEADER_KEY,
        .fields = &orders_commerce_upgrade_fields,
        .refusals = &orders_commerce_upgrade_refusals,
        .handler = orders_commerce_upgrade,
    },
    {
        .name = "commerce.list",
        .method = ORDERS_GET,
        .path = "/all-orders/",
        COMMON,
        .fields = &orders_commerce_list_fields,
        .query = &orders_commerce_list_fields,
        .pages = &orders_commerce_pages,
        .handler = orders_commerce_list,
    },
    {
        .name = "commerce.list",
        .method = ORDERS_POST,
        .path = "/all-orders/",
        COMMON,
        .fields = &orders_commerce_list_fields,
        .query = &orders_commerce_list_fields,
        .pages = &orders_commerce_pages,
        .handler = orders_commerce_list,
    },
    {
        .name = "commerce.detail",
        .method = ORDERS_GET,
        .path = "/order-details/",
        COMMON,
        .headers = ORDERS_HEADER_IF_NONE_MATCH,
        .fields = &orders_commerce_detail_fields,
        .query = &orders_commerce_detail_fields,
        .handler = orders_commerce_detail,
    },
    {
        .name = "commerce.detail",
        .method = ORDERS_POST,
        .path = "/order-details/",
        COMMON,
        .fields = &orders_commerce_detail_fields,
        .query = &orders_commerce_detail_fields,
        .handler = orders_commerce_detail,
    },
};

const orders_api_t orders_commerce_api = {
    .name = "commerce",
    .groups = ORDERS_ONE_GROUP(routes),
    .problem = orders_commerce_problem,
};
