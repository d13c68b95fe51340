/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: routes of imports. */
#include "api/operator/routes.h"

#include "api/operator/operator.h"

static const orders_route_t routes[] = {
    {
        .name = "operator.imports.create",
        .method = ORDERS_POST,
        .path = "/imports",
        ADMIN,
        DRY_RUN,
        .body = ORDERS_BODY_REQUIRED,
        .media = ORDERS_MEDIA_NDJSON,
        .headers = ORDERS_HEADER_KEY,
        .raw_body = true,
        .max_body = ORDERS_OPERATOR_MAX_BULK,
        .handler = orders_operator_import,
    },
};

const orders_route_group_t orders_operator_imports_routes = ORDERS_ROUTE_GROUP(routes);
