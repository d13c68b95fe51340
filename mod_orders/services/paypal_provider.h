/* SPDX-License-Identifier: Apache-2.0 */
/**
 * `provider=paypal`: PayPal's Orders API (v2) for payments, its Payments API (v2) for refunds, its webhooks for what
 * happens in between.
 */
#ifndef ORDERS_SERVICES_PAYPAL_PROVIDER_H
#define ORDERS_SERVICES_PAYPAL_PROVIDER_H

#include "services/provider.h"

extern const orders_provider_t orders_paypal_provider;

#endif
