/* SPDX-License-Identifier: Apache-2.0 */
/**
 * `provider=paypal`: PayPal's Orders API (v2) for payments, its Payments API (v2) for refunds, and its events.
 */
#ifndef ORDERS_PAYMENTS_PAYPAL_PROVIDER_H
#define ORDERS_PAYMENTS_PAYPAL_PROVIDER_H

#include "payments/provider.h"

extern const orders_provider_t orders_paypal_provider;

#endif
