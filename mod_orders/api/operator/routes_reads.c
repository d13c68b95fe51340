/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: routes that only read. */
#include "api/operator/routes.h"

#include "api/operator/operator.h"

static const orders_route_t routes[] = {
    {
        .name = "operator.users.balances",
        .method = ORDERS_GET,
        .path = "/users/:ref/balances",
        READ,
        .handler = orders_operator_list_balances,
    },
    {
        .name = "operator.users.ledger",
        .method = ORDERS_GET,
        .path = "/users/:ref/ledger",
        READ,
        .query = &orders_operator_ledger_query,
        .pages = &orders_operator_pages,
        .handler = orders_operator_list_ledger,
    },
    {
        .name = "operator.carts.list",
        .method = ORDERS_GET,
        .path = "/carts",
        READ,
        .query = &orders_operator_carts_query,
        .pages = &orders_operator_pages,
        .handler = orders_operator_list_carts,
    },
    {
        .name = "operator.carts.read",
        .method = ORDERS_GET,
        .path = "/carts/:cart",
        READ,
        .handler = orders_operator_read_cart,
    },
    {
        .name = "operator.coupons.uses",
        .method = ORDERS_GET,
        .path = "/coupons/:ref/uses",
        READ,
        .query = &orders_operator_coupon_uses_query,
        .pages = &orders_operator_pages,
        .handler = orders_operator_list_coupon_uses,
    },
    {
        .name = "operator.payments.list",
        .method = ORDERS_GET,
        .path = "/payments",
        READ,
        .query = &orders_operator_payments_query,
        .pages = &orders_operator_pages,
        .handler = orders_operator_list_payments,
    },
    {
        .name = "operator.payments.read",
        .method = ORDERS_GET,
        .path = "/payments/:id",
        READ,
        .handler = orders_operator_read_payment,
    },
    {
        .name = "operator.refunds.list",
        .method = ORDERS_GET,
        .path = "/refunds",
        READ,
        .query = &orders_operator_refunds_query,
        .pages = &orders_operator_pages,
        .handler = orders_operator_list_refunds,
    },
    {
        .name = "operator.refunds.read",
        .method = ORDERS_GET,
        .path = "/refunds/:id",
        READ,
        .handler = orders_operator_read_refund,
    },
    {
        .name = "operator.invoices.list",
        .method = ORDERS_GET,
        .path = "/invoices",
        READ,
        .query = &orders_operator_invoices_query,
        .pages = &orders_operator_pages,
        .handler = orders_operator_list_invoices,
    },
    {
        .name = "operator.mails.list",
        .method = ORDERS_GET,
        .path = "/mails",
        READ,
        .query = &orders_operator_mails_query,
        .pages = &orders_operator_pages,
        .handler = orders_operator_list_mails,
    },
    {
        .name = "operator.me",
        .method = ORDERS_GET,
        .path = "/me",
        READ,
        .handler = orders_operator_me,
    },
    {
        .name = "operator.summary",
        .method = ORDERS_GET,
        .path = "/summary",
        READ,
        .handler = orders_operator_summary,
    },
};

const orders_route_group_t orders_operator_reads_routes = ORDERS_ROUTE_GROUP(routes);
