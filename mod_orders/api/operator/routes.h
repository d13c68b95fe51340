/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The groups of the operator API's routes. Each group is one file, routes_<group>.c.
 */
#ifndef ORDERS_API_OPERATOR_ROUTES_H
#define ORDERS_API_OPERATOR_ROUTES_H

#include "core/call.h"

/* Bodies of NDJSON and CSV: 10,000 lines of some 400 bytes. */
#define ORDERS_OPERATOR_MAX_BULK (4 * 1024 * 1024)

/* The scope that a route needs (docs/permissions.md): to read, to work orders, to move money, to maintain the catalogue, to administer. */
#define READ .scope = ORDERS_SCOPE_OPERATOR_READ
#define FULFIL .scope = ORDERS_SCOPE_OPERATOR_FULFIL
#define MONEY .scope = ORDERS_SCOPE_OPERATOR_MONEY
#define CATALOGUE .scope = ORDERS_SCOPE_OPERATOR_CATALOGUE
#define ADMIN .scope = ORDERS_SCOPE_OPERATOR_ADMIN

/* Whether a write can run dry (core/dry_run.h). Each row of a write has one of them. */
#define DRY_RUN .dry_run = ORDERS_DRY_RUN_YES
#define NO_DRY_RUN .dry_run = ORDERS_DRY_RUN_NO

extern const orders_route_group_t orders_operator_orders_routes;
extern const orders_route_group_t orders_operator_returns_routes;
extern const orders_route_group_t orders_operator_catalogue_routes;
extern const orders_route_group_t orders_operator_stock_routes;
extern const orders_route_group_t orders_operator_money_routes;
extern const orders_route_group_t orders_operator_webhooks_routes;
extern const orders_route_group_t orders_operator_access_routes;
extern const orders_route_group_t orders_operator_exports_routes;
extern const orders_route_group_t orders_operator_reads_routes;
extern const orders_route_group_t orders_operator_imports_routes;
extern const orders_route_group_t orders_operator_reports_routes;

#endif
