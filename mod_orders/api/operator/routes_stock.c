/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: routes of the stock. */
#include "api/operator/routes.h"

#include "api/operator/operator.h"

static const orders_route_t routes[] = {
    {
        .name = "operator.stock.list",
        .method = ORDERS_GET,
        .path = "/stock",
        READ,
        .query = &orders_operator_stock_query,
        .pages = &orders_operator_pages,
        .handler = orders_operator_list_stock,
    },
    {
        .name = "operator.stock.read",
        .method = ORDERS_GET,
        .path = "/stock/:variant",
        READ,
        .headers = ORDERS_HEADER_IF_NONE_MATCH,
        .handler = orders_operator_read_stock,
    },
    {
        .name = "operator.stock.count",
        .method = ORDERS_PUT,
        .path = "/stock/:variant",
        CATALOGUE,
        DRY_RUN,
        .body = ORDERS_BODY_REQUIRED,
        .headers = ORDERS_HEADER_KEY | ORDERS_HEADER_IF_MATCH,
        .fields = &orders_operator_count_fields,
        .refuses = ORDERS_REFUSES(NOT_FOUND) | ORDERS_REFUSES(CONFLICT),
        .handler = orders_operator_count_stock,
    },
    {
        .name = "operator.stock.adjust",
        .method = ORDERS_POST,
        .path = "/stock/:variant/adjust",
        CATALOGUE,
        DRY_RUN,
        .body = ORDERS_BODY_REQUIRED,
        .headers = ORDERS_HEADER_KEY | ORDERS_HEADER_IF_MATCH,
        .fields = &orders_operator_adjust_fields,
        .refuses = ORDERS_REFUSES(NOT_FOUND) | ORDERS_REFUSES(CONFLICT),
        .handler = orders_operator_adjust_stock,
    },
    {
        .name = "operator.stock.movements",
        .method = ORDERS_GET,
        .path = "/stock/:variant/movements",
        READ,
        .query = &orders_operator_movements_query,
        .pages = &orders_operator_pages,
        .handler = orders_operator_list_movements,
    },
};

const orders_route_group_t orders_operator_stock_routes = ORDERS_ROUTE_GROUP(routes);
