/* SPDX-License-Identifier: Apache-2.0 */
/** `provider=http`: any service that implements the signed HTTP protocol of docs/payment-channels.md. */
#ifndef ORDERS_PAYMENTS_HTTP_PROVIDER_H
#define ORDERS_PAYMENTS_HTTP_PROVIDER_H

#include "payments/provider.h"

extern const orders_provider_t orders_http_provider;

#endif
