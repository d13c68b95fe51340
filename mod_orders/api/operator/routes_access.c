/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: routes of tokens and settings. */
#include "api/operator/routes.h"

#include "api/operator/operator.h"

static const orders_route_t routes[] = {
    {
        .name = "operator.tokens.issue",
        .method = ORDERS_POST,
        .path = "/tokens",
        ADMIN,
        NO_DRY_RUN,
        .body = ORDERS_BODY_REQUIRED,
        .headers = ORDERS_HEADER_KEY,
        .fields = &orders_operator_token_fields,
        .success = {201},
        .handler = orders_operator_issue_token,
    },
    {
        .name = "operator.tokens.list",
        .method = ORDERS_GET,
        .path = "/tokens",
        ADMIN,
        .query = &orders_operator_tokens_query,
        .pages = &orders_operator_pages,
        .handler = orders_operator_list_tokens,
    },
    {
        .name = "operator.tokens.revoke",
        .method = ORDERS_DELETE,
        .path = "/tokens/:id",
        ADMIN,
        NO_DRY_RUN,
        .headers = ORDERS_HEADER_KEY,
        .handler = orders_operator_revoke_token,
    },
    {
        .name = "operator.settings.read",
        .method = ORDERS_GET,
        .path = "/settings",
        READ,
        .headers = ORDERS_HEADER_IF_NONE_MATCH,
        .handler = orders_operator_read_settings,
    },
    {
        .name = "operator.settings.change",
        .method = ORDERS_PATCH,
        .path = "/settings",
        ADMIN,
        DRY_RUN,
        .body = ORDERS_BODY_REQUIRED,
        .media = ORDERS_MEDIA_JSON | ORDERS_MEDIA_MERGE_PATCH,
        .headers = ORDERS_HEADER_KEY | ORDERS_HEADER_IF_MATCH,
        .fields = &orders_operator_settings_fields,
        .handler = orders_operator_change_settings,
    },
};

const orders_route_group_t orders_operator_access_routes = ORDERS_ROUTE_GROUP(routes);
