/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: routes of the catalogue. */
#include "api/operator/routes.h"

#include "api/operator/operator.h"

static const orders_route_t routes[] = {
    {
        .name = "operator.catalogue.upsert",
        .method = ORDERS_PUT,
        .path = "/catalogue/:kind/:ref",
        CATALOGUE,
        DRY_RUN,
        .body = ORDERS_BODY_REQUIRED,
        .media = ORDERS_MEDIA_JSON,
        .headers = ORDERS_HEADER_KEY | ORDERS_HEADER_IF_MATCH | ORDERS_HEADER_IF_NONE_MATCH,
        .success = {201, 200},
        .handler = orders_operator_upsert,
    },
    {
        .name = "operator.catalogue.patch",
        .method = ORDERS_PATCH,
        .path = "/catalogue/:kind/:ref",
        CATALOGUE,
        DRY_RUN,
        .body = ORDERS_BODY_REQUIRED,
        .media = ORDERS_MEDIA_JSON | ORDERS_MEDIA_MERGE_PATCH,
        .headers = ORDERS_HEADER_KEY | ORDERS_HEADER_IF_MATCH,
        .handler = orders_operator_patch_entry,
    },
    {
        .name = "operator.catalogue.read",
        .method = ORDERS_GET,
        .path = "/catalogue/:kind/:ref",
        READ,
        .headers = ORDERS_HEADER_IF_NONE_MATCH,
        .handler = orders_operator_read_entry,
    },
    {
        .name = "operator.catalogue.list",
        .method = ORDERS_GET,
        .path = "/catalogue/:kind",
        READ,
        .query = &orders_operator_entries_query,
        .pages = &orders_operator_pages,
        .handler = orders_operator_list_entries,
    },
    {
        .name = "operator.catalogue.bulk",
        .method = ORDERS_POST,
        .path = "/catalogue",
        CATALOGUE,
        DRY_RUN,
        .body = ORDERS_BODY_REQUIRED,
        .media = ORDERS_MEDIA_NDJSON,
        .headers = ORDERS_HEADER_KEY,
        .raw_body = true,
        .max_body = ORDERS_OPERATOR_MAX_BULK,
        .handler = orders_operator_bulk,
    },
};

const orders_route_group_t orders_operator_catalogue_routes = ORDERS_ROUTE_GROUP(routes);
