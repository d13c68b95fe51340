/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: routes of exports. */
#include "api/operator/operator.h"
#include "api/operator/routes.h"

static const orders_route_t routes[] = {
    {
        .name = "operator.exports.create",
        .method = ORDERS_POST,
        .path = "/exports",
        ADMIN,
        NO_DRY_RUN,
        .body = ORDERS_BODY_REQUIRED,
        .media = ORDERS_MEDIA_JSON,
        .headers = ORDERS_HEADER_KEY,
        .fields = &orders_operator_export_fields,
        .success = {201},
        .refuses = ORDERS_REFUSES(CONFLICT),
        .handler = orders_operator_create_export,
    },
    {
        .name = "operator.exports.list",
        .method = ORDERS_GET,
        .path = "/exports",
        READ,
        .query = &orders_operator_exports_query,
        .pages = &orders_operator_pages,
        .handler = orders_operator_list_exports,
    },
    {
        .name = "operator.exports.read",
        .method = ORDERS_GET,
        .path = "/exports/:id",
        READ,
        .handler = orders_operator_read_export,
    },
    {
        .name = "operator.exports.delete",
        .method = ORDERS_DELETE,
        .path = "/exports/:id",
        ADMIN,
        DRY_RUN,
        .headers = ORDERS_HEADER_KEY,
        .handler = orders_operator_delete_export,
    },
    {
        .name = "operator.exports.file",
        .method = ORDERS_GET,
        .path = "/exports/:id/file",
        ADMIN,
        .headers = ORDERS_HEADER_IF_NONE_MATCH,
        .success = {200, 206},
        .refuses = ORDERS_REFUSES(CONFLICT) | ORDERS_REFUSES(GONE),
        .handler = orders_operator_read_export_file,
    },
};

const orders_route_group_t orders_operator_exports_routes = ORDERS_ROUTE_GROUP(routes);
