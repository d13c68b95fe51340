/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: routes of returns and refunds. */
#include "api/operator/routes.h"

#include "api/operator/operator.h"

static const orders_route_t routes[] = {
    {
        .name = "operator.orders.return",
        .method = ORDERS_POST,
        .path = "/orders/:id/returns",
        FULFIL,
        DRY_RUN,
        .body = ORDERS_BODY_REQUIRED,
        .headers = ORDERS_HEADER_KEY | ORDERS_HEADER_IF_MATCH,
        .fields = &orders_operator_return_fields,
        .success = {201, 200},
        .handler = orders_operator_request_return,
    },
    {
        .name = "operator.returns.list",
        .method = ORDERS_GET,
        .path = "/returns",
        READ,
        .query = &orders_operator_returns_query,
        .pages = &orders_operator_pages,
        .handler = orders_operator_list_returns,
    },
    {
        .name = "operator.returns.approve",
        .method = ORDERS_POST,
        .path = "/returns/:id/approve",
        FULFIL,
        DRY_RUN,
        .body = ORDERS_BODY_OPTIONAL,
        .headers = ORDERS_HEADER_KEY | ORDERS_HEADER_IF_MATCH,
        .fields = &orders_operator_comment_fields,
        .handler = orders_operator_approve_return,
    },
    {
        .name = "operator.returns.reject",
        .method = ORDERS_POST,
        .path = "/returns/:id/reject",
        FULFIL,
        DRY_RUN,
        .body = ORDERS_BODY_OPTIONAL,
        .headers = ORDERS_HEADER_KEY | ORDERS_HEADER_IF_MATCH,
        .fields = &orders_operator_comment_fields,
        .handler = orders_operator_reject_return,
    },
    {
        .name = "operator.returns.receive",
        .method = ORDERS_POST,
        .path = "/returns/:id/receive",
        FULFIL,
        DRY_RUN,
        .body = ORDERS_BODY_OPTIONAL,
        .headers = ORDERS_HEADER_KEY | ORDERS_HEADER_IF_MATCH,
        .fields = &orders_operator_receive_fields,
        .handler = orders_operator_receive_return,
    },
    {
        .name = "operator.returns.refund",
        .method = ORDERS_POST,
        .path = "/returns/:id/refund",
        MONEY,
        DRY_RUN,
        .body = ORDERS_BODY_OPTIONAL,
        .headers = ORDERS_HEADER_KEY | ORDERS_HEADER_IF_MATCH,
        .fields = &orders_operator_comment_fields,
        .handler = orders_operator_refund_return,
    },
    {
        .name = "operator.refunds.settle",
        .method = ORDERS_POST,
        .path = "/refunds/:id/settle",
        MONEY,
        DRY_RUN,
        .body = ORDERS_BODY_OPTIONAL,
        .headers = ORDERS_HEADER_KEY | ORDERS_HEADER_IF_MATCH,
        .fields = &orders_operator_settle_fields,
        .handler = orders_operator_settle_refund,
    },
};

const orders_route_group_t orders_operator_returns_routes = ORDERS_ROUTE_GROUP(routes);
