/* SPDX-License-Identifier: Apache-2.0 */
/** The APIs that a Location can serve. A new API is declared here and added to the table in registry.c. */
#ifndef ORDERS_API_REGISTRY_H
#define ORDERS_API_REGISTRY_H

#include "core/call.h"

extern const orders_api_t orders_user_api;
extern const orders_api_t orders_company_api;
extern const orders_api_t orders_shop_api;
extern const orders_api_t orders_customer_api;
extern const orders_api_t orders_commerce_api;
extern const orders_api_t orders_operator_api;
extern const orders_api_t orders_provider_events_api;

/** All APIs, ended by NULL. */
extern const orders_api_t *const orders_apis[];

/** The API of `OrdersAPI name`. The case of letters is ignored. NULL: no API has this name. */
const orders_api_t *orders_api_find(const char *name);

/** The names of all APIs, separated by ", ", for an error message. */
const char *orders_api_names(apr_pool_t *pool);

#endif
