/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: routes of reports. */
#include "api/operator/routes.h"

#include "api/operator/operator.h"

static const orders_route_t routes[] = {
    {
        .name = "operator.reports.sales",
        .method = ORDERS_GET,
        .path = "/reports/sales",
        READ,
        .query = &orders_operator_sales_query,
        .handler = orders_operator_report_sales,
    },
    {
        .name = "operator.reports.tax",
        .method = ORDERS_GET,
        .path = "/reports/tax",
        READ,
        .query = &orders_operator_tax_query,
        .handler = orders_operator_report_tax,
    },
    {
        .name = "operator.reports.receivables",
        .method = ORDERS_GET,
        .path = "/reports/receivables",
        READ,
        .query = &orders_operator_receivables_query,
        .handler = orders_operator_report_receivables,
    },
    {
        .name = "operator.reports.low_stock",
        .method = ORDERS_GET,
        .path = "/reports/low-stock",
        READ,
        .query = &orders_operator_low_stock_query,
        .handler = orders_operator_report_low_stock,
    },
};

const orders_route_group_t orders_operator_reports_routes = ORDERS_ROUTE_GROUP(routes);
