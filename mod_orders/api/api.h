/* SPDX-License-Identifier: Apache-2.0 */
/** The dialects there are. */
#ifndef ORDERS_API_API_H
#define ORDERS_API_API_H

#include "core/call.h"

extern const orders_api_t orders_user_api;
extern const orders_api_t orders_company_api;
extern const orders_api_t orders_shop_api;
extern const orders_api_t orders_customer_api;
extern const orders_api_t orders_commerce_api;
extern const orders_api_t orders_operator_api;

#endif
