/* SPDX-License-Identifier: Apache-2.0 */
/* The operator API: pages and groups of routes. */
#include "api/operator/routes.h"

#include "api/operator/operator.h"
#include "api/registry.h"
#include "core/problem_json.h"

const orders_page_rules_t orders_operator_pages = {
    .page = NULL,
    .size = "limit",
    .default_size = 50,
    .max_size = 500,
    .cursor = true,
};

const char *const orders_operator_page_names[] = {"limit", "cursor", NULL};

/* clang-format off */
static const orders_route_group_t *const groups[] = {
    &orders_operator_orders_routes,
    &orders_operator_returns_routes,
    &orders_operator_catalogue_routes,
    &orders_operator_money_routes,
    &orders_operator_webhooks_routes,
    &orders_operator_access_routes,
    &orders_operator_exports_routes,
    &orders_operator_stock_routes,
    &orders_operator_reads_routes,
    &orders_operator_imports_routes,
    &orders_operator_reports_routes,
    NULL,
};
/* clang-format on */

const orders_api_t orders_operator_api = {
    .name = "operator",
    .has = ORDERS_HAS_EVENTS,
    .needs_secret = "issues tokens and secrets of webhooks",
    .groups = groups,
    .problem = orders_problem_reply,
};
